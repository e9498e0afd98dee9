"""The whole way, from a file to a file: what the program promises is tested here, on small films."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.frames import DONOR, support
from restore.probe import probe
from restore.proof import prove
from restore.restoration import Wish, carry_out, prepare
from restore.store import Store

from .media_made import flip_bit, make_video
from .runs import FRAMES, SIZE, planes_of, restore_it, scene

FORMATS = [
    "gray", "gray12le", "gray16le", "yuv420p", "yuv411p", "yuv422p10le", "yuv444p12le", "yuv420p16le", "gbrp10le",
    "gbrp16le", "yuva420p",
]


@pytest.mark.parametrize("pixel_format", FORMATS)
def test_outside_the_mask_every_sample_is_the_sources_own(pixel_format: str, tmp_path: Path, masks: Path) -> None:
    source = make_video(tmp_path / "in.mkv", scene(pixel_format, 8), pixel_format)
    few = tmp_path / "few"
    few.mkdir()
    for t in range(8):
        shutil.copy(masks / f"{t:06d}.png", few)
    restore_it(Wish(str(source), str(tmp_path / "out.mkv"), masks=str(few)))
    pixels = probe(source).pixels
    before, after, clean = planes_of(source), planes_of(tmp_path / "out.mkv"), scene(pixel_format, 8, damaged=False)
    for t, (old, new) in enumerate(zip(before, after, strict=True)):
        mask = cv2.imread(str(few / f"{t:06d}.png"), cv2.IMREAD_GRAYSCALE) > 0
        for p, (a, b) in enumerate(zip(old, new, strict=True)):
            inside = support(mask, pixels, p) if p < pixels.colour_planes else np.zeros(a.shape, bool)
            assert a.dtype == b.dtype
            assert np.array_equal(a[~inside], b[~inside])
            if inside.any():
                lost, left = (np.abs(x[inside].astype(float) - clean[t][p][inside]).mean() for x in (a, b))
                assert left < 0.35 * lost, "the loss was filled with something like what was there"


def test_same_bytes_for_any_spans_threads_workers(reel: Path, tmp_path: Path) -> None:
    outputs = {}
    for name, span_frames, workers in (("a", 12, 0), ("b", 3, 0), ("c", 7, 0), ("d", 5, 2)):
        out = tmp_path / f"{name}.mkv"
        restore_it(Wish(str(reel), str(out), workers=workers), span_frames)
        outputs[name] = out.read_bytes()
        store = Store.open(tmp_path / f"{name}.mkv.lacuna")
        patches = [store.patch("blend", t) for t in range(FRAMES)]
        assert any(p.where.size for p in patches), "there was something to do"
    assert len(set(outputs.values())) == 1


def test_each_frame_is_decoded_once(reel: Path, tmp_path: Path) -> None:
    prepared = prepare(Wish(str(reel), str(tmp_path / "out.mkv")))
    outcome = carry_out(prepared)
    assert outcome.decoded_frames <= 1.25 * FRAMES


def test_a_damaged_frame_is_named_counted_and_left_as_it_is(reel: Path, tmp_path: Path, masks: Path) -> None:
    broken = flip_bit(Path(shutil.copy(reel, tmp_path / "broken.mkv")), 7)
    out = tmp_path / "out.mkv"
    restore_it(Wish(str(broken), str(out), masks=str(masks)))
    store = Store.open(tmp_path / "out.mkv.lacuna")
    faults = {t: f for s in store.ledger.stamps(("detect",)) for t, f in s.facts["faults"].items()}
    assert list(faults) == ["7"]
    assert not store.patch("fill", 7).where.size
    report = json.loads((tmp_path / "out.mkv.lacuna" / "report.json").read_text())
    assert "7" in json.dumps(report)
    with pytest.raises(AssertionError):
        restore_it(Wish(str(broken), str(tmp_path / "o2.mkv"), masks=str(masks), settings=("policy.strict=true",)))


def test_an_excerpt_holds_just_those_frames(reel: Path, tmp_path: Path) -> None:
    restore_it(Wish(str(reel), str(tmp_path / "whole.mkv")))
    restore_it(Wish(str(reel), str(tmp_path / "part.mkv"), frames=(5, 14)), 4)
    whole, part = planes_of(tmp_path / "whole.mkv"), planes_of(tmp_path / "part.mkv")
    assert len(part) == 9
    for a, b in zip(whole[5:14], part, strict=True):
        assert all(np.array_equal(x, y) for x, y in zip(a, b, strict=True))


def test_nothing_is_invented_where_the_policy_forbids_it(reel: Path, tmp_path: Path) -> None:
    mask = np.zeros(SIZE, np.uint8)
    mask[20:60, 20:80] = 255  # stays where it is while the scene pans: its edge can be copied, its middle cannot
    cv2.imwrite(str(tmp_path / "mask.png"), mask)
    wanted, origins = mask > 0, {}
    for policy in ("true", "false"):
        out = tmp_path / f"{policy}.mkv"
        restore_it(Wish(str(reel), str(out), masks=str(tmp_path / "mask.png"), settings=(f"policy.invent={policy}",)))
        patch = Store.open(Path(f"{out}.lacuna")).patch("fill", 10)
        origins[policy] = set(patch.origin.tolist())
        filled = np.zeros(SIZE, bool)
        filled.ravel()[patch.where] = True
        before, after = (planes_of(p)[10][0] for p in (reel, out))
        assert np.array_equal(before[~filled], after[~filled])
        assert (filled == wanted).all() if policy == "true" else 0 < filled.sum() < wanted.sum()
        assert prove(str(reel), str(out), Path(f"{out}.lacuna")).holds
    assert origins["false"] == {DONOR}
    assert origins["true"] > {DONOR}


def test_the_source_is_never_opened_for_writing(reel: Path, tmp_path: Path) -> None:
    read_only = Path(shutil.copy(reel, tmp_path / "ro.mkv"))
    before = (read_only.read_bytes(), read_only.stat().st_mtime_ns)
    os.chmod(read_only, 0o444)
    restore_it(Wish(str(read_only), str(tmp_path / "out.mkv")))
    assert (read_only.read_bytes(), read_only.stat().st_mtime_ns) == before
