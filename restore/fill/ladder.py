"""A ladder of fillers and a frame in, one Patch out: each filler gets what the ones before it left open."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from restore.colour import Float, to_codes
from restore.errors import PartError
from restore.fill import Filler, Filling
from restore.frames import DONOR, Bits, Patch, empty_patch, support
from restore.source import PixelFormat, Plane
from restore.window import Window

_rooms = threading.local()


def fill_frame(
    ladder: Sequence[Filler], window: Window, t: int, invent: bool = True, hole: Bits | None = None
) -> Patch:
    """Fill what is hidden in frame t, or only `hole` of it; `invent` False leaves out fillers that make pixels up.

    A chroma sample belongs to the filler that closes the last hole pixel under it. What no filler could do is not
    in the patch's mask; a chroma sample that such a pixel shares with a filled one keeps the last filler's value.
    Raises PartError where a filler answers with arrays that do not fit the frame.
    """
    hole = window.hidden(t) if hole is None else hole
    patch = empty_patch(t, window.pixels, window.size)
    if not hole.any():
        return patch
    picture = window.picture(t)
    planes = [working(p, k) for k, p in enumerate(picture.planes[: window.pixels.colour_planes])]
    left = hole.copy()
    for k, filler in enumerate(ladder):
        if not left.any():
            break
        if filler.invents and not invent:
            continue
        filling = filler.fill(window, t, tuple(planes), left)
        check(filling, filler, planes, left)
        done = filling.done & left
        # Samples still open under `done` are written even where another hole pixel shares them: the filler that
        # closes them writes last.
        for plane, new, under in zip(planes, filling.planes, places(done, window.pixels), strict=True):
            plane.ravel()[under] = new.ravel()[under]
        patch.origin[done] = 2 + k if filler.invents else DONOR
        if not filler.invents and filling.offset is not None:
            patch.offset[done] = filling.offset[done]
        left &= ~done
    np.logical_and(hole, ~left, out=patch.mask)
    write_codes(patch, planes, window.pixels)
    return patch


def working(plane: Plane, number: int) -> Float:
    """Return a plane as float32, in memory that this thread's next frame uses again: fresh memory is slow."""
    rooms: dict[int, Float] = _rooms.__dict__.setdefault("planes", {})
    if number not in rooms or rooms[number].shape != plane.shape:
        rooms[number] = np.empty(plane.shape, np.float32)
    np.copyto(rooms[number], plane)
    return rooms[number]


def write_codes(patch: Patch, planes: Sequence[Float], pixels: PixelFormat) -> None:
    """Put working samples under the patch's mask into its planes, as legal code values."""
    for plane, out, under in zip(planes, patch.planes, places(patch.mask, pixels), strict=True):
        out.ravel()[under] = to_codes(plane.ravel()[under], pixels)


def places(mask: Bits, pixels: PixelFormat) -> list[npt.NDArray[np.intp]]:
    """Return for each colour plane the places of the samples under a mask in the flattened plane."""
    made: dict[tuple[int, int], npt.NDArray[np.intp]] = {}
    for p in range(pixels.colour_planes):
        if pixels.shift(p) not in made:
            made[pixels.shift(p)] = np.flatnonzero(support(mask, pixels, p))
    return [made[pixels.shift(p)] for p in range(pixels.colour_planes)]


def check(filling: Filling, filler: Filler, planes: Sequence[Float], left: Bits) -> None:
    """Raise PartError where a filling's shapes are not the frame's."""
    wanted = [p.shape for p in planes]
    found = [p.shape for p in filling.planes]
    if found != wanted or filling.done.shape != left.shape:
        raise PartError(
            f"{type(filler).__name__} gave planes {found} and done {filling.done.shape}; "
            f"needed are planes {wanted} and done {left.shape}. A filler returns arrays of the frame's own shapes."
        )
