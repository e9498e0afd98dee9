"""A part of yours in, the tests it has to pass out: subclass a suite, say how the part is made, run pytest.

    class TestMine(FillerSuite):
        def make(self):
            return Mine()

Sections: pictures to test on; FillerSuite; BlenderSuite; FormatSuite.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore import formats
from restore.blend import Blender
from restore.blend.chain import blend_frame
from restore.cache import Cache
from restore.colour import Float
from restore.errors import OutputError, SourceError
from restore.fill import Filler, Filling
from restore.fill.ladder import fill_frame
from restore.formats import Deed, Format
from restore.frames import Bits, Changes, Patch, changed_planes, changes, support
from restore.source import PixelFormat, Plane
from restore.window import Window

# --- pictures to test on -----------------------------------------------------------------------------------------

LAYOUTS: dict[str, PixelFormat] = {
    "gray": PixelFormat("gray", "grey", 8),
    "gray12le": PixelFormat("gray12le", "grey", 12),
    "gray16le": PixelFormat("gray16le", "grey", 16),
    "yuv420p": PixelFormat("yuv420p", "yuv", 8, 1, 1),
    "yuv422p10le": PixelFormat("yuv422p10le", "yuv", 10, 0, 1),
    "yuv444p12le": PixelFormat("yuv444p12le", "yuv", 12),
    "gbrp16le": PixelFormat("gbrp16le", "rgb", 16),
    "yuva420p": PixelFormat("yuva420p", "yuv", 8, 1, 1, alpha=True),
    "grayf32le": PixelFormat("grayf32le", "grey", 32),
}
"""Every family, depth and subsampling a part has to cope with."""
SIZES = ((48, 64), (37, 53))


def texture(height: int, width: int, seed: int = 0) -> Float:
    """Return a smooth random picture (H, W) float32 in [0, 1], lively enough to measure motion on."""
    rng = np.random.default_rng(seed)
    fine, coarse = (cv2.GaussianBlur(rng.normal(size=(height, width)), (0, 0), s) * s for s in (1.5, 5.0))
    both = fine + coarse
    return ((both - both.min()) / np.ptp(both)).astype(np.float32)


def film(
    pixels: PixelFormat, size: tuple[int, int], frames: int = 5, step_px: tuple[int, int] = (2, 4), seed: int = 0
) -> list[tuple[Plane, ...]]:
    """Return frames of one texture that moves by a whole, even number of pixels (dy, dx) a frame."""
    dy, dx = step_px
    out = []
    for t in range(frames):
        planes = []
        for p in range(pixels.planes):
            sy, sx = pixels.shift(p)
            h, w = pixels.shape(p, size)
            big = texture(h + (abs(dy) * frames >> sy) + 2, w + (abs(dx) * frames >> sx) + 2, seed + 10 * p)
            y, x = (abs(dy) * t >> sy), (abs(dx) * t >> sx)
            part = big[y : y + h, x : x + w] * np.float32(0.8) + np.float32(0.1)
            scaled = part if pixels.depth == 32 else np.rint(part * np.float32(pixels.peak))
            planes.append(np.ascontiguousarray(scaled.astype(pixels.dtype)))
        out.append(tuple(planes))
    return out


def holes(size: tuple[int, int], frames: int = 5, seed: int = 1) -> list[Bits]:
    """Return for each frame a mask with specks, a thin upright line and a hole at the border."""
    out = []
    for t in range(frames):
        rng = np.random.default_rng((seed, t))
        mask = np.zeros(size, bool)
        for _ in range(4):
            y, x = rng.integers(2, size[0] - 6), rng.integers(2, size[1] - 6)
            mask[y : y + 3, x : x + 4] = True
        mask[:, size[1] // 2 + int(rng.integers(-4, 5))] = True
        mask[:3, :2] = True
        out.append(mask)
    return out


def damage(planes: tuple[Plane, ...], mask: Bits, pixels: PixelFormat) -> tuple[Plane, ...]:
    """Return the planes with the samples under a mask at their largest code value."""
    out = list(planes)
    for p in range(pixels.colour_planes):
        out[p] = np.where(support(mask, pixels, p), np.asarray(pixels.peak, pixels.dtype), planes[p])
    return tuple(out)


def damaged_window(layout: str, size: tuple[int, int], frames: int = 5) -> tuple[Window, list[tuple[Plane, ...]]]:
    """Return a window over a damaged film, and the film before the damage."""
    pixels = LAYOUTS[layout]
    clean, masks = film(pixels, size, frames), holes(size, frames)
    return Window.of([damage(c, m, pixels) for c, m in zip(clean, masks, strict=True)], pixels, masks), clean


def fresh(window: Window) -> Window:
    """Return the same window with nothing remembered."""
    return replace(window, cache=Cache(1 << 26), facts=Cache(1 << 26))


# --- FillerSuite -------------------------------------------------------------------------------------------------


class FillerSuite:
    """What every filler has to keep to. `make` returns one; override `fills_all` where it leaves nothing over."""

    fills_all = False

    def make(self) -> Filler:
        """Return the filler under test."""
        raise NotImplementedError("a subclass of FillerSuite returns its filler from make()")

    def run(self, window: Window, t: int, hole: Bits) -> Filling:
        """Fill a hole of frame t."""
        planes = [p.astype(np.float32) for p in window.picture(t).planes[: window.pixels.colour_planes]]
        for p in planes:
            p.flags.writeable = False
        return self.make().fill(window, t, tuple(planes), hole)

    @pytest.mark.parametrize("size", SIZES, ids=str)
    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_shapes_and_bounds(self, layout: str, size: tuple[int, int]) -> None:
        """The answer has the frame's shapes, stays in the hole, is finite, and writes to nothing it was given."""
        window, _ = damaged_window(layout, size)
        hole = window.hidden(2)
        before = hole.copy()
        filling = self.run(window, 2, hole)
        wanted = [window.pixels.shape(p, size) for p in range(window.pixels.colour_planes)]
        assert [p.shape for p in filling.planes] == wanted
        assert filling.done.dtype == bool
        assert not (filling.done & ~hole).any()
        assert np.array_equal(hole, before)
        for p, plane in enumerate(filling.planes):
            assert np.isfinite(plane[support(filling.done, window.pixels, p)]).all()
        if self.fills_all:
            assert np.array_equal(filling.done, hole)

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_ladder_keeps_the_rest(self, layout: str) -> None:
        """A patch made with it is legal code values inside its mask and nothing outside."""
        window, _ = damaged_window(layout, SIZES[1])
        patch = fill_frame([self.make()], window, 2)
        check_patch(patch, window)

    def test_deterministic(self) -> None:
        """The same frame gives the same bytes, whatever was asked before."""
        window, _ = damaged_window("yuv422p10le", SIZES[0])
        alone = self.run(fresh(window), 2, window.hidden(2))
        busy = fresh(window)
        for t in (4, 0, 3):
            self.run(busy, t, busy.hidden(t))
        again = self.run(busy, 2, busy.hidden(2))
        assert np.array_equal(alone.done, again.done)
        for p, (a, b) in enumerate(zip(alone.planes, again.planes, strict=True)):
            under = support(alone.done, window.pixels, p)
            assert np.array_equal(a[under], b[under])

    def test_blind_to_the_damage(self) -> None:
        """What lies under the hole does not change the answer."""
        window, clean = damaged_window("yuv420p", SIZES[0])
        hole = window.hidden(2)
        masks = [window.hidden(t) for t in window.film]
        pictures = [window.picture(t).planes for t in window.film]
        dark = [tuple(np.where(support(m, window.pixels, p), 0, plane).astype(plane.dtype) for p, plane in enumerate(c))
                for c, m in zip(clean, masks, strict=True)]
        a = self.run(Window.of(pictures, window.pixels, masks), 2, hole)
        b = self.run(Window.of(dark, window.pixels, masks), 2, hole)
        assert np.array_equal(a.done, b.done)
        for p, (x, y) in enumerate(zip(a.planes, b.planes, strict=True)):
            under = support(a.done, window.pixels, p)
            # Proxies that motion is measured on round differently on the edge of a hole; nothing more may show.
            assert np.abs(x[under] - y[under]).mean() < 2.0

    def test_empty_mask(self) -> None:
        """No hole, nothing done."""
        window, _ = damaged_window("yuv420p", SIZES[0])
        assert not self.run(window, 2, np.zeros(window.size, bool)).done.any()

    def test_full_mask(self) -> None:
        """A frame without one known pixel, alone in its film, is left alone."""
        size, pixels = (24, 32), LAYOUTS["yuv420p"]
        window = Window.of(film(pixels, size, 1), pixels, [np.ones(size, bool)])
        assert not self.run(window, 0, window.hidden(0)).done.any()

    @pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1), (5, 7), (24, 24)], ids=str)
    @pytest.mark.parametrize("kind", ["full", "columns"])
    def test_tiny_pictures(self, size: tuple[int, int], kind: str) -> None:
        """Small pictures and hopeless masks among neighbours are no reason to fail."""
        pixels = LAYOUTS["yuv420p"]
        masks = [np.ones(size, bool) if kind == "full" else np.broadcast_to(np.arange(size[1]) % 2 == 0, size).copy()
                 for _ in range(4)]
        masks[2] = np.zeros(size, bool)
        window = Window.of(film(pixels, size, 4, (0, 2)), pixels, masks)
        check_patch(fill_frame([self.make()], window, 1), window)

    def test_one_frame(self) -> None:
        """A photograph is a film of one frame."""
        window, _ = damaged_window("gbrp16le", SIZES[1], frames=1)
        filling = self.run(window, 0, window.hidden(0))
        assert not (filling.done & ~window.hidden(0)).any()

    def test_says_what_it_is(self) -> None:
        """A filler has a version, tells whether it invents, and how far it looks."""
        made = self.make()
        assert isinstance(made.version, int)
        assert isinstance(made.invents, bool)
        assert made.reach_frames >= 0


