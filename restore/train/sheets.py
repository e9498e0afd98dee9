"""Held-back crops and what was made of them in, a score and a picture to look at out."""

from __future__ import annotations

import cv2
import numpy as np

from restore.colour import Float
from restore.train.pieces import Batch, Pixels8

SHOWN = 5
"""Rows of a sample sheet."""


def telea(held: list[Batch]) -> list[Float]:
    """Return crops (n, 3, s, s) filled by OpenCV's Telea, to compare with."""
    return [np.stack([_telea(s, k[0]) for s, k in zip(h.seen, h.known, strict=True)]) for h in held]


def _telea(seen: Float, known: Float) -> Float:
    levels = np.clip(np.rint(seen * 255), 0, 255).astype(np.uint8).transpose(1, 2, 0)
    done = cv2.inpaint(np.ascontiguousarray(levels), (known < 0.5).astype(np.uint8), 3, cv2.INPAINT_TELEA)
    return np.where(known > 0, seen, done.transpose(2, 0, 1).astype(np.float32) / 255)


def decibels(held: list[Batch], fills: list[Float]) -> float:
    """Return the PSNR in the holes, the mean over crops that have any."""
    out = []
    for h, fill in zip(held, fills, strict=True):
        for clean, one, known in zip(h.clean, fill, h.known, strict=True):
            hole = known[0] < 0.5
            if hole.any():
                out.append(-10 * np.log10(max(float(np.square(one - clean)[:, hole].mean()), 1e-7)))
    return float(np.mean(out))


def sheet(held: Batch, rival: Float, fill: Float) -> Pixels8:
    """Return a picture (H, W, 3): what was seen, Telea's fill, the network's and the truth, side by side."""
    rows = [np.concatenate([s * k, t, f, c], 2)
            for s, k, t, f, c in zip(held.seen, held.known, rival, fill, held.clean, strict=True)][:SHOWN]
    whole = np.concatenate(rows, 1).transpose(1, 2, 0)
    return cv2.resize((np.clip(whole, 0, 1) * 255).astype(np.uint8), None, fx=2, fy=2, interpolation=cv2.INTER_NEAREST)
