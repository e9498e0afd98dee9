"""A shot's seed in, its layers out: what each one looks like, and where it is at any time."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from restore.scenes.leaves import Canvas, Rng, Stuff, draw_stuff, outline, paint, stamp_leaf, to_canvas

Matrix = npt.NDArray[np.float64]
"""(3, 3): canvas (x, y, 1) to picture (x, y, 1)."""
WIDTH_2K_PX = 2048

SPEED_PX = (0.1, 12.0)
"""Fastest a camera or an object moves, pixels a frame at 2K, log-uniform; `Film.speed` multiplies it."""
HOLDS = 0.25
"""Share of shots with a camera that stands still."""
STANDS = 0.2
"""Share of objects that only move with the camera."""
TURN_DEG, ZOOM = 1.0, 0.02
"""Deviation of a camera's sway and zoom; objects turn and grow five times as much."""
SWAY_FRAMES = (40.0, 160.0)


@dataclass(frozen=True)
class Wave:
    """A number that swings about zero for ever, so that no shot is too long for its canvas."""

    reach: float = 0.0
    speed: float = 0.0
    """Fastest change a frame."""
    phase: float = 0.0

    def at(self, t: float) -> float:
        """Return its value at time t, in frames."""
        return 0.0 if not self.reach else float(self.reach * np.sin(self.speed / self.reach * t + self.phase))


@dataclass(frozen=True)
class Motion:
    """How something moves: shift, turn and growth about its own middle."""

    y: Wave = Wave()
    x: Wave = Wave()
    turn: Wave = Wave()
    growth: Wave = Wave()
    bounce: bool = False
    """The vertical swing never goes below its middle: a ball on the ground."""

    def matrix(self, t: float, share: float = 1.0) -> Matrix:
        """Return the transform about the origin at time t; `share` of the shift for what is nearer or farther."""
        k = np.exp(self.growth.at(t))
        c, s = k * np.cos(self.turn.at(t)), k * np.sin(self.turn.at(t))
        y = -abs(self.y.at(t)) if self.bounce else self.y.at(t)
        return np.array([[c, -s, share * self.x.at(t)], [s, c, share * y], [0, 0, 1]])


@dataclass(frozen=True)
class Layer:
    """One thing in the scene."""

    kind: str
    """ground, object, pole or ball."""
    canvas: Canvas
    alpha: npt.NDArray[np.uint8] | None
    """(h, w) coverage of the canvas; None where it covers the whole picture at all times."""
    at: tuple[float, float]
    """(y, x) of the canvas's middle in the scene, from the middle of the picture."""
    motion: Motion
    near: float
    """How much of the camera's shift it takes part in: 1 the ground, more for what is nearer."""


@dataclass(frozen=True)
class Shot:
    """The layers of one shot, farthest first, and the camera."""

    start: int
    stop: int
    size: tuple[int, int]
    camera: Motion
    layers: tuple[Layer, ...]

    def matrix(self, layer: int, t: int) -> Matrix:
        """Return where a layer's canvas lies on frame t."""
        own = self.layers[layer]
        h, w = own.canvas.shape[:2]
        to_middle, to_scene, to_picture = np.eye(3), np.eye(3), np.eye(3)
        to_middle[:2, 2] = -(w - 1) / 2, -(h - 1) / 2
        to_scene[:2, 2] = own.at[1], own.at[0]
        to_picture[:2, 2] = (self.size[1] - 1) / 2, (self.size[0] - 1) / 2
        when = t - self.start
        seen = to_picture @ self.camera.matrix(when, own.near)
        return np.asarray(seen @ to_scene @ own.motion.matrix(when) @ to_middle)


def sway(reach: float, frames: float, rng: Rng) -> Wave:
    """Draw a slow swing of about `reach`."""
    far = abs(rng.normal(0, reach))
    return Wave(far, 2 * np.pi * far / frames, rng.uniform(0, 2 * np.pi))


def travel(speed_px: float, reach_px: float, rng: Rng) -> tuple[Wave, Wave]:
    """Draw a swing (y, x) in a mostly level direction with the given top speed."""
    heading = rng.normal(0, 0.4) + np.pi * rng.integers(0, 2)
    phase = rng.uniform(0, 2 * np.pi)
    y, x = np.sin(heading), np.cos(heading)
    # The same phase in both: it goes to and fro on a straight line.
    return Wave(reach_px * y, speed_px * y, phase), Wave(reach_px * x, speed_px * x, phase)


