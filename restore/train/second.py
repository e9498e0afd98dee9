"""A piece of clean footage in, what `dirt` leaves open on it and what of that is dirt out: what second judges learn.

Pieces are worn as films are, with less damage than the first judge learns from: where much lies close together, dirt
has its like next to it in the next frame, which is how a swinging arm looks. Every piece is also looked at as it is,
and with things flung through it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np

from restore.detect import _reasons, _second
from restore.detect._look import Look, Weighed, look_at
from restore.detect.dirt import Dirt
from restore.detect.net import Net
from restore.frames import Bits
from restore.measure.bench import Clip, damage_clip
from restore.nets import shelf
from restore.scenes.damage import Damage
from restore.scenes.flung import flung
from restore.train.judge import ALL, GRAIN_LEVELS, GRAINY, LARGE, LOOKED_AT, WORN_FRAC, Finds, Schooling, Trade, grainy
from restore.window import Window

FRAMES, WORN = 16, slice(4, 12)
"""Frames of a piece, and those of them that are damaged: what moves so that it is taken for dirt does so on few frames,
and all of a piece are looked at for it."""
BLOTCHED_FRAC = (0.003, 0.006, 0.012)
FLUNG = 0.02
"""What is flung through a piece counts for so little: there is much of it, and little in real footage."""
THOROUGH = 3
"""Every so many pieces are looked at as the step "thorough" does."""


def looked(window: Window, truth: Mapping[int, Bits], part: Dirt, weights: Path | None) -> Iterable[Finds]:
    """Yield what a part leaves open on some frames of a window; `truth` is the damage (H, W) on each.

    What a network of these `weights` says of it is among what is measured, where they are given.
    """
    for t, damage in truth.items():
        look = look_at(part, window, t)
        weighed = None if look is None or look.at_end else look.weighed()
        if look is not None and weighed is not None:
            yield opened(look, weighed, damage, weights)


def opened(look: Look, weighed: Weighed, damage: Bits, weights: Path | None) -> Finds:
    """Return what is left open on a frame whose damage (H, W) is known."""
    found, some = weighed.things, _second.open_things(look, weighed)
    (h, w), scale = look.scene.here.shape, look.scene.scale
    room = ((0, h * scale - damage.shape[0]), (0, w * scale - damage.shape[1]))
    small = np.pad(damage, room).reshape(h, scale, w, scale).any((1, 3))
    share = found.total(small.ravel()[found.at].astype(np.float32)) / found.area
    values = _second.heard(look, weighed, some, weights) if weights else _reasons.measure(look, weighed, some)
    return Finds(values, share[some], (found.area[some] * scale**2).astype(np.float64), np.ones(len(some)))


def shown(clip: Clip, seed: int, n: int, weights: Path | None) -> Iterable[Finds]:
    """Yield what is left open on a piece: worn, blotched, and as it is."""
    part = Dirt(**(Dirt.sensitivity["thorough"] if n % THOROUGH == 1 else {}))  # type: ignore[arg-type]
    few = replace(clip, pictures=clip.pictures[WORN])
    for kinds, shares in ((ALL, WORN_FRAC), (LARGE, BLOTCHED_FRAC)):
        wear = Damage(seed, clip.size, kinds=kinds, film_frames=len(few.pictures), damaged_frac=shares[n % 3])
        damaged = damage_clip(few, wear)
        window = Window.of([d.planes for d in damaged], clip.pixels)
        yield from looked(window, {t: damaged[t].mask for t in LOOKED_AT}, part, weights)
    yield from undamaged(clip, part, weights)


def undamaged(clip: Clip, part: Dirt, weights: Path | None) -> Iterable[Finds]:
    """Yield what is left open on all frames of a clip that have neighbours, where nothing is damage."""
    every, clean = range(LOOKED_AT[0], len(clip.pictures) - LOOKED_AT[0]), np.zeros(clip.size, bool)
    return looked(Window.of(clip.pictures, clip.pixels), dict.fromkeys(every, clean), part, weights)


def seen_of(clip: Clip, seed: int, n: int, weights: Path | None = None) -> Finds:
    """Return what is left open on piece n of a clip; every so many are shown a second time with grain, and all of them
    once more with things that are flung through them.
    """
    names = _second.NAMES if weights else _second.ALONE
    none = Finds(np.zeros((0, len(names))), *(np.zeros(0),) * 3)
    some = [none, *shown(clip, seed, n, weights)]
    if n % GRAINY == 0:
        some += shown(grainy(clip, GRAIN_LEVELS[n // GRAINY % len(GRAIN_LEVELS)], seed), seed + 10**5, n, weights)
    beside = replace(clip, pictures=flung(clip.pictures, clip.pixels, seed))
    some += (replace(found, weight=FLUNG * found.weight) for found in undamaged(beside, Dirt(), weights))
    return Finds.of(some)


SCHOOLING, HEARING = (Schooling(nets=8, epochs=24, decay=decay) for decay in (0.03, 0.1))
"""What is left open is little and of few clips: many small networks, held back; more so where a network has a
say, which is believed too much."""
AGAIN = Trade(
    _second.SHIPS_ALONE, _second.ALONE, FRAMES, seen_of, "detect.dirt.second_judge", SCHOOLING, "dirt"
)
"""What the second judge of `dirt` is to know."""


def trade(weights: str = "") -> Trade:
    """Return what the second judge of `net` is to know, with a network's weights of one's own where some are given."""
    see = partial(seen_of, weights=shelf.chosen(weights, Net.ships))
    return Trade(_second.SHIPS, _second.NAMES, FRAMES, see, "detect.net.second_judge", HEARING, "dirt")
