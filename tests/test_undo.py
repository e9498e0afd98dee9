"""Undo: the source's samples come back bit for bit, from the output and the project alone."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restore.compose import compose
from restore.errors import OutputError, StoreError
from restore.fixity import md5_of
from restore.frames import Picture, pack, under, unpack
from restore.masks import import_masks
from restore.proof import prove
from restore.restoration import Wish
from restore.span import Span
from restore.store import ORIGINAL, Store
from restore.undo import undo

from . import test_store as layouts
from .media_made import Planes, make_video
from .runs import FRAMES, SIZE, planes_of, restore_it, scene, true_masks


def same(a: list[Planes], b: list[Planes]) -> bool:
    return len(a) == len(b) and all(
        all(np.array_equal(x, y) for x, y in zip(p, q, strict=True)) for p, q in zip(a, b, strict=True)
    )


def gone(*sources: Path) -> None:
    """Take the source away, as the years do."""
    for source in sources:
        shutil.rmtree(source) if source.is_dir() else source.unlink()


@pytest.mark.parametrize("pixel_format", ["yuv420p", "yuv422p10le", "gbrp16le", "yuva420p"])
def test_a_film_comes_back_without_its_source(pixel_format: str, tmp_path: Path) -> None:
    reel = make_video(tmp_path / "in.mkv", scene(pixel_format, 8), pixel_format, rate=24, audio=True)
    out, back = tmp_path / "out.mkv", tmp_path / "back.mkv"
    restore_it(Wish(str(reel), str(out), masks=str(true_masks(tmp_path / "m", 8))))
    before = planes_of(reel)
    gone(reel, tmp_path / "m")
    undone = undo(str(out), tmp_path / "out.mkv.lacuna", str(back))
    assert not same(planes_of(out), before)
    assert same(planes_of(back), before)
    assert (undone.frames, undone.frames_put_back) == (8, 3)
    assert undone.samples_put_back > 0


def pictures(folder: Path, kind: str, dtype: type) -> Path:
    folder.mkdir()
    peak = np.iinfo(dtype).max
    for t, (green, blue, red) in enumerate(scene("gbrp16le", 6)):
        rgb = (np.stack([red, green, blue], -1) / 65535 * peak).astype(dtype)
        if kind == "png":
            cv2.imwrite(str(folder / f"f_{t:03d}.png"), rgb[..., ::-1])
        else:
            tifffile.imwrite(folder / f"f_{t:03d}.tif", rgb, photometric="rgb", description="reel 4", metadata=None)
    return folder


@pytest.mark.parametrize(("kind", "dtype"), [("png", np.uint8), ("png", np.uint16), ("tif", np.uint8),
                                            ("tif", np.uint16)])
def test_pictures_come_back_without_their_source(kind: str, dtype: type, tmp_path: Path) -> None:
    folder = pictures(tmp_path / "in", kind, dtype)
    out, back = tmp_path / "out", tmp_path / "back"
    restore_it(Wish(str(folder), f"{out}/", masks=str(true_masks(tmp_path / "m", 6))))
    before = planes_of(folder)
    untouched = (folder / f"f_000.{kind}").read_bytes()
    gone(folder)
    undo(str(out), tmp_path / "out.lacuna", f"{back}/")
    assert not same(planes_of(out), before)
    assert same(planes_of(back), before)
    assert (back / f"f_000.{kind}").read_bytes() == untouched


def test_an_excerpt_comes_back(reel: Path, masks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    restore_it(Wish(str(reel), str(out), masks=str(masks), frames=(5, 14)), 4)
    undo(str(out), tmp_path / "out.mkv.lacuna", str(tmp_path / "back.mkv"))
    assert same(planes_of(tmp_path / "back.mkv"), planes_of(reel)[5:14])


def test_after_an_edit_the_originals_are_those_of_the_new_fill(reel: Path, masks: Path, tmp_path: Path) -> None:
    out, project, back = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna", str(tmp_path / "back.mkv")
    wish = Wish(str(reel), str(out), masks=str(masks), overwrite=True)
    restore_it(wish)
    painted = tmp_path / "painted"
    painted.mkdir()
    mask = np.zeros(SIZE, np.uint8)
    mask[50:60, 60:75] = 255
    cv2.imwrite(str(painted / "000004.png"), mask)
    import_masks(Store.open(project), painted)
    restore_it(Wish(str(reel), str(out), masks=str(masks), until="fill"))
    with pytest.raises(StoreError, match="filled anew"):
        undo(str(out), project, back)
    assert not list(tmp_path.glob(".lacuna-undo-*"))
    assert not Path(back).exists()
    restore_it(wish)
    undo(str(out), project, back)
    assert same(planes_of(Path(back)), planes_of(reel))


def test_originals_wanted_later_are_added_without_filling_again(reel: Path, masks: Path, tmp_path: Path) -> None:
    out, project, back = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna", str(tmp_path / "back.mkv")
    restore_it(Wish(str(reel), str(out), masks=str(masks), keep_originals=False), 4)
    assert not (project / "layers.zarr" / ORIGINAL).exists()
    with pytest.raises(StoreError, match="--no-keep-originals"):
        undo(str(out), project, back)
    assert sum(restore_it(Wish(str(reel), str(out), masks=str(masks))).values()) == 0
    undo(str(out), project, back)
    assert same(planes_of(Path(back)), planes_of(reel))


def test_a_project_of_an_earlier_version_is_told_what_it_lacks_and_gets_it(
    reel: Path, masks: Path, tmp_path: Path
) -> None:
    out, project, back = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna", str(tmp_path / "back.mkv")
    restore_it(Wish(str(reel), str(out), masks=str(masks)), 12)
    for path in (project / "ledger").glob("encode-*.json"):
        stamp = json.loads(path.read_text())
        stamp["facts"] = {"bytes": stamp["facts"]["bytes"]}
        path.write_text(json.dumps(stamp))
    with pytest.raises(StoreError, match="earlier version"):
        undo(str(out), project, back)
    assert restore_it(Wish(str(reel), str(out), masks=str(masks))) == {"encode": 2}
    undo(str(out), project, back)
    assert same(planes_of(Path(back)), planes_of(reel))


@pytest.fixture(scope="module")
def done(reel: Path, masks: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished output with its project beside it; not to be written to."""
    out = tmp_path_factory.mktemp("done") / "out.mkv"
    restore_it(Wish(str(reel), str(out), masks=str(masks)))
    return out


