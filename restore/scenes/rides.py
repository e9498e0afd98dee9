"""A folder of photographs and a seed in, a shot over one of them out: panned, shaken, zoomed, driven into.

What is rigid moves in a way that is known, and whatever runs up and down in it is no scratch, least of all what looks
like one: rails and wires that point at where the camera is heading lie still on the screen while the scene parts beside
them, poles stand before what is behind them, striped facades repeat themselves. All of these are in every shot.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes.atlas import photographs
from restore.scenes.layers import Matrix
from restore.scenes.leaves import Rng
from restore.scenes.light import remembered
from restore.scenes.look import Look, draw_look
from restore.scenes.native import to_native
from restore.source import PixelFormat, Plane

Move = Literal["drive", "pan", "shake", "zoom", "stand"]
MOVES: tuple[Move, ...] = ("drive", "pan", "drive", "shake", "zoom", "drive", "stand", "pan")
"""Taken in turn: driving forwards is what other footage has least of."""
SIZES = ((480, 640), (368, 480), (540, 720), (576, 1024), (400, 720))
ROOM = 1.6
"""The photograph is so much larger than the picture: room to pan, and detail to drive into."""
PACE = (0.004, 0.025)
"""A drive or a zoom grows the picture by such a share a frame."""
SHAKE_MEMORY = 0.8
JUMPY = (0.35, 3.0)
"""Such a share of the films lies so many times farther off in its gate: worn perforations."""
PERIOD_PX = (4.5, 40.0)
"""Of striped facades: fine ones jump by a whole stripe and look as if they had not moved."""
HELD = 2
"""Shots kept in memory."""
RAIL_FRAC = (0.003, 0.015)
"""How much wider a rail is a row farther from where it ends, columns."""
STREAM = 64
"""Points of the light along a rail, repeated."""


@dataclass(frozen=True)
class Rail:
    """A line through the point the camera heads for: it lies where it is, and only its light streams along it."""

    slope: float
    """Columns a row."""
    below: bool
    """On the ground, or a wire overhead."""
    width: float
    """Columns wide, a row away from the point it ends in."""
    amplitude: float
    """Signed; 1 is the whole range."""
    light: Float
    """(STREAM,) what its strength varies by, along the way driven."""
    glint: Float
    """(STREAM,) and on the screen."""
    grooved: bool
    """Whether a line of the other sign runs beside it."""


@dataclass(frozen=True, eq=False)
class Scene:
    """What a ride goes over."""

    ground: Float
    """(h, w, 3), in [0, 1]."""
    near: Float
    """(h, w, 4): poles and ropes that stand before it, light (not weighted) and opacity."""
    rails: tuple[Rail, ...]
    heading: tuple[float, float]
    """(y, x) on the picture that a drive is headed for."""
    pan_px: tuple[float, float]
    """(y, x) a frame."""
    pace: float
    shake_px: float
    gate_px: float
    """How far the film lies off in the gate, its own way on every frame (standard deviation)."""
    nearer: float
    """Poles go so many times farther than what is behind them."""
    hold: int
    """Every so many frames one is shown twice, as transfers of slow film do; 0 for never."""
    look: Look


@dataclass(frozen=True)
class Ride:
    """A shot as a pure function of (seed, frame)."""

    folder: Path
    """Of photographs."""
    seed: int
    number: int = 0
    """Picks the move and the size in turn."""
    frames: int = 36

    @property
    def move(self) -> Move:
        """How the camera goes."""
        return MOVES[self.number % len(MOVES)]

    @property
    def size(self) -> tuple[int, int]:
        """(H, W) in pixels."""
        return SIZES[self.number % len(SIZES)]

    def planes(self, t: int, pixels: PixelFormat) -> tuple[Plane, ...]:
        """Return frame t as native planes (h, w) in code values. Raises ValueError where a photograph is unreadable."""
        return to_native(self.rgb(t), pixels)

    def rgb(self, t: int) -> Float:
        """Return frame t, (H, W, 3) float32 in [0, 1]."""
        scene = scene_of(self)
        # A frame that is held has the scene of the last, and its own grain.
        u = t - t // scene.hold if scene.hold else t
        out = laid(scene.ground, matrix(self, scene, u, 1.0), self.size)
        before = laid(scene.near, matrix(self, scene, u, scene.nearer), self.size)
        out += before[..., 3:] * (before[..., :3] - out)
        if self.move == "drive":
            jolt = shaken(self, scene, u, 1.0)
            for rail in scene.rails:
                lay_rail(out, rail, (scene.heading[0] + jolt[0], scene.heading[1] + jolt[1]), scene.pace * u)
        return scene.look.show(np.clip(out, 0, 1), (self.seed, 72), t)


def shaken(ride: Ride, scene: Scene, t: int, nearer: float) -> tuple[float, float]:
    """Return where (y, x) a hand, which moves near things more, and a film in its gate hold frame t."""
    hand = nearer * scene.shake_px * remembered((ride.seed, 73), t, 2, SHAKE_MEMORY)
    gate = scene.gate_px * remembered((ride.seed, 74), t, 2, 0.3)
    return float(hand[0] + gate[0]), float(hand[1] + 0.7 * gate[1])


def matrix(ride: Ride, scene: Scene, t: int, nearer: float) -> Matrix:
    """Return what takes the canvas (x, y, 1) to frame t, for things so many times nearer than the ground."""
    h, w = ride.size
    y, x = shaken(ride, scene, t, nearer)
    grown = float(np.exp(nearer * scene.pace * t)) / (ROOM if scene.pace > 0 else 1.0)
    cy, cx = scene.heading
    dy, dx = (nearer * p * (t - ride.frames / 2) for p in scene.pan_px)
    # The middle of the canvas lies at the heading of a drive, and in the middle of the picture of any other move.
    return np.array([
        [grown, 0, cx + dx + x - grown * ROOM * w * cx / w],
        [0, grown, cy + dy + y - grown * ROOM * h * cy / h],
    ])


def laid(canvas: Float, where: Matrix, size: tuple[int, int]) -> Float:
    """Return a canvas as it lies on the picture (H, W)."""
    return np.asarray(cv2.warpAffine(
        canvas, where, size[::-1], flags=cv2.INTER_CUBIC if canvas.shape[2] == 3 else cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REFLECT_101,
    ), np.float32)


def lay_rail(out: Float, rail: Rail, end: tuple[float, float], gone: float) -> None:
    """Draw a rail or a wire through `end` (y, x) on a picture (H, W, 3), which has grown by exp(gone)."""
    h, w = out.shape[:2]
    rows = np.arange(max(int(end[0]) + 4, 0), h) if rail.below else np.arange(0, min(int(end[0]) - 4, h))
    if not rows.size:
        return
    away = np.abs(rows - end[0]).astype(np.float32)
    knots = np.arange(STREAM)
    along = 12 * (np.log(away) - gone)
    strength = 1 + np.interp(along, knots, rail.light, period=STREAM) + np.interp(away / 9, knots, rail.glint,
                                                                                 period=STREAM)
    strength = np.asarray(np.clip(strength, 0.1, 2) * np.clip(away / 40, 0, 1) * rail.amplitude, np.float32)[:, None]
    wide = np.maximum(rail.width * away, 0.8)[:, None].astype(np.float32)
    column = (end[1] + rail.slope * (rows - end[0])).astype(np.float32)[:, None]
    u = (np.arange(w, dtype=np.float32) - column) / wide
    shape = np.exp(-np.float32(2.77) * np.square(u))
    if rail.grooved:
        shape -= np.float32(0.8) * np.exp(-np.float32(2.77) * np.square(u - np.float32(1.5)))
    out[rows] += (strength * shape)[..., None]


@lru_cache(maxsize=HELD)
def scene_of(ride: Ride) -> Scene:
    """Draw what a ride goes over and how, once. Raises ValueError where a photograph cannot be read."""
    rng = np.random.default_rng((ride.seed, 70))
    h, w = ride.size
    tall, wide = round(ROOM * h), round(ROOM * w)
    ground = background(ride.folder, (tall, wide), rng)
    for _ in range(int(rng.integers(1, 4))):
        lay_stripes(ground, rng)
    near = np.zeros((tall, wide, 4), np.float32)
    for _ in range(int(rng.integers(2, 7))):
        lay_pole(near, rng)
    moves, scale = ride.move, w / 640
    middle = (h / 2, w / 2)
    heading = (float(rng.uniform(0.25, 0.6)) * h, float(rng.uniform(0.3, 0.7)) * w) if moves == "drive" else middle
    pan = rng.normal(0, (0.6, 2.0), 2) * scale if moves == "pan" else rng.normal(0, 0.05, 2) * (moves == "drive")
    pace = float(np.exp(rng.uniform(*np.log(PACE)))) if moves in ("drive", "zoom") else 0.0
    shake = {"shake": rng.uniform(0.4, 3.0), "drive": rng.uniform(0, 1.2), "stand": 0.0}.get(moves, rng.uniform(0, 0.4))
    rails = tuple(draw_rail(k % 3 < 2, rng) for k in range(int(rng.integers(4, 9))))
    hold = int(rng.integers(2, 6)) if rng.random() < 0.2 else 0
    look, worn = draw_look(rng), JUMPY[1] if rng.random() < JUMPY[0] else 1.0
    return Scene(ground, near, rails, heading, (float(pan[0]), float(pan[1])), pace, float(shake) * scale,
                 worn * look.weave_px, float(rng.uniform(1, 1.8)), hold, look)


def background(folder: Path, size: tuple[int, int], rng: Rng) -> Float:
    """Return a piece (h, w, 3) of a photograph in [0, 1]. Raises ValueError where it cannot be read."""
    found = photographs(folder)
    path = found[int(rng.integers(len(found)))]
    read = cv2.imread(str(path), cv2.IMREAD_COLOR)
    if read is None:
        raise ValueError(f"{path} was given to ride over and could not be read as a picture; take it out of the folder")
    share = max(size[0] / read.shape[0], size[1] / read.shape[1]) * float(np.exp(rng.uniform(0, 0.5)))
    full = (max(round(read.shape[1] * share), size[1]), max(round(read.shape[0] * share), size[0]))
    whole = cv2.resize(read, full, interpolation=cv2.INTER_AREA if share < 1 else cv2.INTER_CUBIC)
    y, x = (int(rng.integers(0, whole.shape[i] - size[i] + 1)) for i in (0, 1))
    piece = whole[y : y + size[0], x : x + size[1], :: -1 if rng.random() < 0.9 else 1]
    return np.ascontiguousarray(piece[:, :: 1 if rng.random() < 0.5 else -1]).astype(np.float32) / np.float32(255)


def lay_stripes(ground: Float, rng: Rng) -> None:
    """Draw a striped facade: upright stripes a few pixels wide, cut by ledges, over a part of the picture."""
    h, w = ground.shape[:2]
    tall, wide = int(rng.uniform(0.2, 0.7) * h), int(rng.uniform(0.08, 0.4) * w)
    y, x = int(rng.integers(0, h - tall)), int(rng.integers(0, w - wide))
    period, share = float(np.exp(rng.uniform(*np.log(PERIOD_PX)))), rng.uniform(0.15, 0.5)
    lean = float(np.tan(np.radians(rng.normal(0, 1.2))))
    ys, xs = np.mgrid[0:tall, 0:wide].astype(np.float32)
    phase = ((xs + np.float32(lean) * ys) / np.float32(period)) % 1
    edge = np.float32(rng.uniform(0.5, 1.5) / period)
    on = np.clip((np.float32(share) - phase) / edge + 0.5, 0, 1) * np.clip(phase / edge + 0.5, 0, 1)
    knots = 1 + rng.normal(0, 0.3, (6, max(wide // round(period), 1)))
    on = on * cv2.resize(knots.astype(np.float32), (wide, tall), interpolation=cv2.INTER_LINEAR)
    if rng.random() < 0.6:
        floor = rng.uniform(20, 80)
        on = on * ((ys / np.float32(floor)) % 1 > rng.uniform(0.05, 0.4))
    ground[y : y + tall, x : x + wide] += np.float32(rng.choice((-1, 1)) * rng.uniform(0.04, 0.3)) * on[..., None]


def lay_pole(near: Float, rng: Rng) -> None:
    """Draw a pole, a mast or a taut rope on a canvas (h, w, 4)."""
    h, w = near.shape[:2]
    first = 0 if rng.random() < 0.5 else int(rng.uniform(0, 0.6) * h)
    rows = np.arange(first, min(h, first + int(rng.uniform(0.25, 1.0) * h)))
    width = float(np.exp(rng.uniform(np.log(1.0), np.log(9.0)))) * w / (640 * ROOM)
    column = rng.uniform(0, w) + np.tan(np.radians(rng.normal(0, 1.5))) * (rows - first)
    u = np.abs(np.arange(w, dtype=np.float32) - column[:, None].astype(np.float32)) - np.float32(width / 2)
    alpha = np.clip(0.5 - u, 0, 1) * np.float32(rng.uniform(0.5, 1.0))
    tone, rough = rng.uniform(0, 1), rng.normal(0, rng.uniform(0, 0.12), max(rows.size // 12, 2))
    light = np.clip(tone + np.interp(rows, np.linspace(rows[0], rows[-1], rough.size), rough), 0, 1)
    shown = alpha > near[rows, :, 3]
    near[rows, :, 3] = np.where(shown, alpha, near[rows, :, 3])
    near[rows, :, :3] = np.where(alpha[..., None] > 0, light[:, None, None].astype(np.float32), near[rows, :, :3])


def draw_rail(below: bool, rng: Rng) -> Rail:
    """Draw a rail, or a wire overhead."""
    rough, glint = rng.uniform(0, 0.5), rng.uniform(0, 0.3)
    return Rail(
        float(rng.normal(0, 0.07)), below, float(np.exp(rng.uniform(*np.log(RAIL_FRAC)))) / (1 if below else 3),
        float(rng.choice((-1, 1)) * rng.uniform(0.05, 0.4)), rng.normal(0, rough, STREAM).astype(np.float32),
        rng.normal(0, glint, STREAM).astype(np.float32), bool(rng.random() < 0.5),
    )
