"""A frame number of the video in, the film frames it shows and their place in time out: repeats, pulldown, fields."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from restore.colour import Float
from restore.scenes.leaves import Rng

Sort = Literal["steady", "double", "every", "twos", "pulldown", "fields"]
SHARES: dict[Sort, float] = {
    "steady": 0.78, "double": 0.03, "every": 0.06, "twos": 0.04, "pulldown": 0.05, "fields": 0.04,
}
CUTS = 0.12
"""Share of lessons with a cut."""
PULLDOWN = ((0, 0), (1, 1), (1, 2), (2, 3), (3, 3))
"""Film frames that the two fields of five video frames show: 2:3 pulldown."""


@dataclass(frozen=True)
class Clock:
    """How film frames follow each other on the video, and the scene on the film."""

    sort: Sort = "steady"
    """steady: one film frame a frame. double: each shown twice. every: each `n`th is shown twice (18 on 24). twos: the
    scene moves on every other film frame, as in animation, but each has grain and dirt of its own. pulldown: four film
    frames on five of video. fields: a video camera's, two moments a frame."""
    n: int = 4
    offset: int = 0
    blended: bool = False
    """The two fields of a frame are averaged; otherwise they lie in alternate lines."""
    cut: int | None = None
    """Film frame that begins another scene."""

    def shows(self, t: int) -> tuple[int, int]:
        """Return the film frames in the upper and lower field of video frame t, 0 or more; the first is 0."""
        (first, _), (upper, lower) = self.reached(self.offset), self.reached(t + self.offset)
        return upper - first, lower - first

    def reached(self, t: int) -> tuple[int, int]:
        """Return the film frames in the fields of the t-th frame of a cycle that begins with film frame 0."""
        if self.sort == "double":
            return t // 2, t // 2
        if self.sort == "every":
            k = t - t // self.n
            return k, k
        if self.sort == "pulldown":
            a, b = PULLDOWN[t % 5]
            return 4 * (t // 5) + a, 4 * (t // 5) + b
        return (2 * t, 2 * t + 1) if self.sort == "fields" else (t, t)

    def scene_time(self, k: int) -> float:
        """Return when, in frames, what film frame k shows took place."""
        return (k + self.n % 2) // 2 * 2.0 if self.sort == "twos" else k / 2 if self.sort == "fields" else float(k)

    def scene(self, k: int) -> int:
        """Return which scene film frame k shows."""
        return int(self.cut is not None and k >= self.cut)

    def mixed(self, upper: Float, lower: Float) -> Float:
        """Return one frame of two fields (H, W, C)."""
        if self.blended:
            return (upper + lower) * np.float32(0.5)
        out = upper.copy()
        out[1::2] = lower[1::2]
        return out


def draw_clock(frames: int, rng: Rng) -> Clock:
    """Draw how frames follow each other, and where a cut is."""
    sorts = tuple(SHARES)
    sort = sorts[int(rng.choice(len(sorts), p=tuple(SHARES.values())))]
    clock = Clock(sort, int(rng.integers(2, 6)), int(rng.integers(0, 10)), bool(rng.random() < 0.3))
    cut = int(rng.integers(0, clock.shows(frames - 1)[1] + 1)) + 1
    return Clock(clock.sort, clock.n, clock.offset, clock.blended, cut if rng.random() < CUTS and frames > 1 else None)
