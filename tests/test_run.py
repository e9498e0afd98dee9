"""The whole way, from a file to a file: what the program promises is tested here, on small films."""

from __future__ import annotations

import functools
import json
import os
import shutil
import signal
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from restore import restoration, steps
from restore.decode import open_decoder
from restore.errors import OutputError, RestoreError, SourceError, StoreError
from restore.frames import DONOR, support
from restore.masks import export_masks, import_masks
from restore.probe import probe
from restore.proof import prove
from restore.restoration import Wish, carry_out, prepare
from restore.steps import Result
from restore.store import Store

from .media_made import Planes, flip_bit, layout, make_video

ROOT = Path(__file__).parents[1]
SIZE = (72, 96)
FRAMES = 20


def scene(pixel_format: str, frames: int = FRAMES, damaged: bool = True) -> list[Planes]:
    """A panning texture; every third frame has a blotch, and a scratch stays on screen."""
    rng = np.random.default_rng(5)
    canvas = cv2.GaussianBlur(rng.random((SIZE[0] + 8, SIZE[1] + 2 * frames + 8)).astype(np.float32), (0, 0), 1.6)
    canvas = np.clip((canvas - canvas.mean()) * 4 + 0.5, 0.05, 0.95)
    out = []
    for t in range(frames):
        full = canvas[4 : 4 + SIZE[0], 2 * t : 2 * t + SIZE[1]].copy()
        if damaged and t % 3 == 1:
            full[20 + t : 27 + t, 30:38] = 0.02
        planes = []
        for h, w, dtype, peak in layout(pixel_format, SIZE):
            planes.append((cv2.resize(full, (w, h), interpolation=cv2.INTER_AREA) * peak).astype(dtype))
        out.append(tuple(planes))
    return out


def true_masks(folder: Path, frames: int = FRAMES) -> Path:
    folder.mkdir()
    for t in range(frames):
        mask = np.zeros(SIZE, np.uint8)
        if t % 3 == 1:
            mask[19 + t : 28 + t, 29:39] = 255
        cv2.imwrite(str(folder / f"{t:06d}.png"), mask)
    return folder


@pytest.fixture(scope="module")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_video(tmp_path_factory.mktemp("reel") / "reel.mkv", scene("yuv422p10le"), "yuv422p10le", rate=24, gop=1)


@pytest.fixture(scope="module")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return true_masks(tmp_path_factory.mktemp("masks") / "m")


def restore_it(wish: Wish, span_frames: int | None = None) -> Counter[str]:
    """Run a wish to its end; return how many steps of each stage were done, not counting those reused."""
    prepared = prepare(wish)
    if span_frames and not prepared.project.exists():
        Store.create(prepared.project, prepared.source, span_frames)
        prepared = prepare(wish)
    done: Counter[str] = Counter()

    def count(result: Result) -> None:
        if not result.reused:
            done[result.stage] += 1

    assert carry_out(prepared, count).ok
    return done


def planes_of(path: Path) -> list[Planes]:
    decoder = open_decoder(probe(path))
    try:
        return [decoder.read(t)[-1].planes for t in range(decoder.source.frames)]
    finally:
        decoder.close()


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


def test_a_second_run_does_nothing_and_says_so(reel: Path, tmp_path: Path) -> None:
    wish = Wish(str(reel), str(tmp_path / "out.mkv"))
    restore_it(wish)
    written = (tmp_path / "out.mkv").stat().st_mtime_ns
    assert sum(restore_it(wish).values()) == 0
    assert (tmp_path / "out.mkv").stat().st_mtime_ns == written


def command(reel: Path, out: Path, *more: str) -> list[str]:
    return [sys.executable, "-m", "cli", "run", str(reel), "-o", str(out), "--json", *more]


def killed_after(count: int, command: list[str], how: signal.Signals) -> tuple[set[str], int]:
    """Start a run, stop it after some steps; return the steps it had finished and its exit status."""
    pipe = subprocess.PIPE
    # What a shell runs in the background has Ctrl-C switched off, and its children inherit that.
    ready = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, preexec_fn=ready) as process:
        assert process.stdout
        seen: set[str] = set()
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "step":
                seen.add(event["step"])
            if len(seen) >= count:
                process.send_signal(how)
                break
        process.communicate(timeout=60)
    return seen, process.returncode