def check_patch(patch: Patch, window: Window) -> None:
    """Fail where a patch is not within the hidden pixels, not in legal code values or not empty elsewhere."""
    pixels = window.pixels
    assert not (patch.mask & ~window.hidden(patch.index)).any()
    assert np.array_equal(patch.origin > 0, patch.mask)
    assert not patch.offset[patch.origin != 1].any()
    for p, plane in enumerate(patch.planes):
        assert plane.dtype == pixels.dtype
        assert plane.shape == pixels.shape(p, window.size)
        assert not plane[~support(patch.mask, pixels, p)].any()
        if pixels.depth != 32:
            assert int(plane.max(initial=0)) <= pixels.peak


# --- BlenderSuite ------------------------------------------------------------------------------------------------


class BlenderSuite:
    """What every blender has to keep to. `make` returns one; `before` the fillers whose patches it is given."""

    def make(self) -> Blender:
        """Return the blender under test."""
        raise NotImplementedError("a subclass of BlenderSuite returns its blender from make()")

    def before(self) -> list[Filler]:
        """Return the ladder of fillers the patches come from."""
        from restore.fill.harmonic import Harmonic

        return [Harmonic()]

    def run(self, window: Window, t: int) -> tuple[Patch, Patch]:
        """Return frame t's patch before and after."""
        ladder = self.before()
        after = blend_frame([self.make()], window, t, lambda u: fill_frame(ladder, window, u))
        return fill_frame(ladder, window, t), after

    @pytest.mark.parametrize("layout", LAYOUTS)
    def test_only_inside(self, layout: str) -> None:
        """Mask, origin and offset stay; samples outside the mask stay zero; code values stay legal."""
        window, _ = damaged_window(layout, SIZES[1])
        before, after = self.run(window, 2)
        assert np.array_equal(before.mask, after.mask)
        assert np.array_equal(before.origin, after.origin)
        assert np.array_equal(before.offset, after.offset)
        check_patch(after, window)

    def test_deterministic(self) -> None:
        """The same frame gives the same bytes, whatever was asked before, and what it is given is not written to."""
        window, _ = damaged_window("yuv422p10le", SIZES[0])
        before, alone = self.run(fresh(window), 2)
        kept = [p.copy() for p in before.planes]
        busy = fresh(window)
        for t in (4, 1):
            self.run(busy, t)
        again = blend_frame([self.make()], busy, 2, lambda u: before if u == 2 else fill_frame(self.before(), busy, u))
        for a, b, c, d in zip(alone.planes, again.planes, before.planes, kept, strict=True):
            assert np.array_equal(a, b)
            assert np.array_equal(c, d)

    def test_nothing_to_blend(self) -> None:
        """A frame without a patch comes back as it was; a film of one frame is no special case."""
        pixels = LAYOUTS["yuv420p"]
        window = Window.of(film(pixels, SIZES[0], 1), pixels)
        _, after = self.run(window, 0)
        assert not after.mask.any()
        assert not any(p.any() for p in after.planes)


