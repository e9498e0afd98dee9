"""Blenders in order and the patches they begin with in, the finished patch of one frame out."""

from __future__ import annotations

from collections.abc import Callable, MutableMapping, Sequence

from restore.blend import Blender
from restore.frames import Patch
from restore.window import Window


def blend_frame(
    chain: Sequence[Blender],
    window: Window,
    t: int,
    patch_of: Callable[[int], Patch],
    memo: MutableMapping[tuple[int, int], Patch] | None = None,
) -> Patch:
    """Return frame t's patch after all blenders; `patch_of(u)` gives any frame's as the fillers left it.

    Blender k may look at its neighbours as blender k - 1 left them, so the chain may reach as far as the sum of its
    reaches. Give the same `memo` for neighbouring frames of one chain, and each link is made once.
    """
    return _after(chain, len(chain), window, t, patch_of, {} if memo is None else memo)


def _after(
    chain: Sequence[Blender], k: int, window: Window, t: int,
    patch_of: Callable[[int], Patch], made: MutableMapping[tuple[int, int], Patch],
) -> Patch:
    """Return frame t's patch after k blenders. (A function that calls itself by closure would hold its patches.)"""
    if k == 0:
        return patch_of(t)
    if (k, t) not in made:
        made[k, t] = chain[k - 1].blend(window, t, lambda u: _after(chain, k - 1, window, u, patch_of, made))
    return made[k, t]


def reach_frames(chain: Sequence[Blender]) -> int:
    """Return how many frames to either side of a frame its patches have to be known."""
    return sum(b.reach_frames for b in chain)