def forged(done: Path, folder: Path) -> Path:
    planes = [tuple(p.copy() for p in planes) for planes in planes_of(done)]
    planes[11][2][3, 4] ^= 1
    return make_video(folder / "forged.mkv", planes, "yuv422p10le", rate=24)


def shorter(done: Path, folder: Path) -> Path:
    return make_video(folder / "short.mkv", planes_of(done)[:9], "yuv422p10le", rate=24)


@pytest.mark.parametrize(("other", "says"), [(forged, "frame 11 is not what"), (shorter, "9 frames of 96x72")])
def test_what_is_not_the_projects_output_is_refused(
    other: Callable[[Path, Path], Path], says: str, done: Path, tmp_path: Path
) -> None:
    with pytest.raises(OutputError, match=says):
        undo(str(other(done, tmp_path)), done.with_name("out.mkv.lacuna"), str(tmp_path / "back.mkv"))
    assert not (tmp_path / "back.mkv").exists()


def test_a_copy_of_the_output_will_do(done: Path, reel: Path, tmp_path: Path) -> None:
    copy = Path(shutil.copy(done, tmp_path / "renamed.mkv"))
    undo(str(copy), done.with_name("out.mkv.lacuna"), str(tmp_path / "back.mkv"))
    assert same(planes_of(tmp_path / "back.mkv"), planes_of(reel))


def test_places_that_cannot_be_written_to_are_refused(done: Path, tmp_path: Path) -> None:
    project, taken = done.with_name("out.mkv.lacuna"), tmp_path / "taken.mkv"
    taken.touch()
    for file, says in ((str(taken), "--overwrite"), (str(tmp_path / "b.mp4"), "h264"),
                       (str(tmp_path / "no" / "b.mkv"), "Make it first")):
        with pytest.raises(OutputError, match=says):
            undo(str(done), project, file)
    with pytest.raises(OutputError, match="not written to"):
        undo(str(done), project, str(done), overwrite=True)


