"""A seed in, a lesson out: a short film, clean and damaged, and what befell each pixel.

The order is that of physics: the scene, its light, the stock and its grain, what lies on the film, the film's place in
the gate, what lies in the gate and on the sensor, the transfer.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.frames import Bits
from restore.scenes import wear
from restore.scenes.actors import Actor, Stage, draw_actors
from restore.scenes.atlas import Cut, atlas_for, draw_cut
from restore.scenes.clock import Clock, draw_clock
from restore.scenes.damage import Labels, compose_stamps
from restore.scenes.lasting import lay_over
from restore.scenes.layers import SWAY_FRAMES, Motion, draw_speed, sway, travel
from restore.scenes.leaves import Rng
from restore.scenes.light import MARGIN_PX, Flash, flickered, shifted, weave
from restore.scenes.look import LUMA, Look, draw_look
from restore.scenes.mishaps import Mishaps, draw_mishaps
from restore.scenes.shapes import Stamp

FRAME_WIDTH_PX = (480, 2560)
"""Width of the whole picture a lesson is a piece of, log-uniform: how large damage is and how fast things move."""
MOVING = 0.6
"""Share of lessons whose camera moves."""
ALL_STILL = 0.2
"""Share of the others in which nothing moves at all."""
FLASHES = 0.1
ZOOM = (0.4, 1.8)
"""How large the atlas is shown, log-uniform."""

GROUPS = {
    "transient": (*(k.label for k in wear.PARTICLES), wear.DROPOUT_LABEL),
    "line": (wear.SCRATCH_LABEL,),
    "persistent": tuple(wear.LASTING.values()),
}
"""Labels by what a detector must know of them: gone on the next frame, a line that runs on, fixed to the screen."""


@dataclass(frozen=True)
class Taught:
    """One frame of a lesson, or several: arrays of a clip have a leading axis T."""

    clean: Float = field(repr=False)
    """(..., H, W, 3) in [0, 1]: what the transfer shows of the undamaged film, grain and all."""
    damaged: Float = field(repr=False)
    """(..., H, W, 3) in [0, 1]."""
    labels: Labels = field(repr=False)
    """(..., H, W): 0 good, else what befell the pixel (`wear`); only where it shows above the grain."""

    @property
    def mask(self) -> Bits:
        """(..., H, W): damaged pixels."""
        return self.labels > 0

    @property
    def clean_grey(self) -> Float:
        """(..., H, W)."""
        return np.asarray(self.clean @ LUMA, np.float32)

    @property
    def damaged_grey(self) -> Float:
        """(..., H, W)."""
        return np.asarray(self.damaged @ LUMA, np.float32)

    def group(self, name: str) -> Bits:
        """Return the pixels (..., H, W) of one of `GROUPS`. Raises KeyError where there is no such group."""
        return np.isin(self.labels, GROUPS[name])


@dataclass(frozen=True)
class Lesson:
    """A short film to learn from, as a pure function of (seed, frame).

    Lessons in order of their seeds share painted pictures; seeds far apart cost a second each for another one.
    """

    seed: int
    size: tuple[int, int] = (128, 128)
    """(H, W) in pixels of what is seen; cost follows it."""
    frames: int = 5
    textures: Path | None = None
    """A folder of photographs that some lessons are cut out of."""
    severity: float | None = None
    """0 for no damage, 1 for the worst; None draws it."""
    moving: bool | None = None
    """Whether the camera moves; None draws it."""
    negatives: float = 1.0
    """Multiplies how often poles, birds, snow, titles and the like are in a scene."""
    only: tuple[str, ...] = ()
    """Files of `actors` to play, and no others; for looking at them."""
    look: Look | None = None
    """Stock and transfer; None draws them."""
    frame_width_px: int | None = None
    """Width of the whole picture this is a piece of; None draws it."""

    def __post_init__(self) -> None:
        """Refuse lessons of nothing."""
        if min(self.size) < 16 or self.frames < 1 or not 0 <= (self.severity or 0) <= 1 or self.seed < 0:
            raise ValueError(
                f"a lesson of {self.size} pixels, {self.frames} frames, severity {self.severity} and seed {self.seed} "
                "was asked for; it needs 16x16 or more, a frame, a severity of 0 to 1 and no negative seed"
            )

    @property
    def script(self) -> Script:
        """What was drawn for it."""
        return write_script(self)

    @property
    def static(self) -> bool:
        """Whether the camera stands still."""
        return not self.script.moving

    def at(self, t: int) -> Taught:
        """Return frame t, 0 or more; the film goes on beyond `frames`. Raises IndexError for negative frames."""
        if t < 0:
            raise IndexError(f"frame {t} of a lesson was asked for; they begin with 0")
        return teach(self, t)

    def clip(self, start: int = 0, count: int | None = None) -> Taught:
        """Return `count` frames from `start`, stacked: (T, H, W, 3) and (T, H, W); None for all of `frames`."""
        return stacked(self.at(t) for t in range(start, start + (self.frames if count is None else count)))


def stacked(shown: Iterable[Taught]) -> Taught:
    """Stack frames into a clip."""
    frames = list(shown)
    return Taught(
        np.stack([f.clean for f in frames]), np.stack([f.damaged for f in frames]), np.stack([f.labels for f in frames])
    )


@dataclass(frozen=True, eq=False)
class Scene:
    """A ground, and who plays before it."""

    stage: Stage
    ground: Cut
    actors: tuple[Actor, ...]

    def picture(self, t: float) -> Float:
        """Return the picture (H, W, 3) of time t, in the light it was painted in."""
        h, w = self.stage.size
        out = np.clip(self.ground.over(self.stage.inverse(t), (0, 0, h, w)), 0, 1)
        for actor in self.actors:
            actor.play(out, t)
        return out


@dataclass(frozen=True, eq=False)
class Script:
    """Everything drawn for a lesson."""

    moving: bool
    frame_px: tuple[int, int]
    look: Look
    clock: Clock
    scenes: tuple[Scene, ...]
    flash: Flash | None
    mishaps: Mishaps
    gate_px: int
    """What is painted on each side beyond what is seen, for the film to weave in."""


@lru_cache(maxsize=8)
def write_script(lesson: Lesson) -> Script:
    """Draw everything a lesson needs."""
    rng = np.random.default_rng((lesson.seed, 50))
    width = lesson.frame_width_px or round(float(np.exp(rng.uniform(*np.log(FRAME_WIDTH_PX)))))
    frame_px = max(round(width * float(rng.choice((0.75, 0.5625, 0.54)))), lesson.size[0]), max(width, lesson.size[1])
    moves = bool(rng.random() < MOVING)
    moving = moves if lesson.moving is None else lesson.moving
    look = lesson.look or draw_look(np.random.default_rng((lesson.seed, 51)))
    clock = draw_clock(lesson.frames, np.random.default_rng((lesson.seed, 52)))
    gate = MARGIN_PX if look.weave_px else 0
    size = lesson.size[0] + 2 * gate, lesson.size[1] + 2 * gate
    last = clock.shows(lesson.frames - 1)[1] + 1
    place = Place(size, frame_px, moving, int(np.ceil(clock.scene_time(last - 1))) + 1)
    scenes = tuple(draw_scene(lesson, n, place) for n in range(1 + (clock.cut is not None)))
    return Script(
        moving, frame_px, look, clock, scenes, draw_flash(last, rng),
        draw_mishaps(lesson.seed, size, frame_px, last, lesson.severity), gate,
    )


@dataclass(frozen=True)
class Place:
    """What the scenes of a lesson have in common."""

    size: tuple[int, int]
    """(H, W) that is painted."""
    frame_px: tuple[int, int]
    moving: bool
    frames: int
    """How long the scene is looked at."""


def draw_scene(lesson: Lesson, n: int, place: Place) -> Scene:
    """Draw the n-th scene of a lesson."""
    rng = np.random.default_rng((lesson.seed, 53, n))
    atlas = atlas_for(lesson.seed, lesson.textures)
    lively = bool(rng.random() >= ALL_STILL) or place.moving
    camera = draw_camera(place.frame_px, rng) if place.moving else Motion()
    stage = Stage(place.size, place.frame_px, camera, atlas, place.frames, lively)
    ground = draw_cut(atlas, ZOOM, rng, view=place.size)
    return Scene(stage, ground, tuple(draw_actors(stage, (lesson.seed, 54, n), lesson.negatives, lesson.only)))


def draw_camera(frame_px: tuple[int, int], rng: Rng) -> Motion:
    """Draw a pan with a little sway and zoom."""
    y, x = travel(draw_speed(frame_px[1] / wear.WIDTH_2K_PX, rng), 0.12 * frame_px[1], rng)
    frames = rng.uniform(*SWAY_FRAMES)
    return Motion(y, x, sway(np.radians(1.0), frames, rng), sway(0.02, frames, rng))


def draw_flash(film_frames: int, rng: Rng) -> Flash | None:
    """Draw a flash, in some lessons."""
    flash = Flash(
        int(rng.integers(0, film_frames)), int(rng.integers(1, 3)), float(rng.uniform(1.2, 2.5)),
        float(rng.uniform(0, 0.25)),
    )
    return flash if rng.random() < FLASHES else None


@dataclass(frozen=True, eq=False)
class Print:
    """A film frame in the gate, before the transfer."""

    clean: Float
    damaged: Float
    labels: Labels


@lru_cache(maxsize=6)
def strike(lesson: Lesson, k: int) -> Print:
    """Return film frame k of a lesson as it lies in the gate."""
    script = lesson.script
    look = script.look
    scene = script.scenes[script.clock.scene(k)]
    rgb = scene.picture(script.clock.scene_time(k))
    if script.flash is not None:
        gain, lift = script.flash.at(k)
        rgb = rgb * np.float32(gain) + np.float32(lift)
    if look.flicker or look.uneven:
        rgb = flickered(np.clip(rgb, 0, 1), look.flicker, look.uneven, (lesson.seed, 55), k)
    clean = look.grained(look.develop(rgb), np.random.default_rng((lesson.seed, 56, k)))
    stamps = script.mishaps.on_film(k, scene.stage.size, look.grey)
    damaged, labels = dirtied(clean, stamps)
    clean, damaged = look.printed(clean), look.printed(damaged) if stamps else look.printed(clean)
    if not script.gate_px:
        return Print(clean, damaged, labels)
    shift = weave(look.weave_px, (lesson.seed, 57), k)
    seen = [shifted(p, shift, lesson.size) for p in (clean, damaged)]
    # A pixel the damage is smeared into is damaged too; what does not show is dropped when the frame is shown.
    wide = cv2.dilate(shifted(labels, shift, lesson.size, exact=True), np.ones((3, 3), np.uint8)) if stamps else None
    near = np.zeros(lesson.size, np.uint8) if wide is None else wide
    return Print(np.clip(seen[0], 0, 1), np.clip(seen[1], 0, 1), near)


def dirtied(rgb: Float, stamps: list[Stamp]) -> tuple[Float, Labels]:
    """Return a picture (H, W, 3) with stamps on it, and whose each pixel is (H, W)."""
    if not stamps:
        return rgb, np.zeros(rgb.shape[:2], np.uint8)
    layer = compose_stamps(stamps, (rgb.shape[0], rgb.shape[1]))
    return lay_over(rgb, layer.left, layer.added), layer.labels


def teach(lesson: Lesson, t: int) -> Taught:
    """Return frame t of a lesson."""
    script = lesson.script
    a, b = script.clock.shows(t)
    shown = strike(lesson, a)
    if a != b:
        other = strike(lesson, b)
        mixed = [script.clock.mixed(x, y) for x, y in ((shown.clean, other.clean), (shown.damaged, other.damaged))]
        shown = Print(mixed[0], mixed[1], np.maximum(shown.labels, other.labels))
    damaged, fixed = dirtied(shown.damaged, script.mishaps.on_screen(t, lesson.size))
    labels = visible(shown.clean, damaged, np.where(fixed > 0, fixed, shown.labels), script.look)
    clean = script.look.transferred(shown.clean)
    return Taught(clean, script.look.transferred(damaged) if labels.any() else clean.copy(), labels)


def visible(clean: Float, damaged: Float, labels: npt.NDArray[np.uint8], look: Look) -> Labels:
    """Keep the labels (H, W) of pixels that changed by more than two 8-bit levels and more than the grain."""
    least = np.float32(max(wear.FAINTEST, look.grain.sigma) / 255)
    apart = np.abs(damaged - clean)
    most = np.maximum(np.maximum(apart[..., 0], apart[..., 1]), apart[..., 2])
    return np.where(most > least, labels, 0).astype(np.uint8)
