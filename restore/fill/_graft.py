"""A hole that was drawn, and into which real pixels were copied, in; both in one out.

What is drawn has the right tones and no texture; what is copied has texture and edges, here and there of another tone
or in another place. Where the two nearly agree once both are blurred, the drawing gives the tones and the copies what
is finer. Where they do not, one has put an edge where the other has none; a mean of both would show either as a veil,
so there the copies stand nearly alone. Next to the rim the drawing is right about everything.
"""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.fill._look import look
from restore.frames import Bits, support
from restore.source import PixelFormat

Planes = tuple[Float, ...]
Part = tuple[slice, slice]

SPLIT_PX = 2.0
"""Deviation of the Gaussian that tells tones from what is finer."""
AROUND_PX, APART = 4.0, 14.0
"""Blurred by so much, they differ by so many 8-bit levels where the drawing's say has gone down to 1 / e ..."""
LEAST = 0.12
"""... and it keeps so much of it everywhere."""
RIM_PX = 4.0
"""From the rim inwards the copies gain their say over so much."""
TINY = np.float32(1e-3)


def low(plane: Float, sigma_px: float, shift: tuple[int, int] = (0, 0)) -> Float:
    """Return what a Gaussian leaves of a plane (h, w) or image; its deviation shrinks with the plane's subsampling."""
    y, x = (sigma_px / (1 << s) for s in shift)
    return cv2.GaussianBlur(plane, (0, 0), sigmaX=x, sigmaY=y, borderType=cv2.BORDER_REFLECT_101).reshape(plane.shape)


def inside(plane: Float, hole: Bits, sigma_px: float, shift: tuple[int, int] = (0, 0)) -> Float:
    """Return the blurred values of a plane (h, w) or image, of which only those in the hole count."""
    mask = hole.reshape(*hole.shape, *(1,) * (plane.ndim - 2))
    share: Float = np.maximum(low(mask.astype(np.float32), sigma_px, shift), TINY)
    return low(np.where(mask, plane, np.float32(0)), sigma_px, shift) / share


def agreement(drawn: Planes, copied: Planes, hole: Bits, part: Part, pixels: PixelFormat) -> Float:
    """Return for each place of a part of the frame (h, w) what say the drawing has about tones: `LEAST` to 1."""
    everything = np.broadcast_to(np.True_, drawn[0].shape)
    difference = look(drawn, everything, part, pixels) - look(copied, everything, part, pixels)
    apart = np.square(inside(difference, hole, AROUND_PX)).sum(-1) / np.float32(APART**2)
    return np.maximum(np.exp(-apart), np.float32(LEAST))


def depth(hole: Bits) -> Float:
    """Return the say (h, w) that copies have for being away from the rim of the hole: 0 to 1."""
    deep = cv2.distanceTransform(hole.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    return np.clip((deep - 0.5) / np.float32(RIM_PX), 0, 1).astype(np.float32)


def graft(drawn: Planes, copied: Planes, hole: Bits, part: Part, pixels: PixelFormat, strength: float) -> None:
    """Join what is drawn (a frame's planes) and copied in a part of them with a hole (h, w): into `copied`.

    `strength` is how much of the finer band is the copies' where both agree.
    """
    tones = agreement(drawn, copied, hole, part, pixels)
    deep, fine = depth(hole), tones * np.float32(1 - strength)
    for p, (sketch, copy) in enumerate(zip(drawn, copied, strict=True)):
        shift = pixels.shift(p)
        box = tuple(slice(n.start >> s, (n.stop + (1 << s) - 1) >> s) for n, s in zip(part, shift, strict=True))
        under = support(hole, pixels, p)
        every = np.s_[:: 1 << shift[0], :: 1 << shift[1]]
        apart = sketch[box] - copy[box]
        coarse = inside(apart, under, SPLIT_PX, shift)
        joined = copy[box] + tones[every] * coarse + fine[every] * (apart - coarse)
        copy[box][under] = (sketch[box] + deep[every] * (joined - sketch[box]))[under]
