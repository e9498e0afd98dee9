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
    made = {} if memo is None else memo

    def after(k: int, u: int) -> Patch:
        if k == 0:
            return patch_of(u)
        if (k, u) not in made:
            made[k, u] = chain[k - 1].blend(window, u, lambda v: after(k - 1, v))
        return made[k, u]

    return after(len(chain), t)


def reach_frames(chain: Sequence[Blender]) -> int:
    """Return how many frames to either side of a frame its patches have to be known."""
    return sum(b.reach_frames for b in chain)
