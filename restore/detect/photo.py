"""One picture in, what a trained network takes for damage of a photograph or a document out; no neighbours in time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import cv2
import numpy as np

from restore.colour import Float
from restore.detect import Detection, Found, _alone, _flaws, _netted, _network
from restore.detect._flaws import Seen, Sheet
from restore.detect._netted import Tiling
from restore.detect._outline import closed
from restore.detect._things import Ints, Table, Things
from restore.errors import PartError
from restore.frames import Bits
from restore.nets import shelf
from restore.window import Window

SMALLEST_PX = 32
TILING = Tiling(192, 32)
BAND = 2
"""Tiles above each other whose surroundings are measured at once: what that takes follows the width, not the size."""
LEAST_LEVELS = 8.0
"""A tile in which nothing narrow stands out by so much is not looked at further."""
CALM_PX, EDGES_PX, STRONGEST_PERCENT, FAINTEST_LEVELS = 3, (1.0, 3.0), 5, 1.0
"""How crisp a picture is: what a small median leaves, less what is so far around, at the strongest such places."""
RIM, RIM_PX = 0.35, 1
"""So much beyond its edge a thing is taken on where it is at least so probable."""
SHARP_STEP = 1
"""Things of a sharp picture are looked for at this step of `_flaws.LEVELS`."""
LISTED_MOST = 40
"""Undecided things listed of a picture, the most probable ones."""
EDGE_PX, EDGE_SHAPE = 2, 2.0
"""Things that come so near to the edge of the picture, and are so many times as long beside it as they are deep, are
only listed: the border of a print, trimmed by hand, or what the scanner saw beyond it."""
EDGING = "it lies along the edge of the picture, where prints have borders"


@dataclass(frozen=True)
class Judged:
    """The things of a picture that may be damage, of one step of `_flaws.LEVELS`."""

    number: int
    """Of the step."""
    found: Things
    sure: Table
    """(n,) how probable each is damage."""
    speckled: Bits
    """(n,) whether it is more like a speck than like a line."""
    fits: Bits
    """(n,) whether it is as large as damage may be."""
    edging: Bits
    """(n,) whether it lies along the edge of the picture."""


@dataclass(frozen=True)
class Photo:
    """Good at dust, hairs, cracks and scratches that stand out in a scan; cannot tell them from flecks of the scene.

    A small U-Net over the picture alone (`restore/nets/detector.py`; trained by `lacuna train stills`) proposes, and a
    judge (`lacuna train flaws`) weighs each thing against the whole picture. What is small, sharp and alone may be a
    highlight, so what it is not sure of is listed as undecided and left. Fine detail under damage, stains, tears and
    lost corners are not found.
    """

    version: ClassVar[int] = 2
    seconds_a_megapixel: ClassVar[float] = 1.0
    ships: ClassVar[str] = "stills"
    """Name of the weights that come with the program."""
    finds: ClassVar[Literal["dirt", "scratch"]] = "dirt"
    sensitivity: ClassVar[Mapping[str, Mapping[str, float]]] = {
        "cautious": {"certainty": 0.9, "sharp_certainty": 0.87},
        "thorough": {"certainty": 0.5, "sharp_certainty": 0.8, "soft_frac": 0.3},
    }
    leads: ClassVar[Mapping[str, float]] = {"certainty": 0.01, "sharp_certainty": 0.01, "soft_frac": 1.0}
    certainty: float = 0.7
    """Probability from which a thing is damage in a picture that is softer than its pixels, as scans of prints are."""
    sharp_certainty: float = 0.83
    """In others a speck is damage where the network itself is so sure of it: their texture deceives the judge. They are
    full of thin lines of their own, so hairs, scratches and cracks are only listed there."""
    soft_frac: float = 0.28
    """A picture is soft where its strongest edges have no more of their contrast in their finest detail (`crispness`).
    Frames of four clips: 0.25 to 0.37 as they are, 0.29 to 0.35 at half their size, 0.22 to 0.30 enlarged 1.6 times,
    0.19 to 0.24 enlarged 2.2 times; heavy grain can add 0.1."""
    listed: float = 0.4
    """Things that are not damage and at least so probable are listed for a person to decide."""
    smallest_px: int = 4
    """Things of fewer pixels are left alone."""
    largest_frac: float = 0.05
    """Things larger than this share of the picture are left alone."""
    judge: str = ""
    """A file (.json) with a judge of your own, fitted by `lacuna train flaws`; empty for the one that is shipped."""
    weights: str = ""
    """A weights file (.safetensors) of your own; empty for the one that is shipped."""

    def __post_init__(self) -> None:
        """Refuse parameters out of range."""
        for name, low, high in (("certainty", 0.01, 1), ("sharp_certainty", 0.01, 1), ("soft_frac", 0, 1),
                                ("listed", 0.01, 1), ("smallest_px", 1, 10**6), ("largest_frac", 0, 1)):
            if not low <= getattr(self, name) <= high:
                raise PartError(f"photo: {name} is {getattr(self, name)}; it needs a value from {low} to {high}.")

    @property
    def reach_frames(self) -> int:
        """Look at the picture itself only."""
        return 0

    def fingerprint(self) -> str:
        """Return the digest of the weights and of the judge."""
        paths = shelf.chosen(self.weights, self.ships), shelf.chosen(self.judge, "flaws", ".json")
        return hashlib.sha256("".join(map(shelf.sha256, paths)).encode()).hexdigest()

    def detect(self, window: Window, t: int) -> Detection:
        """Return the damage of picture t."""
        mask = np.zeros(window.size, bool)
        if min(window.size) < SMALLEST_PX:
            return Detection(mask)
        steps, soft = self.judged(window, t), crispness(window, t) <= self.soft_frac
        objects: list[Found] = []
        for step in steps:
            right = step.fits & ~step.edging & self.enough(step, soft)
            fresh = right & ~mask.ravel()[step.found.at[step.found.starts]]  # the core of what is taken is taken
            objects += [self.told(t, step, i, self.believed(step, soft)[i]) for i in np.flatnonzero(fresh).tolist()]
            mask.ravel()[step.found.at[right[step.found.own]]] = True
        objects += sorted(self.questions(t, steps, mask, soft), key=lambda f: -f.confidence)[:LISTED_MOST]
        return Detection(closed(rimmed(mask, self.seen(window, t).sheets.max(0))), tuple(objects))

    def questions(self, t: int, steps: list[Judged], mask: Bits, soft: bool) -> Iterator[Found]:
        """Yield the things that a person is to decide on: none that holds anything taken (H, W), and none twice."""
        known = mask.copy()
        for step in steps:
            alone = step.found.total(known.ravel()[step.found.at].astype(np.float32)) == 0
            asked = step.fits & alone & (step.sure >= self.listed)
            known.ravel()[step.found.at[asked[step.found.own]]] = True
            for i in np.flatnonzero(asked).tolist():
                yield self.told(t, step, i, step.sure[i], EDGING if step.edging[i] else self.reason(step, i, soft))

    def enough(self, step: Judged, soft: bool) -> Bits:
        """Return which things (n,) are probable enough, in a picture that is softer than its pixels or is not."""
        sure = self.believed(step, soft)
        if soft:
            return np.asarray(sure >= self.certainty)
        return np.asarray(step.speckled & (sure >= self.sharp_certainty) & (step.number == SHARP_STEP))

    def believed(self, step: Judged, soft: bool) -> Table:
        """Return how probable things (n,) are by whose word counts: the judge's, or on sharp pictures the network's."""
        return step.sure if soft else step.found.peak.astype(np.float64) / 255

    def reason(self, step: Judged, i: int, soft: bool) -> str:
        """Say why thing i is not taken."""
        chance = float(step.sure[i])
        if soft:
            return f"damage with probability {chance:.2f}; {self.certainty:.2f} is needed"
        if step.speckled[i]:
            return f"damage with probability {chance:.2f}, in a picture so sharp that it has specks of its own"
        return f"a line with probability {chance:.2f}, in a picture so sharp that it has thin lines of its own"

    def score(self, window: Window, t: int) -> Float:
        """Return how probable the judge finds damage of any kind (H, W); masks of sharp pictures go by the network."""
        out = np.zeros(window.size, np.float32)
        for step in self.judged(window, t) if min(window.size) >= SMALLEST_PX else ():
            np.maximum.at(out.ravel(), step.found.at, step.sure[step.found.own].astype(np.float32))
        return out

    def seen(self, window: Window, t: int) -> Seen:
        """Return what the network says of picture t; made once."""
        path = shelf.chosen(self.weights, self.ships)
        return window.memo("photo-seen", (t, shelf.sha256(path)), lambda: seen_in(window, t, path))

    def judged(self, window: Window, t: int) -> list[Judged]:
        """Return the things of picture t that may be damage, each judged, step by step."""
        seen, path, sharp = self.seen(window, t), shelf.chosen(self.judge, "flaws", ".json"), sharpness(window, t)
        net = _network.read(path, shelf.sha256(path), _flaws.NAMES)
        out = []
        for step in range(len(_flaws.LEVELS)):
            found, values = _flaws.measure(seen, step, sharp)
            speck, line = (values[:, _flaws.NAMES.index(name)] for name in ("speck", "line"))
            area = found.area
            fits: Bits = (area >= self.smallest_px) & (area <= self.largest_frac * window.size[0] * window.size[1])
            sure = _network.probability(net.score(values))
            out.append(Judged(step, found, sure, speck >= line, fits, along_edge(found.boxes, window.size)))
        return out

    def told(self, t: int, step: Judged, i: int, chance: float, why: str = "") -> Found:
        """Return what is said of thing i, damage by a `chance`; `why` it is undecided, where it is."""
        y0, x0, y1, x1 = (int(v) for v in step.found.boxes[i])
        name, area = "dirt" if step.speckled[i] else "line", int(step.found.area[i])
        return Found(t, name, (y0, x0, y1, x1), area, float(chance), "undecided" if why else "confirmed", why)


def along_edge(boxes: Ints, size: tuple[int, int]) -> Bits:
    """Return which things (n,) of boxes (n, 4) lie along the edge of a picture (H, W)."""
    y0, x0, y1, x1 = boxes.T
    level = (y0 <= EDGE_PX) | (y1 >= size[0] - EDGE_PX)
    upright = (x0 <= EDGE_PX) | (x1 >= size[1] - EDGE_PX)
    flat, thin = x1 - x0 > EDGE_SHAPE * (y1 - y0), y1 - y0 > EDGE_SHAPE * (x1 - x0)
    return np.asarray((level & flat) | (upright & thin))


def rimmed(core: Bits, sheet: Sheet) -> Bits:
    """Return things (H, W) with their soft rims: else what is filled takes after the damage it borders on."""
    reach = np.ones((2 * RIM_PX + 1, 2 * RIM_PX + 1), np.uint8)
    near = cv2.dilate(core.astype(np.uint8), reach) > 0
    return np.asarray(core | (near & (sheet > 255 * RIM)))


def sharpness(window: Window, t: int) -> float:
    """Return how far, in 8-bit levels, a twentieth of the pixels of picture t are beyond the median around them."""
    spike = cv2.absdiff(window.grey(t), cv2.medianBlur(window.grey(t), _alone.SPIKE_PX))
    return float(np.percentile(spike, 95))


def crispness(window: Window, t: int) -> float:
    """Return which share of the contrast of picture t to what is around, at its strongest edges, is in what is nearest.

    Grain and single specks are left out. 0 where the picture is flat.
    """
    calm = cv2.medianBlur(window.grey(t), CALM_PX)
    near, far = (np.abs(cv2.subtract(calm, cv2.GaussianBlur(calm, (0, 0), px))) for px in EDGES_PX)
    edges = far >= max(float(np.percentile(far, 100 - STRONGEST_PERCENT)), FAINTEST_LEVELS)
    return float(np.median(near[edges] / far[edges])) if edges.any() else 0.0


def seen_in(window: Window, t: int, path: Path) -> Seen:
    """Return what the network at `path` says of picture t, band by band."""
    grey, grain = window.grey(t), window.grain(t)
    h, tile, margin = window.size[0], TILING.tile_px, TILING.margin_px
    said, shown = [], []
    for top in range(0, h, BAND * tile):
        stop = min(top + BAND * tile, h)
        first, last = max(top - margin - _alone.REACH_PX, 0), min(stop + margin + _alone.REACH_PX, h)
        seen = _alone.sight(grey[first:last], grain)
        upper, lower = max(top - margin, 0), min(stop + margin, h)
        worth = np.maximum(*seen[_alone.THIN, top - first : stop - first]) > LEAST_LEVELS * _alone.LEVELS
        room = ((0, 0), (upper - top + margin, stop + margin - lower + -(stop - top) % tile), (margin, margin + tile))
        wide = np.pad(seen[:, upper - first : lower - first], room, "edge")
        said.append(_netted.asked(wide, worth, path, TILING).astype(np.uint8))
        shown.append(seen[:, top - first : stop - first][:, _flaws.is_open(said[-1])].T.astype(np.float16))
    return Seen(np.concatenate(said, 1), np.concatenate(shown))

