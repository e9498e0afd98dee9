"""Wires, ropes, twigs and grass that hang and stand in the scene: thin lines, which are no hairs and no scratches."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from restore.colour import Float
from restore.scenes.actors import Actor, Stage
from restore.scenes.actors._brush import box_round, is_empty, lay, strokes
from restore.scenes.layers import Wave
from restore.scenes.leaves import Rng

SHARE = 0.35
WIDTH_PX = (1.0, 7.0)
"""At 2K, log-uniform."""
SORTS = ("wire", "wires", "rope", "twigs", "grass")


@dataclass(frozen=True, eq=False)
class Lines:
    """Lines of one width and colour that move with the scene, and sway."""

    stage: Stage = field(repr=False)
    depth: float
    near: float
    paths: tuple[Float, ...] = field(repr=False)
    """Points (n, 2) (x, y) in the scene."""
    loose: tuple[Float, ...] = field(repr=False)
    """(n,) how much each point sways."""
    sway: Wave
    width_px: float
    tone: tuple[float, float, float]
    opacity: float

    def play(self, picture: Float, t: float) -> None:
        """Paint itself on the picture of time t."""
        swung = np.float32(self.sway.at(t))
        lines = []
        for path, loose in zip(self.paths, self.loose, strict=True):
            moved = path.copy()
            moved[:, 0] += swung * loose
            lines.append(self.stage.carry(moved, t, self.near))
        box = box_round(np.concatenate(lines), self.width_px, self.stage.size)
        if not is_empty(box):
            lay(picture, box, strokes(lines, self.width_px, box) * np.float32(self.opacity), self.tone)


def draw(stage: Stage, rng: Rng) -> list[Actor]:
    """Draw one sort of lines."""
    sort = SORTS[int(rng.integers(len(SORTS)))]
    width = max(float(np.exp(rng.uniform(*np.log(WIDTH_PX)))) * stage.scale, 0.45)
    tone = (float(rng.uniform(0.02, 0.25)),) * 3
    if rng.random() < 0.4:
        r, g, b = np.clip(stage.atlas.stuff.palette[int(rng.integers(9))] * rng.uniform(0.5, 1.6), 0.02, 0.97)
        tone = float(r), float(g), float(b)
    paths = {"wire": hung, "wires": hung, "rope": hung, "twigs": grown, "grass": blades}[sort](stage, sort, rng)
    ends = [np.linspace(0, 1, len(p), dtype=np.float32) for p in paths]
    loose = tuple(e**2 if sort in ("twigs", "grass") else 4 * e * (1 - e) for e in ends)
    reach = float(rng.exponential(3)) * stage.scale * stage.moving
    sway = Wave(reach, 2 * np.pi * reach / float(rng.uniform(10, 60)), float(rng.uniform(0, 6.283)))
    near = 1 + 0.5 * float(rng.random())
    return [Lines(stage, near, near, tuple(paths), loose, sway, width, tone, float(rng.uniform(0.6, 1)))]


def hung(stage: Stage, sort: str, rng: Rng) -> list[Float]:
    """Draw wires from end to end of the picture, at any slope and with a sag; a rope hangs down."""
    h, w = stage.size
    far = 1.6 * max(h, w)
    slope = float(rng.normal(np.pi / 2, 0.05) if sort == "rope" or rng.random() < 0.25 else rng.uniform(0, np.pi))
    along, across = np.array((np.cos(slope), np.sin(slope))), np.array((-np.sin(slope), np.cos(slope)))
    at, x = stage.place(rng, 0.4), np.linspace(-1, 1, 40)
    sag, gap = rng.normal(0, 0.12) * far * abs(np.cos(slope)), rng.uniform(4, 30) * max(stage.scale, 0.4)
    count = 1 if sort != "wires" else int(rng.integers(2, 7))
    line = at + along * far * x[:, None] + np.array((0.0, sag)) * (1 - x[:, None] ** 2)
    return [np.asarray(line + across * (n * gap), np.float32) for n in range(count)]


def grown(stage: Stage, _sort: str, rng: Rng) -> list[Float]:
    """Draw a branch with twigs."""
    paths: list[Float] = []
    ends = [(stage.place(rng, 0.6), float(rng.uniform(0, 6.283)), float(rng.uniform(0.4, 1.0)) * max(stage.size))]
    while ends and len(paths) < 24:
        at, heading, length = ends.pop(0)
        headings = heading + np.cumsum(rng.normal(0, 0.12, 16))
        steps = np.stack([np.cos(headings), np.sin(headings)], -1) * length / 16
        path = np.asarray(at + np.cumsum(steps, 0), np.float32)
        paths.append(path)
        for _ in range(int(rng.integers(1, 5)) if length > 10 else 0):
            n = int(rng.integers(3, 16))
            ends.append((path[n], float(headings[n] + rng.choice((-1, 1)) * rng.uniform(0.4, 1.0)), length * 0.45))
    return paths


def blades(stage: Stage, _sort: str, rng: Rng) -> list[Float]:
    """Draw blades of grass or reeds, side by side."""
    h, w = stage.size
    x = np.linspace(0, 1, 8)
    foot = float(rng.uniform(0.1, 0.6)) * h
    drawn = []
    for _ in range(int(rng.integers(5, 40))):
        tall, lean = rng.uniform(0.2, 0.8) * h, rng.normal(0, 0.25)
        base = np.array((rng.uniform(-0.6, 0.6) * w, foot + rng.uniform(0, 0.2) * h))
        drawn.append(np.asarray(base + np.stack([lean * tall * x**2, -tall * x], -1), np.float32))
    return drawn
