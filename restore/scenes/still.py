"""A seed in, a photograph or a document out, clean and damaged, and what befell each pixel: a lesson of one picture."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from restore.colour import Float
from restore.scenes import wear
from restore.scenes.actors import Stage, draw_actors
from restore.scenes.actors.titles import lettered, sentence
from restore.scenes.atlas import atlas_for, draw_cut
from restore.scenes.cracks import Tone, draw_any_scratch, draw_crack, draw_fold, draw_foxing, draw_tidemark
from restore.scenes.layers import Motion
from restore.scenes.leaves import Rng, noise_texture
from restore.scenes.lesson import ZOOM, Scene, Taught, dirtied, handed_on
from restore.scenes.look import TINTS, Look, draw_look
from restore.scenes.mishaps import draw_severity, draw_wanted
from restore.scenes.particles import draw_particles
from restore.scenes.shapes import Stamp

WIDTH_PX = (600, 4000)
"""Width of the whole picture a lesson is a piece of, log-uniform."""
SOFT_PX, SOFT_ZOOM = 1500, (0.8, 3.0)
"""A print holds no more than so many pixels: wider scans are soft, and what lies on them is sharper than they are."""
PHOTOGRAPHED = 0.85
"""Share of the pictures that are cut out of photographs, where a folder of those is given."""
DOCUMENTS = 0.25
"""Share of pages with text on them."""
LARGE_SHARES = {"crack": 0.5, "scratch": 0.6, "fold": 0.25, "foxing": 0.25, "tidemark": 0.2}
"""How often each turns up at a severity of a half."""
BRIGHT_DUST = 0.6
"""Share of scans whose dust is bright: dust on a negative; on a print it is dark."""


@dataclass(frozen=True)
class StillLesson:
    """A damaged photograph or document as a pure function of its seed."""

    seed: int
    size: tuple[int, int] = (128, 128)
    textures: Path | None = None
    """A folder of photographs that some lessons are cut out of."""
    severity: float | None = None
    """0 for no damage, 1 for the worst; None draws it."""
    look: Look | None = None
    negatives: float = 1.0
    """Multiplies how often poles, wires, titles and the like are in a scene."""

    def __post_init__(self) -> None:
        """Refuse lessons of nothing."""
        if min(self.size) < 16 or not 0 <= (self.severity or 0) <= 1 or self.seed < 0:
            raise ValueError(
                f"a lesson of {self.size} pixels, severity {self.severity} and seed {self.seed} was asked for; "
                "it needs 16x16 or more, a severity of 0 to 1 and no negative seed"
            )

    def picture(self) -> Taught:
        """Return it: clean and damaged (H, W, 3), and labels (H, W)."""
        rng = np.random.default_rng((self.seed, 70))
        width = max(round(float(np.exp(rng.uniform(*np.log(WIDTH_PX))))), self.size[1])
        look = self.look or aged(draw_look(np.random.default_rng((self.seed, 71))), rng)
        scene = draw_page(self, rng) if rng.random() < DOCUMENTS else draw_photograph(self, width, rng)
        drawn = draw_severity(rng)
        severity = drawn if self.severity is None else self.severity
        clean = look.grained(look.develop(scene), np.random.default_rng((self.seed, 72)))
        if severity and rng.random() < LARGE_SHARES["tidemark"] * 2 * severity:
            # It darkens the picture and hides none of it: not a thing to fill.
            clean = np.clip(clean * draw_tidemark(self.size, rng), 0, 1)
        stamps = self.stamps(width, severity, np.random.default_rng((self.seed, 73)))
        if look.grey:
            stamps = [replace(s, tone=(sum(s.tone) / 3,) * 3) for s in stamps]
        damaged, labels = dirtied(clean, stamps)
        clean, damaged = look.printed(clean), look.printed(damaged)
        return handed_on(clean, damaged, labels, look, [])

    def stamps(self, width: int, severity: float, rng: Rng) -> list[Stamp]:
        """Draw what lies on it, lowest first."""
        if not severity:
            return []
        scale, light = wear.scale_of(width), float(rng.uniform(0.75, 1.0))
        base: Tone = (light, light * float(rng.uniform(0.92, 1)), light * float(rng.uniform(0.8, 1)))
        stamps: list[Stamp] = []
        for name, draw in (("foxing", None), ("fold", draw_fold), ("crack", draw_crack), ("scratch", draw_any_scratch)):
            for _ in range(int(rng.poisson(-np.log(1 - min(LARGE_SHARES[name] * 2 * severity, 0.9))))):
                stamps += draw_foxing(self.size, scale, rng) if draw is None else draw(self.size, scale, base, rng)
        wanted = draw_wanted(self.size, width, severity, rng)
        return stamps + draw_particles((self.seed, 74), 0, self.size, wanted, rng.random() > BRIGHT_DUST, width)


def aged(look: Look, rng: Rng) -> Look:
    """Return the look of an old print: no codec of video, often brown, often flat."""
    flat = replace(look, flicker=0.0, uneven=0.0, weave_px=0.0, log=False, contrast=min(look.contrast, 1.2))
    if rng.random() < 0.4:
        dark, white = TINTS["sepia" if rng.random() < 0.7 else "faded"]
        flat = replace(flat, name="aged", dark=dark, white=white)
    return flat


def draw_photograph(lesson: StillLesson, width: int, rng: Rng) -> Float:
    """Draw a scene (H, W, 3) that stands still."""
    atlas = atlas_for(lesson.seed, lesson.textures, PHOTOGRAPHED)
    frame_px = (max(round(0.75 * width), lesson.size[0]), width)
    stage = Stage(lesson.size, frame_px, Motion(), atlas, 1, moving=False)
    actors = tuple(draw_actors(stage, (lesson.seed, 75), lesson.negatives))
    ground = draw_cut(atlas, SOFT_ZOOM if width > SOFT_PX else ZOOM, rng, view=lesson.size)
    return np.clip(Scene(stage, ground, actors).picture(0.0), 0, 1)


def draw_page(lesson: StillLesson, rng: Rng) -> Float:
    """Draw a page (H, W, 3): paper with a tooth, lines of print or large lettering, ruled lines now and then."""
    h, w = lesson.size
    paper = np.array((1.0, rng.uniform(0.94, 1), rng.uniform(0.8, 1)), np.float32) * np.float32(rng.uniform(0.7, 0.97))
    tooth = noise_texture(float(rng.uniform(0.4, 1.5)), rng)
    tooth = cv2.resize(tooth, (max(w, h), max(w, h)))[:h, :w]
    out = paper * (1 + np.float32(rng.uniform(0.005, 0.03)) * tooth / tooth.std())[..., None]
    ink, tall = float(rng.uniform(0.03, 0.35)), float(np.exp(rng.uniform(np.log(5), np.log(40))))
    if tall > 22:
        stage = Stage(lesson.size, lesson.size, Motion(), atlas_for(lesson.seed, None), 1, moving=False)
        cover = cv2.resize(lettered(stage, tall, 3, rng), (w, h), interpolation=cv2.INTER_AREA)
    else:
        cover = printed_lines(lesson.size, tall, rng)
    if rng.random() < 0.25:
        gap = max(3, round(1.6 * tall))
        cover[gap // 2 :: gap] = np.maximum(cover[gap // 2 :: gap], 110)
    alpha = cover[..., None].astype(np.float32) * np.float32(1 / 255)
    return np.clip(out + alpha * (np.float32(ink) - out), 0, 1)


def printed_lines(size: tuple[int, int], tall_px: float, rng: Rng) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    """Return lines of print (H, W), 255 where there is ink."""
    h, w, up = *size, 3
    canvas = np.zeros((up * h, up * w), np.uint8)
    font, thick = int(rng.integers(0, 8)), max(1, round(up * tall_px * float(rng.uniform(0.06, 0.14))))
    step, left = up * tall_px * float(rng.uniform(1.4, 2.2)), int(rng.uniform(-0.3, 0.2) * up * w)
    for y in np.arange(float(rng.uniform(0, step)), up * h + step, step):
        text = sentence(int(rng.integers(3, 2 + max(3, round(2.4 * w / tall_px)))), rng)
        cv2.putText(canvas, text, (left, int(y)), font, up * tall_px / 21, 255, thick, cv2.LINE_AA)
    small = cv2.resize(canvas, (w, h), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.GaussianBlur(small, (0, 0), 0.5), np.uint8)
