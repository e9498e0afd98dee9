"""Seeds in, a contact sheet of lessons out: what a net is trained on, to be looked at by people."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from restore.colour import Float
from restore.scenes import wear
from restore.scenes.lesson import Lesson, Taught
from restore.scenes.still import StillLesson

Picture = npt.NDArray[np.uint8]
"""(H, W, 3) red, green and blue."""
COLOURS = {
    "dust": (255, 214, 64), "dirt": (255, 140, 30), "short_hair": (235, 90, 160), "long_hair": (200, 60, 220),
    "scratch": (60, 170, 255), "blotch": (225, 60, 50), "dead_pixel": (255, 255, 255), "stain": (160, 110, 60),
    "gate": (120, 230, 120), "dropout": (110, 240, 230), "crack": (40, 110, 255), "fold": (150, 150, 255),
}
LABELS = {
    **{k: v for k, v in wear.LABELS.items() if k != "gate_hair"}, **wear.LASTING, "dropout": wear.DROPOUT_LABEL,
    **wear.STILL_LABELS,
}
GAP_PX = 4
LEGEND_PX = 22
SIZE_PX = (160, 208)
PAPER = 24


def sheet(seed: int, rows: int = 10, stills: bool = False, textures: Path | None = None) -> Picture:
    """Return a sheet of lessons from `seed` on: three frames as damaged, the middle one clean, and its labels."""
    lines = []
    for s in range(seed, seed + rows):
        if stills:
            pair = [StillLesson(n, SIZE_PX, textures).picture() for n in (2 * s, 2 * s + 1)]
            lines.append(line([p for one in pair for p in (levels(one.clean), levels(one.damaged), coloured(one))]))
            continue
        lesson = Lesson(s, SIZE_PX, 5, textures)
        shown = [lesson.at(t) for t in (1, 2, 3)]
        frames = [captioned(levels(shown[0].damaged), caption(lesson)), *(levels(f.damaged) for f in shown[1:])]
        lines.append(line([*frames, levels(shown[1].clean), coloured(shown[1])]))
    whole = np.concatenate(lines, 0)
    return np.concatenate([whole, legend(whole.shape[1])], 0)


def save_sheet(path: Path, picture: Picture) -> Path:
    """Write a sheet. Raises ValueError where the name's ending is no picture's."""
    try:
        done = cv2.imwrite(str(path), picture[..., ::-1])
    except cv2.error:
        done = False
    if not done:
        raise ValueError(f"{path} could not be written; give a name that ends in .png or .jpg in a folder that exists")
    return path


def levels(picture: Float) -> Picture:
    """Return a picture in [0, 1] in 8 bit."""
    return np.asarray(np.rint(picture * 255), np.uint8)


def coloured(shown: Taught) -> Picture:
    """Return the labels in their colours, over the damaged picture in grey and dimmed."""
    dim = np.repeat((shown.damaged_grey * 90)[..., None], 3, -1).astype(np.uint8)
    for name, label in LABELS.items():
        dim[shown.labels == label] = COLOURS[name]
    return dim


def line(pictures: list[Picture]) -> Picture:
    """Put pictures side by side with a gap."""
    tall = pictures[0].shape[0]
    gap = np.full((tall, GAP_PX, 3), PAPER, np.uint8)
    row = np.concatenate([piece for p in pictures for piece in (p, gap)], 1)
    return np.concatenate([row, np.full((GAP_PX, row.shape[1], 3), PAPER, np.uint8)], 0)


def caption(lesson: Lesson) -> str:
    """Say what was drawn for a lesson."""
    script = lesson.script
    words = [str(lesson.seed), script.look.name, f"{script.frame_px[1]}px", "moving" if script.moving else "static"]
    words += [script.clock.sort] if script.clock.sort != "steady" else []
    words += [f"cut {script.clock.cut}"] if script.clock.cut is not None else []
    words += ["flash"] if script.flash is not None else []
    words += ["log"] if script.look.log else []
    return " ".join(words)


def captioned(picture: Picture, text: str) -> Picture:
    """Write on a picture's lower edge."""
    out = picture.copy()
    at = (3, out.shape[0] - 5)
    for colour, thick in (((0, 0, 0), 3), ((255, 255, 255), 1)):
        cv2.putText(out, text, at, cv2.FONT_HERSHEY_SIMPLEX, 0.36, colour, thick, cv2.LINE_AA)
    return out


def legend(width: int) -> Picture:
    """Return a strip that says which colour is what."""
    out = np.full((LEGEND_PX, width, 3), PAPER, np.uint8)
    step = width // len(COLOURS)
    for n, (name, colour) in enumerate(COLOURS.items()):
        out[6:16, n * step + 4 : n * step + 14] = colour
        cv2.putText(out, name, (n * step + 18, 16), cv2.FONT_HERSHEY_SIMPLEX, 0.38, (220, 220, 220), 1, cv2.LINE_AA)
    return out
