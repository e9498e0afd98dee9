"""What detectors found in a span in, a compressed table of it on disk out, and back: one file a span of the project.

A reel has up to a million defects. A table holds columns of numbers and each word once, some ten bytes a defect; ids
are not in it, they follow from what is.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from zipfile import BadZipFile

import numpy as np

from restore.errors import MaskError, StoreError
from restore.ledger import write_atomic
from restore.span import Span

Status = Literal["confirmed", "undecided", "rejected"]
STATUSES: tuple[Status, ...] = ("confirmed", "undecided", "rejected")


@dataclass(frozen=True, slots=True)
class Defect:
    """One thing a detector found in one frame."""

    layer: str
    """The detector's mask layer."""
    kind: str
    """dirt, scratch ..."""
    frame: int
    box: tuple[int, int, int, int]
    """(y0, x0, y1, x1), half-open, luma pixels."""
    area_px: int
    confidence: float
    """0 to 1, to three decimals."""
    status: Status
    """What holds: the detector's word, until a person says otherwise."""
    why: str
    """Why the detector could not decide; empty where it could."""
    id: str
    """"dirt-1204-88-310": kind, frame, top and left of the box; the same whatever the spans were."""
    by: str = ""
    """Who decided, where it was a person."""
    was: Status | None = None
    """What the detector had said, where it was a person."""

    @property
    def detected(self) -> Status:
        """Return the detector's word."""
        return self.was or self.status


class Ids:
    """Ids for the defects of a film, which must come frame by frame and in the order the detectors gave them."""

    def __init__(self) -> None:
        """Begin with no frame."""
        self._frame = -1
        self._seen: dict[str, int] = {}

    def next(self, kind: str, frame: int, box: tuple[int, int, int, int]) -> str:
        """Return the id of the next one: a second thing with the same kind and corner in a frame ends in ".2"."""
        if frame != self._frame:
            self._frame, self._seen = frame, {}
        name = f"{kind}-{frame}-{box[0]}-{box[1]}"
        count = self._seen[name] = self._seen.get(name, 0) + 1
        return name if count == 1 else f"{name}.{count}"


def frame_of(id_: str) -> int:
    """Return the frame that an id names; raise MaskError for what is no id."""
    pieces = id_.rsplit("-", 3)
    if len(pieces) != 4 or not pieces[1].isdigit():
        raise MaskError(f"{id_!r} is no id of a defect; one looks like dirt-1204-88-310. `lacuna defects` lists them.")
    return int(pieces[1])


class Defects:
    """The tables of a project, in a folder."""

    def __init__(self, folder: Path) -> None:
        """Use the tables kept in `folder`; it is made when the first is written."""
        self.folder = folder

    def path(self, span: Span) -> Path:
        """Return where the table of a span is."""
        return self.folder / f"{span}.npz"

    def write(self, span: Span, defects: Sequence[Defect]) -> None:
        """Write the table of a span, whole or not at all; frame by frame, in the order the detectors gave them."""
        def column(of: Callable[[Defect], int], dtype: str) -> np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]:
            return np.fromiter(map(of, defects), dtype, len(defects))

        words = {name: _words(getattr(d, name) for d in defects) for name in ("layer", "kind", "why")}
        place = {name: {word: k for k, word in enumerate(known)} for name, known in words.items()}
        columns = {
            "frame": column(lambda d: d.frame, "u4"),
            "box": np.array([d.box for d in defects], "i4").reshape(-1, 4).T,
            "area_px": column(lambda d: d.area_px, "u4"),
            "confidence": column(lambda d: round(1000 * d.confidence), "u2"),
            "status": column(lambda d: STATUSES.index(d.status), "u1"),
            "layer": column(lambda d: place["layer"][d.layer], "u2"),
            "kind": column(lambda d: place["kind"][d.kind], "u2"),
            "why": column(lambda d: place["why"][d.why], "u4"),
        }
        file = io.BytesIO()
        np.savez_compressed(file, **columns, **{f"{name}s": np.array(w, str) for name, w in words.items()})  # type: ignore[arg-type]  # its stub takes the names for options
        self.folder.mkdir(exist_ok=True)
        write_atomic(self.path(span), file.getvalue())

    def read(self, span: Span) -> tuple[Defect, ...]:
        """Return what the table of a span holds. Raises StoreError where there is none, or it is damaged."""
        path = self.path(span)
        try:
            with np.load(path) as table:
                held = {name: table[name].tolist() for name in table.files}
            return tuple(_rows(held))
        except FileNotFoundError as error:
            raise StoreError(
                f"{path} is missing: the span was searched by a version that kept no table of defects. "
                "Run again; only this is done again."
            ) from error
        except (OSError, ValueError, KeyError, IndexError, BadZipFile) as error:
            raise StoreError(f"{path} cannot be read ({error}). Delete it and run again; it is made anew.") from error


def _words(said: Iterable[str]) -> list[str]:
    return sorted(set(said))


def _rows(held: Mapping[str, Any]) -> Iterator[Defect]:
    ids = Ids()
    layers, kinds, whys = (held[f"{name}s"] for name in ("layer", "kind", "why"))
    y0s, x0s, y1s, x1s = held["box"]
    boxes = zip(y0s, x0s, y1s, x1s, strict=True)
    columns = (held[name] for name in ("layer", "kind", "frame", "area_px", "confidence", "status", "why"))
    for box, (layer, kind, t, area, sure, status, why) in zip(boxes, zip(*columns, strict=True), strict=True):
        name = ids.next(kinds[kind], t, box)
        yield Defect(layers[layer], kinds[kind], t, box, area, sure / 1000, STATUSES[status], whys[why], name)
