"""A piece of clean footage in, what `dirt` leaves open on it and what of that is dirt out: what `net`'s judge learns.

Pieces are worn as films are, with less damage than the first judge learns from: where much lies close together, dirt
has its like next to it in the next frame, which is how a swinging arm looks. Every piece is also looked at as it is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from restore.detect import _second
from restore.detect._netted import weights_at
from restore.detect.dirt import Look, Weighed, look_at
from restore.detect.net import Net
from restore.frames import Bits
from restore.measure.bench import Clip, damage_clip
from restore.scenes.damage import Damage
from restore.train.judge import ALL, GRAIN_LEVELS, GRAINY, LARGE, WORN_FRAC, Finds, Schooling, Trade, grainy
from restore.window import Window

FRAMES, LOOKED_AT = 8, (2, 3, 5)
"""Frames of a piece, and those of them that are looked at."""
BLOTCHED_FRAC = (0.003, 0.006, 0.012)
THOROUGH = 3
"""Every so many pieces are looked at as the step "thorough" does."""


def looked(window: Window, truth: Mapping[int, Bits], part: Net) -> Iterable[Finds]:
    """Yield what is left open on some frames of a window; `truth` is the damage (H, W) on each."""
    for t, damage in truth.items():
        look = look_at(part.first, window, t)
        weighed = None if look is None or look.at_end else look.weighed()
        if look is not None and weighed is not None:
            yield opened(look, weighed, damage, weights_at(part.weights, part.ships))


def opened(look: Look, weighed: Weighed, damage: Bits, weights: Path) -> Finds:
    """Return what is left open on a frame whose damage (H, W) is known."""
    found, some = weighed.things, _second.open_things(weighed)
    (h, w), scale = look.scene.here.shape, look.scene.scale
    room = ((0, h * scale - damage.shape[0]), (0, w * scale - damage.shape[1]))
    small = np.pad(damage, room).reshape(h, scale, w, scale).any((1, 3))
    share = found.total(small.ravel()[found.at].astype(np.float32)) / found.area
    values = _second.measure(look, weighed, some, _second.chances(look, found, some, weights))
    return Finds(values, share[some], (found.area[some] * scale**2).astype(np.float64), np.ones(len(some)))


def shown(clip: Clip, seed: int, n: int, part: Net) -> Iterable[Finds]:
    """Yield what is left open on a piece: worn, blotched, and as it is."""
    for kinds, shares in ((ALL, WORN_FRAC), (LARGE, BLOTCHED_FRAC)):
        wear = Damage(seed, clip.size, kinds=kinds, film_frames=FRAMES, damaged_frac=shares[n % 3])
        damaged = damage_clip(clip, wear)
        window = Window.of([d.planes for d in damaged], clip.pixels)
        yield from looked(window, {t: damaged[t].mask for t in LOOKED_AT}, part)
    clean = np.zeros(clip.size, bool)
    yield from looked(Window.of(clip.pictures, clip.pixels), dict.fromkeys(LOOKED_AT, clean), part)


def seen_of(clip: Clip, seed: int, n: int, weights: str = "") -> Finds:
    """Return what is left open on piece n of a clip; every so many are shown a second time with grain."""
    step = Net.sensitivity["thorough"] if n % THOROUGH == 1 else {}
    part = replace(Net(**step), weights=weights)  # type: ignore[arg-type]
    none = Finds(np.zeros((0, len(_second.NAMES))), *(np.zeros(0),) * 3)
    some = [none, *shown(clip, seed, n, part)]
    if n % GRAINY == 0:
        some += shown(grainy(clip, GRAIN_LEVELS[n // GRAINY % len(GRAIN_LEVELS)], seed), seed + 10**5, n, part)
    return Finds.of(some)


SCHOOLING = Schooling(nets=8, epochs=24, decay=0.1)
"""What is left open is little and of few clips: many small networks, held back."""


def trade(weights: str = "") -> Trade:
    """Return what the second judge is to know, with a network's weights of one's own where some are given."""
    see = partial(seen_of, weights=weights)
    return Trade(_second.SHIPS, _second.NAMES, FRAMES, see, "net.second_judge", SCHOOLING, "dirt")