# --- FormatSuite -------------------------------------------------------------------------------------------------


class FormatSuite:
    """What every kind of picture file has to keep to. `make` returns it; `examples` writes small sound files of it."""

    tail_bytes = 0
    """How many bytes at the end of an example may be missing without a sample missing."""

    def make(self) -> Format:
        """Return the format under test."""
        raise NotImplementedError("a subclass of FormatSuite returns its format from make()")

    def examples(self, folder: Path) -> list[Path]:
        """Write a file of each layout into an empty folder; pictures of at least 40 pixels, the same at every call."""
        raise NotImplementedError("a subclass of FormatSuite writes its files in examples()")

    def drawn(self, pixels: PixelFormat, count: int, rng: np.random.Generator) -> Plane:
        """Return stored values that such samples may have; override where a file holds fewer than its type."""
        if pixels.dtype.kind == "f":
            return rng.normal(0, 4, count).astype(pixels.dtype)
        low, high = (pixels.low, pixels.high) if pixels.sample else (0, pixels.peak)
        return rng.integers(int(low), int(high), count, endpoint=True).astype(pixels.dtype)

    def test_is_found(self, tmp_path: Path) -> None:
        """A file is known by its ending and by its first bytes, and nothing else is."""
        format_ = self.make()
        for file in self.examples(tmp_path):
            assert format_.claims(file.read_bytes()[: formats.HEAD_BYTES])
            assert formats.of(file) == format_
        assert not any(format_.claims(head) for head in (b"", b"\0" * 512, b"a word or two" * 40))

    def test_gives_what_its_header_says(self, tmp_path: Path) -> None:
        """Planes have the header's size, type and number, can be written to, and come out the same every time."""
        for file in self.examples(tmp_path):
            before = file.read_bytes()
            headers = self.make().inspect(file)
            assert headers
            for page, header in enumerate(headers):
                planes = self.make().read(file, page)
                assert [p.shape for p in planes] == [header.pixels.shape(p, header.size) for p in range(len(planes))]
                assert len(planes) == header.pixels.planes
                assert all(p.dtype == header.pixels.dtype and p.flags.c_contiguous for p in planes)
                assert _same(planes, self.make().read(file, page))
            assert file.read_bytes() == before

    def test_changes_the_samples_it_is_told_to_and_nothing_else(self, tmp_path: Path) -> None:
        """A copy has the new samples, all the others, the same header and pages, and the same bytes every time."""
        format_ = self.make()
        for number, file in enumerate(self.examples(tmp_path)):
            headers, source = format_.inspect(file), file.read_bytes()
            page = len(headers) - 1
            copies = [tmp_path / str(n) / file.name for n in range(2)]
            before = [format_.read(file, n) for n in range(len(headers))]
            wanted = self._some(before[page], headers[page].pixels, number)
            for copy in copies:
                copy.parent.mkdir(exist_ok=True)
                if not format_.writes:
                    with pytest.raises(OutputError):
                        format_.write(copy, file, {page: wanted}, Deed())
                    return
                format_.write(copy, file, {page: wanted}, Deed())
            assert copies[0].read_bytes() == copies[1].read_bytes()
            assert file.read_bytes() == source
            assert format_.inspect(copies[0]) == headers
            before[page] = changed_planes(before[page], wanted)
            for n, planes in enumerate(before):
                assert _same(format_.read(copies[0], n), planes), f"{file.name}: picture {n}"

    def _some(self, planes: tuple[Plane, ...], pixels: PixelFormat, seed: int) -> Changes:
        """Return about 100 changed samples, the first and the last of each plane among them."""
        rng, out = np.random.default_rng(seed), list(planes)
        for p in range(pixels.colour_planes):
            size = planes[p].size
            at = np.unique([0, size - 1, *rng.integers(0, size, 100 // pixels.colour_planes)])
            out[p] = planes[p].copy()
            out[p].ravel()[at] = self.drawn(pixels, at.size, rng)
        return changes(planes, tuple(out))

    def test_a_file_that_ends_early_is_refused(self, tmp_path: Path) -> None:
        """Wherever a file was cut off, its samples are all there or there is a SourceError."""
        for file in self.examples(tmp_path):
            whole = file.read_bytes()
            ends = {0, 1, 3, 4, 8, 40, len(whole) // 3, len(whole) // 2, len(whole) - 1 - self.tail_bytes}
            for end in sorted(e for e in ends if e < len(whole)):
                file.write_bytes(whole[:end])
                with pytest.raises(SourceError):
                    self._all(file)

    def test_damage_breaks_nothing_else(self, tmp_path: Path) -> None:
        """A file with wrong bytes in it is read or refused with a SourceError."""
        rng = np.random.default_rng(7)
        for file in self.examples(tmp_path):
            whole = file.read_bytes()
            for _ in range(12):
                broken = bytearray(whole)
                for at in rng.integers(0, min(len(whole), 2048), 3):
                    broken[at] = rng.integers(0, 256)
                file.write_bytes(broken)
                try:
                    self._all(file)
                except SourceError:
                    continue

    def _all(self, file: Path) -> None:
        for page, _ in enumerate(self.make().inspect(file)):
            self.make().read(file, page)


def _same(a: tuple[Plane, ...], b: tuple[Plane, ...]) -> bool:
    """Tell whether planes have the same bits; a NaN equals itself."""
    return all(x.dtype == y.dtype and x.tobytes() == y.tobytes() for x, y in zip(a, b, strict=True))