def draw_speed(scale: float, rng: Rng) -> float:
    """Draw a top speed in pixels a frame."""
    return float(np.exp(rng.uniform(*np.log(SPEED_PX)))) * scale


def draw_camera(size: tuple[int, int], speed: float, rng: Rng) -> Motion:
    """Draw a hold, or a pan with a little sway and zoom."""
    if not speed or rng.random() < HOLDS:
        return Motion()
    scale = speed * size[1] / WIDTH_2K_PX
    y, x = travel(draw_speed(scale, rng), 0.12 * size[1], rng)
    frames = rng.uniform(*SWAY_FRAMES)
    return Motion(y, x, sway(np.radians(TURN_DEG), frames, rng), sway(ZOOM, frames, rng))


def draw_ground(size: tuple[int, int], camera: Motion, stuff: Stuff, rng: Rng) -> Layer:
    """Paint the farthest layer, large enough for everything the camera does, with light falling off over it."""
    margin = 1.05 * np.exp(camera.growth.reach)
    turn = abs(np.sin(camera.turn.reach))
    h = margin * (size[0] + turn * size[1] + 2 * abs(camera.y.reach)) + 8
    w = margin * (size[1] + turn * size[0] + 2 * abs(camera.x.reach)) + 8
    canvas = paint((int(h), int(w)), 0.3 * max(size), stuff, rng)
    fall = np.linspace(rng.uniform(0.9, 1.15), rng.uniform(0.55, 0.9), int(h))[:, None, None]
    return Layer("ground", np.minimum(canvas * fall, 65535).astype(np.uint16), None, (0.0, 0.0), Motion(), 1.0)


