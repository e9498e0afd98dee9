"""A number, or a folder of photographs, in; large pictures to cut scenes out of, painted or read once, out.

Painting a picture for each of a million lessons would take weeks. So the lessons of a block share a few large ones:
each cuts other places, at another size and turn, in other colours.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes.layers import Matrix
from restore.scenes.leaves import FULL, Canvas, Rng, Stuff, draw_stuff, paint, to_canvas

SIDE_PX = 640
LARGEST_PX = (60.0, 260.0)
"""Size of the largest leaves, log-uniform: from a crowd of things to a wall and the sky."""
ABREAST = 8
"""Atlases that lessons with successive seeds take turns in."""
BLOCK = 1024
"""Lessons that share ABREAST atlases."""
HELD = 24
"""Atlases kept in memory."""
PHOTO_SIDE_PX = 1280
"""Longer side that photographs are brought down to."""
PHOTOS = 0.6
"""Share of the lessons cut out of photographs where there are any."""
ENDINGS = {".jpg", ".jpeg", ".png", ".tif", ".tiff", ".webp", ".bmp"}


@dataclass(frozen=True, eq=False)
class Atlas:
    """A large picture and its half, for cutting things out of."""

    name: str
    picture: Canvas = field(repr=False)
    half: Canvas = field(repr=False)
    stuff: Stuff = field(repr=False)
    """Textures and colours for what is painted into the scene."""


@dataclass(frozen=True, eq=False)
class Cut:
    """A piece of an atlas: how its pixels come from scene coordinates (x, y) about its own middle."""

    source: Canvas = field(repr=False)
    matrix: Matrix
    """(3, 3): scene (x, y, 1) to atlas (x, y, 1)."""
    gain: tuple[float, float, float]

    def over(self, to_scene: Matrix, box: tuple[int, int, int, int]) -> Float:
        """Return the pixels of `box` (y0, x0, y1, x1); `to_scene` (3, 3) takes picture (x, y, 1) to the scene."""
        y0, x0, y1, x1 = box
        corner = np.array([[1.0, 0, x0], [0, 1, y0], [0, 0, 1]])
        whole = (self.matrix @ to_scene @ corner)[:2]
        out = cv2.warpAffine(
            self.source, whole, (x1 - x0, y1 - y0), flags=cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REFLECT_101,
        ).astype(np.float32)
        out *= np.array(self.gain, np.float32) * np.float32(1 / FULL)
        return out


def number_of(seed: int) -> int:
    """Return which atlas a lesson is cut out of: blocks of lessons share a few."""
    return seed // BLOCK * ABREAST + seed % ABREAST


def atlas_for(seed: int, textures: Path | None, share: float = PHOTOS) -> Atlas:
    """Return the atlas of a lesson, from `textures` for a share of them where that is a folder of photographs."""
    n = number_of(seed)
    if textures is not None and np.random.default_rng((n, 41)).random() < share:
        return photographed(n, textures)
    return painted(n)


@lru_cache(maxsize=HELD)
def painted(n: int) -> Atlas:
    """Paint the n-th atlas."""
    rng = np.random.default_rng((n, 40))
    stuff = draw_stuff(rng)
    largest = float(np.exp(rng.uniform(*np.log(LARGEST_PX))))
    return finish(f"leaves {n}", paint((SIDE_PX, SIDE_PX), largest, stuff, rng), stuff)


def finish(name: str, picture: Canvas, stuff: Stuff) -> Atlas:
    """Add the half size."""
    h, w = picture.shape[:2]
    half = cv2.resize(picture, (max(w // 2, 1), max(h // 2, 1)), interpolation=cv2.INTER_AREA)
    return Atlas(name, picture, half, stuff)


@lru_cache(maxsize=8)
def photographs(folder: Path) -> tuple[Path, ...]:
    """List the pictures of a folder, sorted. Raises ValueError where there are none."""
    found = tuple(sorted(p for p in folder.rglob("*") if p.suffix.lower() in ENDINGS))
    if not found:
        raise ValueError(f"{folder} was given for textures and holds no pictures ({', '.join(sorted(ENDINGS))})")
    return found


@lru_cache(maxsize=ABREAST + 2)
def photographed(n: int, folder: Path) -> Atlas:
    """Read the photograph that stands for the n-th atlas. Raises ValueError where it cannot be read."""
    rng = np.random.default_rng((n, 42))
    found = photographs(folder)
    path = found[int(rng.integers(len(found)))]
    read = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if read is None:
        raise ValueError(f"{path} was given for textures and could not be read as a picture; take it out of the folder")
    share = min(1.0, PHOTO_SIDE_PX / max(read.shape[:2]))
    size = (max(round(read.shape[1] * share), 64), max(round(read.shape[0] * share), 64))
    light = cv2.resize(read, size, interpolation=cv2.INTER_AREA)[..., ::-1].astype(np.float32) / np.float32(255)
    return finish(path.name, to_canvas(light), draw_stuff(rng))


def draw_cut(
    atlas: Atlas, zoom: tuple[float, float], rng: Rng, gain: float = 0.15, view: tuple[int, int] = (0, 0)
) -> Cut:
    """Draw a place of the atlas, its size, turn and mirroring, and a shift of its colours.

    A `view` (H, W) lies within the atlas as far as it can: beyond its edge the atlas is mirrored, and that shows.
    """
    size = float(np.exp(rng.uniform(*np.log(zoom))))
    half = size < 0.7
    source = atlas.half if half else atlas.picture
    scale = 1 / (2 * size if half else size)
    h, w = source.shape[:2]
    turn = np.pi / 2 * int(rng.integers(4)) * int(rng.random() < 0.3) + rng.normal(0, 0.05)
    flip = -1.0 if rng.random() < 0.5 else 1.0
    c, s = scale * np.cos(turn), scale * np.sin(turn)
    inside = np.minimum(0.55 * scale * max(view) / np.array((w, h)), 0.5)
    x, y = (np.maximum(inside, 0.1) + rng.random(2) * (1 - 2 * np.maximum(inside, 0.1))) * (w, h)
    matrix = np.array([[flip * c, -s, x], [flip * s, c, y], [0, 0, 1]])
    gains = np.exp(rng.normal(-gain, gain)) * np.exp(rng.normal(0, 0.3 * gain, 3))
    return Cut(source, matrix, (float(gains[0]), float(gains[1]), float(gains[2])))