@pytest.mark.parametrize("count", [1, 6, 14])
def test_kill_it_anywhere_and_it_goes_on(count: int, reel: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.mkv", tmp_path / "out.mkv"
    restore_it(Wish(str(reel), str(whole)), 4)
    Store.create(tmp_path / "out.mkv.lacuna", probe(reel), 4)
    finished, _ = killed_after(count, command(reel, out), signal.SIGKILL)
    assert not out.exists()
    again = subprocess.run(command(reel, out), cwd=ROOT, capture_output=True, text=True, check=True)
    repeated = {e["step"] for e in map(json.loads, again.stdout.splitlines())
                if e["event"] == "step" and not e["reused"]}
    assert not finished & repeated
    assert out.read_bytes() == whole.read_bytes()


def test_ctrl_c_keeps_what_is_finished(reel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    Store.create(tmp_path / "out.mkv.lacuna", probe(reel), 2)
    _, status = killed_after(3, command(reel, out), signal.SIGINT)
    assert status == 130
    assert not out.exists()
    assert not list(tmp_path.glob(".*")), "no half-written file is left behind"
    assert restore_it(Wish(str(reel), str(out)))["join"] == 1


def test_an_edit_redoes_the_spans_that_see_it_and_no_other(reel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    wish = Wish(str(reel), str(out), overwrite=True)
    restore_it(wish, 2)
    project = tmp_path / "out.mkv.lacuna"
    painted = tmp_path / "painted"
    painted.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[50:54, 60:64] = 255
    cv2.imwrite(str(painted / "000009.png"), mask)
    import_masks(Store.open(project), painted)
    prepared = prepare(wish)
    reach = sum(p.reach_frames for p in prepared.recipe.ladder)
    seeing = [s for s in prepared.source.span.split(2) if 9 in s.widen(reach, prepared.source.span)]
    done = restore_it(wish)
    assert done["detect"] == 0
    assert done["fill"] == len(seeing)
    assert done["encode"] <= len(seeing)
    assert done["join"] == 1
    assert np.array_equal(Store.open(project).patch("blend", 9).where, np.flatnonzero(mask))


def test_a_parameter_that_changes_no_mask_stops_there(reel: Path, tmp_path: Path) -> None:
    restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), settings=("policy.strict=false",)))
    done = restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), settings=("policy.strict=true",)))
    assert set(done) == {"detect"}


FAILING = '''
"""A window in, trouble out."""
import pathlib
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from restore.detect import Detection

@dataclass(frozen=True)
class Failing:
    """Fails on frame 9 while its trigger file exists."""
    version: ClassVar[int] = 1
    trigger: str = ""
    reach_frames: int = 0

    def detect(self, window, t):
        if t == 9 and pathlib.Path(self.trigger).exists():
            raise ValueError("frame 9 is cursed")
        mask = np.zeros(window.size, bool)
        mask[10:14, 10:14] = True
        return Detection(mask)
'''


def failing_recipe(tmp_path: Path) -> tuple[Path, Path]:
    part, trigger, recipe = tmp_path / "failing.py", tmp_path / "trigger", tmp_path / "mine.toml"
    part.write_text(FAILING)
    trigger.touch()
    recipe.write_text(
        f'name = "mine"\n[[detect]]\npart = "{part}"\ntrigger = "{trigger}"\n[[fill]]\npart = "harmonic"\n'
    )
    return recipe, trigger


def test_a_step_that_fails_stops_no_other_and_is_tried_again(reel: Path, tmp_path: Path) -> None:
    recipe, trigger = failing_recipe(tmp_path)
    wish = Wish(str(reel), str(tmp_path / "out.mkv"), workflow=str(recipe))
    Store.create(tmp_path / "out.mkv.lacuna", probe(reel), 4)
    outcome = carry_out(prepare(wish))
    assert not outcome.ok
    assert {f"{r.stage}-{r.span}" for r in outcome.failed} == {
        "detect-000008-000012", "fill-000008-000012", "encode-000008-000012", "join-000000-000020"
    }
    assert "cursed" in outcome.failed[0].failed
    assert not (tmp_path / "out.mkv").exists()
    trigger.unlink()
    assert restore_it(wish) == Counter(detect=1, fill=1, encode=1, join=1)


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


def test_the_proof_is_of_what_was_filled_not_of_what_is_masked_by_now(
    reel: Path, masks: Path, tmp_path: Path
) -> None:
    out, project = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna"
    restore_it(Wish(str(reel), str(out), masks=str(masks)))
    everything = tmp_path / "everything"
    everything.mkdir()
    cv2.imwrite(str(everything / "000011.png"), np.full(SIZE, 255, np.uint8))
    import_masks(Store.open(project), everything)
    planes = [tuple(p.copy() for p in planes) for planes in planes_of(out)]
    planes[11][0][3, 4] ^= 1
    forged = make_video(tmp_path / "forged.mkv", planes, "yuv422p10le", rate=24)
    assert not prove(str(reel), str(forged), project).holds


