"""A frame, its patch and what was wanted in; small pictures out: the whole, and before, mask and after close up."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import zip_longest

import cv2
import numpy as np
import numpy.typing as npt

from restore import colour
from restore.compose import compose
from restore.edits import Edits
from restore.frames import DONOR, Bits, Patch, Picture, unpack
from restore.report.facts import Summary, Undecided
from restore.report.markup import Markup, el
from restore.report.palette import LEFT, RGB, SHADES, shade_of_origin
from restore.report.words import likeliest
from restore.source import Plane, Source
from restore.span import Span
from restore.store import Store
from restore.written import counted

WORST, DOUBTS = 8, 4
"""Most frames shown of repairs, and of finds that are undecided."""
CANDIDATES = 2000
"""Undecided finds to choose views from."""
LEAST_SIDE_PX, MOST_SIDE_PX = 48, 144
SHOWN_PX = 432
"""About how wide a close-up is drawn: a whole number of screen pixels for every pixel of the picture."""
THUMB_PX = 320
LINE_PX = 3
"""Width of outlines, in screen pixels of a close-up."""

Byte = npt.NDArray[np.uint8]
Box = tuple[int, int, int, int]
"""(y0, x0, y1, x1), half-open, luma pixels."""


@dataclass(frozen=True)
class Closeup:
    """The largest repair of one frame."""

    frame: int
    box: Box
    scale: int
    """Screen pixels for each pixel of the picture."""
    thumb: Markup
    before: Markup
    mask: Markup
    after: Markup
    donors: tuple[int, ...]
    """Offsets of the frames that pixels of this frame were copied from."""


@dataclass(frozen=True)
class Doubt:
    """An undecided find, close up with its box drawn around it."""

    find: Undecided
    view: Markup


def worst_frames(s: Summary, most: int = WORST) -> list[int]:
    """Return the frames with most to fill, worst first; near neighbours only where there is nothing else."""
    at_fault = {f.frame for f in s.faults}
    ranked = sorted(
        (t for t, px in enumerate(s.series.masked_px, s.start) if px and t not in at_fault),
        key=lambda t: (-s.series.masked_px[t - s.start], t),
    )
    apart = max(1, s.totals.frames // 40)
    chosen: list[int] = []
    for t in ranked:
        if len(chosen) < most and all(abs(t - u) >= apart for u in chosen):
            chosen.append(t)
    chosen += [t for t in ranked if t not in chosen][: most - len(chosen)]
    return sorted(chosen, key=lambda t: (-s.series.masked_px[t - s.start], t))


def closeups(store: Store, s: Summary, picture_of: Callable[[int], Picture]) -> list[Closeup]:
    """Return the close-ups of the worst frames. Raises what `picture_of` raises."""
    return [_closeup(store, s, t, picture_of(t)) for t in worst_frames(s)]


def doubtful(source: Source, s: Summary, picture_of: Callable[[int], Picture]) -> list[Doubt]:
    """Return views of the likeliest undecided finds, no two from about one time. Raises what `picture_of` raises."""
    apart = max(1, s.totals.frames // 20)
    chosen: list[Undecided] = []
    ranked = likeliest(s.undecided, CANDIDATES)
    turns = [[u for u in ranked if u.layer == layer] for layer in dict.fromkeys(u.layer for u in ranked)]
    for find in (u for turn in zip_longest(*turns) for u in turn if u):
        if len(chosen) < DOUBTS and all(abs(find.frame - other.frame) >= apart for other in chosen):
            chosen.append(find)
    return [Doubt(f, _doubt(source, f, picture_of(f.frame))) for f in chosen]


def _doubt(source: Source, find: Undecided, picture: Picture) -> Markup:
    y0, x0, y1, x1 = find.box
    inside = np.zeros(source.size, bool)
    inside[y0:max(y1, y0 + 1), x0:max(x1, x0 + 1)] = True
    box = frame_around(inside, _alignment(source))
    scale = max(1, SHOWN_PX // max(box[2] - box[0], box[3] - box[1]))
    kinds = inside[box[0]:box[2], box[1]:box[3]].astype(np.int16)
    view = outlined(enlarged(look(picture, source, box), scale), kinds, scale, lambda _kind: SHADES[LEFT])
    return image(view, f"Undecided {find.kind} in frame {find.frame}, rows {y0} to {y1 - 1}, columns {x0} to {x1 - 1}")


def _closeup(store: Store, s: Summary, t: int, picture: Picture) -> Closeup:
    patch = unpack(store.patch(_final_layer(store, t, s.recipe), t), store.source.pixels, store.source.size)
    wanted = _wanted(store, s, t) | patch.mask
    box = frame_around(patch.mask if patch.mask.any() else wanted, _alignment(store.source))
    scale = max(1, SHOWN_PX // max(box[2] - box[0], box[3] - box[1]))
    before = enlarged(look(picture, store.source, box), scale)
    after = enlarged(look(compose(picture, patch, store.source.pixels), store.source, box), scale)
    kinds = _kinds(patch, wanted)[box[0]:box[2], box[1]:box[3]]
    where = f"frame {t}, rows {box[0]} to {box[2] - 1}, columns {box[1]} to {box[3] - 1}"
    drawn = f"{counted(int((kinds > 0).sum()), 'pixel')} outlined"
    return Closeup(
        t, box, scale,
        image(thumbnail(picture, store.source, box), f"Whole of frame {t}; the close-up is framed", lossy=True),
        image(before, f"Before: {where}"),
        image(outlined(before, kinds, scale, _colour_of(s)), f"Mask: {where}, {drawn}"),
        image(after, f"After: {where}"),
        tuple(int(o) for o in np.unique(patch.offset[patch.origin == DONOR])),
    )


def _final_layer(store: Store, t: int, recipe: str) -> str:
    """Return the layer that holds frame t as it goes into the output."""
    stamp = store.ledger.read("blend", store.grid(Span(t, t + 1))[0])
    blended = stamp is not None and not stamp.failed
    return "blend" if blended and (not recipe or "[[blend]]" in recipe) else "fill"


def _wanted(store: Store, s: Summary, t: int) -> Bits:
    """Return what was to be filled in frame t: every layer of detection, and the edits."""
    mask = np.zeros(store.source.size, bool)
    for layer in s.layers:
        mask |= store.mask(layer.name, t)
    return Edits(store.folder / "edits").apply(mask, t, len(s.edits))


def _colour_of(s: Summary) -> Callable[[int], RGB]:
    inventors = [a.name for a in s.totals.invented]
    return lambda kind: SHADES[shade_of_origin(kind - 1, s.ladder, inventors)]


def _kinds(patch: Patch, wanted: Bits) -> npt.NDArray[np.int16]:
    """Return 0 outside, the origin + 1 where filled, 1 where wanted and left."""
    return np.where(patch.mask, patch.origin.astype(np.int16) + 1, wanted.astype(np.int16))


def _alignment(source: Source) -> tuple[int, int]:
    return 1 << (source.pixels.shift_y + source.pixels.fields), 1 << source.pixels.shift_x


def frame_around(wanted: Bits, align: tuple[int, int]) -> Box:
    """Return a box around the largest connected repair, with the picture around it, on the chroma grid.

    What is larger than a close-up can show is shown at its middle.
    """
    _, labels, stats, _ = cv2.connectedComponentsWithStats(wanted.view(np.uint8), connectivity=8)
    largest = 1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA])) if len(stats) > 1 else 0
    ys, xs = np.nonzero(labels == largest)
    extent = max(int(np.ptp(ys)) + 1, int(np.ptp(xs)) + 1)
    side = int(np.clip(extent * 2, LEAST_SIDE_PX, MOST_SIDE_PX))
    middles = [int(v.min() + v.max() + 1) // 2 if extent <= side else int(np.median(v)) for v in (ys, xs)]
    (y0, y1), (x0, x1) = (
        _stretch(middle, side, n, a) for middle, n, a in zip(middles, wanted.shape, align, strict=True)
    )
    return y0, x0, y1, x1


def _stretch(middle: int, side: int, within: int, align: int) -> tuple[int, int]:
    start = max(0, min(middle - side // 2, within - side))
    return start // align * align, min(within, start + side)


def look(picture: Picture, source: Source, box: Box) -> Byte:
    """Return the part of a picture under `box`, whose corner lies on the chroma grid, as (h, w, 3) uint8 RGB."""
    planes = []
    for p, plane in enumerate(picture.planes):
        y, x = source.pixels.shift(p)
        planes.append(plane[box[0] >> y:-(-box[2] >> y), box[1] >> x:-(-box[3] >> x)])
    return _rgb(tuple(planes), source)


def thumbnail(picture: Picture, source: Source, box: Box) -> Byte:
    """Return the whole picture, small and in its right shape, with `box` framed; (h, w, 3) uint8 RGB."""
    height, width = source.size
    wide = width * float(source.sample_aspect or 1)
    shrink = min(1.0, THUMB_PX / max(wide, height))
    size = (max(1, round(wide * shrink)), max(1, round(height * shrink)))
    planes = tuple(cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in picture.planes)
    whole = replace(source, pixels=replace(source.pixels, shift_y=0, shift_x=0))
    small = np.ascontiguousarray(_rgb(planes, whole))
    fx, fy = size[0] / width, size[1] / height
    corner, end = (int(box[1] * fx), int(box[0] * fy)), (int(box[3] * fx), int(box[2] * fy))
    cv2.rectangle(small, corner, end, (0, 0, 0), 3)
    cv2.rectangle(small, corner, end, (255, 255, 255), 1)
    return small


def _rgb(planes: tuple[Plane, ...], source: Source) -> Byte:
    return np.rint(colour.to_rgb(planes, source.pixels) * 255).astype(np.uint8)


def enlarged(rgb: Byte, scale: int) -> Byte:
    """Return every pixel as a square of `scale` pixels."""
    return rgb.repeat(scale, 0).repeat(scale, 1)


def outlined(rgb: Byte, kinds: npt.NDArray[np.int16], scale: int, colour_of: Callable[[int], RGB]) -> Byte:
    """Return an enlarged picture with every kind of repair outlined in its colour.

    The lines run around the repairs, not over them, so what is under the mask stays to be seen; a dark line outside
    keeps them apart from light ground. Kinds that meet are parted by a line one screen pixel wide.
    """
    out = rgb.copy()
    big = kinds.repeat(scale, 0).repeat(scale, 1)
    ground = big == 0
    halo = _grown(~ground, LINE_PX + 1) & ground
    out[halo] = 16
    for kind in np.unique(big[~ground])[::-1]:
        mine = big == kind
        out[_grown(mine, LINE_PX) & ground] = colour_of(int(kind))
        out[mine & _grown(~ground & ~mine, 1)] = colour_of(int(kind))
    return out


def _grown(mask: Bits, by_px: int) -> Bits:
    around = np.ones((2 * by_px + 1, 2 * by_px + 1), np.uint8)
    return cv2.dilate(mask.view(np.uint8), around).view(np.bool_)


def image(rgb: Byte, alt: str, lossy: bool = False) -> Markup:
    """Return an img element that holds the picture itself."""
    kind, options = ("jpeg", [cv2.IMWRITE_JPEG_QUALITY, 85]) if lossy else ("png", [cv2.IMWRITE_PNG_COMPRESSION, 6])
    _, data = cv2.imencode(f".{kind if kind == 'png' else 'jpg'}", rgb[..., ::-1], options)
    uri = f"data:image/{kind};base64,{base64.b64encode(data.tobytes()).decode()}"
    return el("img", src=uri, alt=alt, width=rgb.shape[1], height=rgb.shape[0])
