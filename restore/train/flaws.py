"""A clean picture in, what the network of `photo` finds on it and what of that is damage out: what its judge learns.

Each picture is shown at some scale between as sharp as its pixels and as soft as a scan of a print, with grain or
without, as it is and damaged lightly and badly; now and then it is a page of print.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import _flaws, photo
from restore.detect.photo import Photo
from restore.frames import Bits
from restore.measure.bench import Clip
from restore.nets import shelf
from restore.scenes.lesson import Taught, dirtied
from restore.scenes.still import StillLesson, draw_page
from restore.train.judge import CLEAN_TO, DIRT_FROM, Finds, Schooling, Trade
from restore.train.subjects import STILL_GROUPS, unseen, window_of

FRAMES = 1
ZOOM = (0.5, 3.0)
"""Pictures are shown so many times their size, log-uniform: below 1 they are sharper than most lenses."""
LARGEST_PX = (576, 768)
GRAINY_SHARE, GRAIN = 0.6, (0.004, 0.03)
"""So many are given grain of such a deviation, of the whole range."""
JPEG_SHARE, JPEG_QUALITY = 0.35, (75, 96)
PAGES = 8
"""Every so many pictures are a page of print instead."""
SEVERITIES = (0.0, 0.25, 0.6)
SOUGHT = tuple(label for group in STILL_GROUPS.values() for label in group)


def picture_of(clip: Clip, seed: int, n: int) -> Float:
    """Return what is shown of a clip's first frame (H, W, 3), grey, 0 to 1."""
    rng = np.random.default_rng((seed, 63))
    if n % PAGES == PAGES - 1:
        page = draw_page(StillLesson(seed, LARGEST_PX), rng)
        return grained(page.mean(-1, dtype=np.float32), rng)
    luma = clip.pictures[0][0].astype(np.float32) / clip.pixels.peak
    zoom = float(np.exp(rng.uniform(*np.log(ZOOM))))
    way = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    luma = cv2.resize(luma, None, fx=zoom, fy=zoom, interpolation=way)
    room = (max(1, have - most + 1) for have, most in zip(luma.shape, LARGEST_PX, strict=True))
    top, left = (int(rng.integers(0, r)) for r in room)
    return grained(luma[top : top + LARGEST_PX[0], left : left + LARGEST_PX[1]], rng)


def grained(luma: Float, rng: np.random.Generator) -> Float:
    """Return luma (H, W) as a picture (H, W, 3) that may have grain."""
    if rng.random() < GRAINY_SHARE:
        noise = cv2.GaussianBlur(rng.normal(0, 1, luma.shape).astype(np.float32), (0, 0), float(rng.uniform(0.3, 1.0)))
        luma = luma + noise / noise.std() * np.float32(rng.uniform(*GRAIN))
    return np.repeat(np.clip(luma, 0, 1).astype(np.float32)[..., None], 3, -1)


def damaged(clean: Float, seed: int, severity: float) -> tuple[Taught, Bits]:
    """Return a picture with damage on it as it is scanned, and where that may be found or not (H, W)."""
    h, w = clean.shape[:2]
    rng = np.random.default_rng((seed, 64))
    stamps = StillLesson(seed, (h, w)).stamps(w, severity, rng)
    worn, labels = dirtied(clean, stamps)
    taught = Taught(clean, worn, np.where(np.abs(worn - clean).max(-1) > 2 / 255, labels, 0).astype(np.uint8))
    open_ = (taught.labels > 0) & (unseen(taught) | ~np.isin(taught.labels, SOUGHT))
    if rng.random() < JPEG_SHARE:
        quality = int(rng.integers(*JPEG_QUALITY))
        clean, worn = (compressed(p, quality) for p in (clean, worn))
    return Taught(clean, worn, taught.labels), open_


def compressed(picture: Float, quality: int) -> Float:
    """Return a picture (H, W, 3) after JPEG."""
    codes = np.rint(np.clip(picture, 0, 1) * 255).astype(np.uint8)
    _, file = cv2.imencode(".jpg", codes, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(file, cv2.IMREAD_COLOR), np.float32) / np.float32(255)


def looked(taught: Taught, open_: Bits, weights: Path) -> Iterator[Finds]:
    """Yield what is found on a picture; what lies on damage that is `open_` (H, W) teaches nothing."""
    window = window_of(taught.damaged_grey[None])
    seen = photo.seen_in(window, 0, weights)
    for step in range(len(_flaws.LEVELS)):
        found, values = _flaws.measure(seen, step, photo.sharpness(window, 0))
        true, either = (
            found.total(bits.ravel()[found.at].astype(np.float32)) / np.maximum(found.area, 1)
            for bits in ((taught.labels > 0) & ~open_, taught.labels > 0)
        )
        clear = ~((true < either) & (true <= DIRT_FROM) & (either > CLEAN_TO))
        yield Finds(values[clear], true[clear], found.area[clear].astype(np.float64), np.ones(int(clear.sum())))


def shown(clip: Clip, seed: int, n: int, weights: Path) -> Iterator[Finds]:
    """Yield what is found on a picture as it is, and damaged."""
    clean = picture_of(clip, seed, n)
    for k, severity in enumerate(SEVERITIES):
        yield from looked(*damaged(clean, 10 * seed + k, severity), weights)


def seen_of(clip: Clip, seed: int, n: int, weights: Path) -> Finds:
    """Return what is found on a picture of a clip."""
    return Finds.of(shown(clip, seed, n, weights))


SCHOOLING = Schooling(care=10.0, nets=8, epochs=20, decay=0.3)
"""Held back, and cautious: among sharp pictures every other one has things that those it learnt from had not."""


def trade(weights: str = "") -> Trade:
    """Return what the judge of `photo` is to know, with a network's weights of one's own where some are given."""
    see = partial(seen_of, weights=shelf.chosen(weights, Photo.ships))
    return Trade("flaws", _flaws.NAMES, FRAMES, see, "detect.photo.judge", SCHOOLING, "damage")