def test_masks_come_out_and_go_in_as_they_are(reel: Path, masks: Path, tmp_path: Path) -> None:
    restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), masks=str(masks), until="detect"))
    session = restoration.open_session(tmp_path / "out.mkv.lacuna")
    export_masks(session, tmp_path / "exported")
    names = sorted(p.name for p in (tmp_path / "exported").iterdir())
    assert names == [f"{t:06d}.png" for t in range(FRAMES)]
    for t in range(FRAMES):
        a, b = (cv2.imread(str(f / f"{t:06d}.png"), cv2.IMREAD_UNCHANGED) for f in (masks, tmp_path / "exported"))
        assert np.array_equal(a, b)


def test_verify_proves_it_and_catches_one_changed_sample(reel: Path, masks: Path, tmp_path: Path) -> None:
    out, project = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna"
    restore_it(Wish(str(reel), str(out), masks=str(masks)))
    assert prove(str(reel), str(out), project).holds
    planes = [tuple(p.copy() for p in planes) for planes in planes_of(out)]
    planes[11][2][3, 4] ^= 1
    forged = make_video(tmp_path / "forged.mkv", planes, "yuv422p10le", rate=24)
    proof = prove(str(reel), str(forged), project)
    assert not proof.holds
    assert "11" in str(proof)


@pytest.mark.parametrize("case", ["same file", "exists", "no folder", "suffix", "frames", "not a film"])
def test_what_cannot_be_done_is_refused_before_any_work(case: str, reel: Path, tmp_path: Path) -> None:
    good = Wish(str(reel), str(tmp_path / "out.mkv"))
    (tmp_path / "there.mkv").touch()
    (tmp_path / "text.mkv").write_text("not a film")
    wish = {
        "same file": replace(good, output=str(reel), overwrite=True),
        "exists": replace(good, output=str(tmp_path / "there.mkv")),
        "no folder": replace(good, output=str(tmp_path / "no" / "out.mkv")),
        "suffix": replace(good, output=str(tmp_path / "out.avi")),
        "frames": replace(good, frames=(5, 99)),
        "not a film": replace(good, source=str(tmp_path / "text.mkv")),
    }[case]
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(RestoreError):
        prepare(wish)
    assert sorted(tmp_path.rglob("*")) == before


def test_another_films_project_is_not_taken(reel: Path, tmp_path: Path) -> None:
    restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), until="detect"))
    other = make_video(tmp_path / "other.mkv", scene("yuv422p10le", 12), "yuv422p10le")
    with pytest.raises(StoreError, match="another file"):
        carry_out(prepare(Wish(str(other), str(tmp_path / "out.mkv"))))


def test_a_second_run_on_a_busy_project_is_refused(reel: Path, tmp_path: Path) -> None:
    prepared = prepare(Wish(str(reel), str(tmp_path / "out.mkv")))
    store = Store.create(prepared.project, prepared.source, 12)
    with store.locked(), pytest.raises(StoreError, match="in use"):
        carry_out(prepared)
    assert carry_out(prepared).ok


