from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restore.edits import Edits
from restore.errors import StoreError
from restore.frames import Patch, pack, support
from restore.source import PixelFormat, Source
from restore.span import Span
from restore.store import Store

SIZE = (20, 30)
SOURCE = Source(
    "film.mkv", "video", "ab" * 32, SIZE, PixelFormat("yuv422p10le", "yuv", 10, 0, 1), Fraction(24000, 1001),
    Fraction(1, 1000), tuple(range(0, 1000, 40)), (0, 12), "ffv1", "matroska",
)


def test_a_source_survives_json() -> None:
    assert Source.from_json(SOURCE.to_json()) == SOURCE


def test_layers_hold_what_was_written_and_nothing_elsewhere(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "p", SOURCE, 12)
    rng = np.random.default_rng(0)
    masks = [rng.random(SIZE) < 0.1 for _ in range(12)]
    store.write_masks("dirt", Span(12, 24), masks)
    again = Store.open(tmp_path / "p")
    assert all(np.array_equal(again.mask("dirt", 12 + k), m) for k, m in enumerate(masks))
    assert not again.mask("dirt", 3).any()
    assert not again.mask("scratch", 3).any()
    assert again.mask_layers() == ["dirt"]


LAYOUTS = [
    PixelFormat("yuv422p10le", "yuv", 10, 0, 1), PixelFormat("gray", "grey", 8), PixelFormat("gbrp16le", "rgb", 16),
    PixelFormat("yuva420p", "yuv", 8, 1, 1, alpha=True), PixelFormat("gbrpf32le", "rgb", 32),
]


def random_patch(pixels: PixelFormat, t: int, share: float, seed: int) -> Patch:
    rng = np.random.default_rng(seed)
    mask = rng.random(SIZE) < share
    planes = tuple(
        np.where(support(mask, pixels, p), rng.random(pixels.shape(p, SIZE)) * pixels.peak, 0).astype(pixels.dtype)
        for p in range(pixels.colour_planes)
    )
    return Patch(t, mask, planes, mask * np.uint8(2), (mask * -2).astype(np.int8))


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(LAYOUTS), st.lists(st.sampled_from([0.0, 0.02, 0.9]), min_size=2, max_size=4), st.integers(0, 99)
)
def test_patches_come_back_exactly_also_when_written_again(
    tmp_path_factory: pytest.TempPathFactory, pixels: PixelFormat, shares: list[float], seed: int
) -> None:
    source = replace(SOURCE, pixels=pixels)
    store = Store.create(tmp_path_factory.mktemp("s") / "p", source, 12)
    for again, share in enumerate(shares):  # what a longer patch left behind must not show in a shorter one
        fill = [pack(random_patch(pixels, t, share, seed + t + again), pixels) for t in range(12, 24)]
        blend = [
            replace(p, samples=tuple((at, np.roll(values, 1)) for at, values in p.samples)) for p in fill
        ]
        store.write_patches("fill", Span(12, 24), fill)
        store.write_patches("blend", Span(12, 24), blend, fill)
        read = Store.open(store.folder)
        for wanted, layer in ((fill, "fill"), (blend, "blend")):
            assert [read.patch(layer, t).digest for t in range(12, 24)] == [p.digest for p in wanted]
    assert read.patch("fill", 3).digest == "-"


def test_a_row_longer_than_a_shard_comes_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("restore.store.CHUNK_SAMPLES", 32)
    store = Store.create(tmp_path / "p", SOURCE, 12)
    for share in (0.9, 0.1, 0.5):
        fill = [pack(random_patch(SOURCE.pixels, t, share, t), SOURCE.pixels) for t in range(12)]
        store.write_patches("fill", Span(0, 12), fill)
        assert [Store.open(tmp_path / "p").patch("fill", t).digest for t in range(12)] == [p.digest for p in fill]


def test_empty_layers_take_no_room(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "p", SOURCE, 12)
    store.write_masks("dirt", Span(0, 12), [np.zeros(SIZE, bool)] * 12)
    assert store.mask_layers() == []


def test_another_films_project_is_refused(tmp_path: Path) -> None:
    Store.create(tmp_path / "p", SOURCE, 12)
    with pytest.raises(StoreError, match="another file"):
        Store.create(tmp_path / "p", replace(SOURCE, sha256="cd" * 32), 12)


def test_a_folder_that_is_no_project_is_not_taken_over(tmp_path: Path) -> None:
    (tmp_path / "letters.txt").write_text("dear")
    with pytest.raises(StoreError, match="no project"):
        Store.create(tmp_path, SOURCE, 12)
    with pytest.raises(StoreError, match="no project"):
        Store.open(tmp_path)


def test_a_project_of_another_version_or_damaged_is_refused(tmp_path: Path) -> None:
    Store.create(tmp_path / "p", SOURCE, 12)
    path = tmp_path / "p" / "project.json"
    path.write_text(path.read_text().replace('"format": 1', '"format": 99'))
    with pytest.raises(StoreError, match="layout 99"):
        Store.open(tmp_path / "p")
    path.write_text("{")
    with pytest.raises(StoreError, match="damaged"):
        Store.open(tmp_path / "p")


def test_two_runs_do_not_share_a_project(tmp_path: Path) -> None:
    store = Store.create(tmp_path / "p", SOURCE, 12)
    with store.locked(), pytest.raises(StoreError, match="in use"), Store.open(tmp_path / "p").locked():
        pass
    with store.locked():
        pass


verbs = st.lists(st.tuples(st.sampled_from(["replace", "add", "remove"]), st.integers(0, 99)), max_size=5)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(verbs)
def test_edits_apply_in_order(tmp_path_factory: pytest.TempPathFactory, steps: list[tuple[str, int]]) -> None:
    edits = Edits(tmp_path_factory.mktemp("edits"))
    rng = np.random.default_rng(1)
    expected = detected = rng.random(SIZE) < 0.2
    for verb, seed in steps:
        mask = np.random.default_rng(seed).random(SIZE) < 0.3
        edits.append(verb, {7: mask})
        expected = mask if verb == "replace" else expected | mask if verb == "add" else expected & ~mask
    assert np.array_equal(edits.apply(detected, 7), expected)
    assert np.array_equal(edits.apply(detected, 8), detected)
    assert np.array_equal(edits.apply(detected, 7, 0), detected)
    assert len(edits.trace(7)) == len(steps)
    assert edits.trace(8) == []