def test_a_lossy_output_and_an_unfinished_project_are_refused(reel: Path, masks: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    restore_it(Wish(str(reel), str(out), masks=str(masks), until="fill"))
    with pytest.raises(StoreError, match="not written an output"):
        undo(str(out), tmp_path / "out.mp4.lacuna", str(tmp_path / "back.mp4"))
    restore_it(Wish(str(reel), str(out), masks=str(masks)))
    with pytest.raises(OutputError, match="lossy"):
        undo(str(out), tmp_path / "out.mp4.lacuna", str(tmp_path / "back.mp4"))


def test_originals_are_the_same_for_any_spans_and_workers(reel: Path, masks: Path, tmp_path: Path) -> None:
    found = []
    for name, span_frames, workers in (("a", 12, 0), ("b", 3, 0), ("c", 7, 2)):
        restore_it(Wish(str(reel), str(tmp_path / f"{name}.mkv"), masks=str(masks), workers=workers), span_frames)
        store = Store.open(tmp_path / f"{name}.mkv.lacuna")
        found.append([store.patch(ORIGINAL, t).digest for t in range(FRAMES)])
        assert any(d != "-" for d in found[0])
    assert found[0] == found[1] == found[2]


def test_originals_half_written_when_the_lights_went_out_are_written_again(
    reel: Path, masks: Path, tmp_path: Path
) -> None:
    out, project = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna"
    wish = Wish(str(reel), str(out), masks=str(masks))
    restore_it(wish, 4)
    before = [Store.open(project).patch(ORIGINAL, t).digest for t in range(FRAMES)]
    (project / "ledger" / "fill-000004-000008.json").unlink()
    torn = Store.open(project)
    nothing = [replace(torn.patch(ORIGINAL, t), samples=tuple((at, v * 0) for at, v in torn.patch(ORIGINAL, t).samples))
               for t in range(4, 8)]
    torn.write_patches(ORIGINAL, Span(4, 8), nothing)
    assert [torn.patch(ORIGINAL, t).digest for t in range(FRAMES)] != before
    assert restore_it(wish) == {"fill": 1}
    assert [Store.open(project).patch(ORIGINAL, t).digest for t in range(FRAMES)] == before


def test_the_fingerprints_of_the_run_are_those_of_the_proof(reel: Path, masks: Path, tmp_path: Path) -> None:
    out, project = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna"
    restore_it(Wish(str(reel), str(out), masks=str(masks)))
    kept = [(project / f"{which}.framemd5").read_bytes() for which in ("source", "output")]
    prove(str(reel), str(out), project)
    assert [(project / f"{which}.framemd5").read_bytes() for which in ("source", "output")] == kept
    assert kept[0] != kept[1]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=12)
@given(st.data())
def test_whatever_is_masked_comes_back(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any layout, any mask: what the store gives back of the originals undoes any patch."""
    pixels = data.draw(st.sampled_from(layouts.LAYOUTS))
    share, seed = data.draw(st.sampled_from([0.0, 0.03, 0.6])), data.draw(st.integers(0, 99))
    rng = np.random.default_rng(seed)
    store = Store.create(tmp_path_factory.mktemp("s") / "p", replace(layouts.SOURCE, pixels=pixels), 5)
    films = [
        Picture(t, tuple((rng.random(pixels.shape(p, layouts.SIZE)) * pixels.peak).astype(pixels.dtype)
                         for p in range(pixels.planes)))
        for t in range(5)
    ]
    patches = [layouts.random_patch(pixels, t, share, seed + t) for t in range(5)]
    packed = [pack(p, pixels) for p in patches]
    store.write_patches("fill", Span(0, 5), packed)
    store.write_patches(ORIGINAL, Span(0, 5), [under(f, p) for f, p in zip(films, packed, strict=True)])
    for film, patch in zip(films, patches, strict=True):
        kept = unpack(Store.open(store.folder).patch(ORIGINAL, film.index), pixels, layouts.SIZE)
        assert md5_of(compose(compose(film, patch, pixels), kept, pixels)) == md5_of(film)