def test_a_full_disk_is_said_plainly_and_loses_nothing(reel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    limit = ["bash", "-c", f"ulimit -f 40; exec {' '.join(command(reel, out))}"]
    done = subprocess.run(limit, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not out.exists()
    assert not list(tmp_path.rglob("*.part"))
    assert restore_it(Wish(str(reel), str(out)))["join"] == 1


def test_a_picture_sequence_comes_back_as_one(tmp_path: Path, masks: Path) -> None:
    folder = tmp_path / "scan"
    folder.mkdir()
    for t, planes in enumerate(scene("gray16le", 5)):
        cv2.imwrite(str(folder / f"reel_{t + 100:05d}.png"), planes[0])
    few = true_masks(tmp_path / "few", 5)
    restore_it(Wish(str(folder), str(tmp_path / "clean"), masks=str(few), rate=Fraction(18)))
    names = sorted(p.name for p in (tmp_path / "clean").iterdir())
    assert names == [f"reel_{t + 100:05d}.png" for t in range(5)]
    assert (tmp_path / "clean/reel_00100.png").read_bytes() == (folder / "reel_00100.png").read_bytes()
    assert prove(str(folder), str(tmp_path / "clean"), tmp_path / "clean.lacuna").holds


def test_one_picture_in_one_picture_out(tmp_path: Path) -> None:
    rgb = np.stack(scene("gray16le", 1, damaged=False)[0] * 3, -1)
    cv2.imwrite(str(tmp_path / "photo.tif"), rgb)
    few = tmp_path / "m"
    few.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[30:40, 50] = 255
    cv2.imwrite(str(few / "0.png"), mask)
    restore_it(Wish(str(tmp_path / "photo.tif"), str(tmp_path / "clean.tif"), workflow="stills", masks=str(few)))
    after = cv2.imread(str(tmp_path / "clean.tif"), cv2.IMREAD_UNCHANGED)
    assert after.dtype == np.uint16
    assert np.array_equal(after[mask == 0], rgb[mask == 0])
    assert not np.array_equal(after, rgb)


def test_interlaced_material_is_recognised_and_refused(tmp_path: Path) -> None:
    source = make_video(tmp_path / "i.mkv", scene("yuv422p10le", 4), "yuv422p10le", "ffv1",
                        options={"field_order": "tt"})
    if probe(source).field_order == "progressive":
        with av.open(str(source)) as container:
            pytest.skip(f"FFmpeg wrote no field order: {container.streams.video[0].codec_context.name}")
    with pytest.raises(SourceError, match="field"):
        prepare(Wish(str(source), str(tmp_path / "out.mkv")))


def test_the_source_is_never_opened_for_writing(reel: Path, tmp_path: Path) -> None:
    read_only = Path(shutil.copy(reel, tmp_path / "ro.mkv"))
    before = (read_only.read_bytes(), read_only.stat().st_mtime_ns)
    os.chmod(read_only, 0o444)
    restore_it(Wish(str(read_only), str(tmp_path / "out.mkv")))
    assert (read_only.read_bytes(), read_only.stat().st_mtime_ns) == before


def test_an_output_that_would_change_needs_permission(reel: Path, masks: Path, tmp_path: Path) -> None:
    wish = Wish(str(reel), str(tmp_path / "out.mkv"))
    restore_it(wish)
    written = (tmp_path / "out.mkv").read_bytes()
    with pytest.raises(OutputError, match="--overwrite"):
        carry_out(prepare(replace(wish, masks=str(masks))))
    assert (tmp_path / "out.mkv").read_bytes() == written


@pytest.mark.parametrize("suffix", [".mkv", ".mov", ".mp4"])
def test_after_an_edit_the_untouched_segments_are_copied_not_encoded(
    suffix: str, reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / f"out{suffix}"
    wish = Wish(str(reel), str(out), workflow="masks", overwrite=True, settings=("h264.grid_frames=4",))
    restore_it(wish, 4)
    painted = tmp_path / "painted"
    painted.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[50:54, 60:64] = 255
    cv2.imwrite(str(painted / "000001.png"), mask)
    import_masks(Store.open(Path(f"{out}.lacuna")), painted)
    encoded: list[int] = []
    real = steps._encode
    monkeypatch.setattr(steps, "_encode", lambda s, span, seen: encoded.append(span.start) or real(s, span, seen))
    restore_it(wish)
    assert encoded == [0], "frame 1 is in the first segment, and no other had to be encoded"
    fresh = tmp_path / f"fresh{suffix}"
    few = tmp_path / "masks"
    shutil.copytree(painted, few)
    for t in range(FRAMES):
        if t != 1:
            cv2.imwrite(str(few / f"{t:06d}.png"), np.zeros(SIZE, np.uint8))
    restore_it(replace(wish, output=str(fresh), masks=str(few)), 4)
    assert out.read_bytes() == fresh.read_bytes()


def test_a_cluster_that_is_there_already_does_the_same_work(reel: Path, tmp_path: Path) -> None:
    from distributed import LocalCluster

    here, there = tmp_path / "here.mkv", tmp_path / "there.mkv"
    restore_it(Wish(str(reel), str(here)), 5)
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://", host="127.0.0.1",
        dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster:
        restore_it(Wish(str(reel), str(there), scheduler=cluster.scheduler_address), 4)
    assert here.read_bytes() == there.read_bytes()


def test_a_cluster_that_does_not_answer_is_named(
    reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restore.run.ANSWER_WITHIN", "1s")
    with pytest.raises(RestoreError, match=r"tcp://127\.0\.0\.1:9"):
        carry_out(prepare(Wish(str(reel), str(tmp_path / "out.mkv"), scheduler="tcp://127.0.0.1:9")))