def draw_object(size: tuple[int, int], near: float, speed: float, stuff: Stuff, rng: Rng) -> Layer:
    """Paint something with an outline of its own, made of leaves, that moves."""
    r = float(np.exp(rng.uniform(np.log(0.05), np.log(0.22)))) * min(size)
    points = outline(r, rng)
    corner = np.floor(points.min(0)) - 3
    w, h = (int(v) for v in np.ceil(points.max(0)) + 4 - corner)
    alpha = np.zeros((h, w), np.uint8)
    cv2.fillPoly(alpha, [np.rint((points - corner) * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    canvas = paint((h, w), max(0.6 * r, 6), stuff, rng, cover=1.0)
    at = rng.uniform(-0.5, 0.5, 2) * size
    motion = Motion()
    if speed and rng.random() >= STANDS:
        y, x = travel(draw_speed(speed * size[1] / WIDTH_2K_PX, rng), rng.uniform(0.05, 0.3) * size[1], rng)
        frames = rng.uniform(*SWAY_FRAMES)
        motion = Motion(y, x, sway(5 * np.radians(TURN_DEG), frames, rng), sway(5 * ZOOM, frames, rng))
    return Layer("object", round_off(canvas, alpha, rng), alpha, (float(at[0]), float(at[1])), motion, near)


def round_off(canvas: Canvas, alpha: npt.NDArray[np.uint8], rng: Rng) -> Canvas:
    """Shade a silhouette towards its edge, so that it looks like a body and not a cut-out."""
    depth = cv2.distanceTransform((alpha > 127).astype(np.uint8), cv2.DIST_L2, 3)
    bulge = 1 - np.float32(rng.uniform(0.1, 0.5)) * np.exp(-depth / np.float32(max(0.25 * depth.max(), 1)))
    return (canvas * bulge[..., None]).astype(np.uint16)


def draw_pole(size: tuple[int, int], near: float, stuff: Stuff, rng: Rng) -> Layer:
    """Paint a thin upright pole that stands in the scene: what a scratch must not be taken for."""
    width = float(np.exp(rng.uniform(np.log(2), np.log(10)))) * max(size[1] / WIDTH_2K_PX, 0.4)
    h, w = int(rng.uniform(0.7, 1.6) * size[0]), int(np.ceil(width)) + 6
    middle, lean = w / 2 - 0.5, 0.5 * width
    left, right = middle - lean, middle + lean
    points = np.array([[left, 1], [right, 1], [right, h - 2], [left, h - 2]], np.float32)
    alpha = np.zeros((h, w), np.uint8)
    cv2.fillPoly(alpha, [np.rint(points * 16).astype(np.int32)], 255, cv2.LINE_AA, 4)
    surface = np.zeros((h, w, 3), np.float32)
    # A pole is round: its light changes across it, hardly along it.
    base = stuff.palette[rng.integers(len(stuff.palette))] * np.float32(rng.choice((0.3, 1.2)))
    across = 1 + 0.35 * np.cos(np.linspace(-1.5, 1.5, w) + rng.uniform(-1, 1))
    surface[:] = np.clip(base * across[:, None], 0, 1)
    stamp_leaf(surface, points, h, surface[0, w // 2].copy(), stuff, rng)
    at = (float(rng.uniform(-0.3, 0.3)) * size[0], float(rng.uniform(-0.45, 0.45)) * size[1])
    return Layer("pole", to_canvas(surface), alpha, at, Motion(), near)


def draw_ball(size: tuple[int, int], near: float, speed: float, rng: Rng) -> Layer:
    """Paint a small ball that flies and bounces: what a speck of dirt must not be taken for."""
    r = max(float(rng.uniform(4, 14)) * size[1] / WIDTH_2K_PX, 2.0)
    side = int(2 * r) + 8
    alpha = np.zeros((side, side), np.uint8)
    middle = round(8 * (side - 1))
    cv2.circle(alpha, (middle, middle), round(16 * r), 255, -1, cv2.LINE_AA, 4)
    ys, xs = np.mgrid[0:side, 0:side].astype(np.float32) - np.float32((side - 1) / 2)
    light = np.clip(0.75 - 0.35 * (xs + ys) / np.float32(r), 0.15, 1.1)
    base = np.array(rng.choice(((0.95, 0.95, 0.9), (0.8, 0.85, 0.2), (0.08, 0.08, 0.1), (0.75, 0.2, 0.15))), np.float32)
    fast = speed * float(rng.uniform(6, 30)) * size[1] / WIDTH_2K_PX
    wide, high = rng.uniform(0.2, 0.45) * size[1], rng.uniform(0.1, 0.35) * size[0]
    motion = Motion(
        Wave(high, fast, rng.uniform(0, 6.283)), Wave(wide, fast, rng.uniform(0, 6.283)),
        bounce=bool(rng.random() < 0.5),
    )
    at = (float(rng.uniform(-0.1, 0.35)) * size[0], float(rng.uniform(-0.2, 0.2)) * size[1])
    return Layer("ball", to_canvas(np.clip(light[..., None] * base, 0, 1)), alpha, at, motion, near)


@dataclass(frozen=True)
class Cast:
    """How many of what stand before the ground."""

    objects: tuple[int, int] = (2, 6)
    """Fewest and most."""
    poles: tuple[int, int] = (0, 2)
    balls: tuple[int, int] = (0, 2)


EVERYTHING = Cast()


def draw_shot(
    seed: tuple[int, ...], start: int, stop: int, size: tuple[int, int], speed: float, cast: Cast
) -> Shot:
    """Draw everything in one shot."""
    rng = np.random.default_rng(seed)
    stuff = draw_stuff(rng)
    camera = draw_camera(size, speed, rng)
    layers = [draw_ground(size, camera, stuff, rng)]
    kinds = ["object"] * int(rng.integers(cast.objects[0], cast.objects[1] + 1))
    kinds += ["pole"] * int(rng.integers(cast.poles[0], cast.poles[1] + 1))
    rng.shuffle(kinds)
    kinds += ["ball"] * int(rng.integers(cast.balls[0], cast.balls[1] + 1))
    for i, kind in enumerate(kinds):
        near = 1 + 0.5 * (i + 1) / len(kinds)
        if kind == "object":
            layers.append(draw_object(size, near, speed, stuff, rng))
        elif kind == "pole":
            layers.append(draw_pole(size, near, stuff, rng))
        else:
            layers.append(draw_ball(size, near, speed, rng))
    return Shot(start, stop, size, camera, tuple(layers))
