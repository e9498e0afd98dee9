"""What a person says of single defects in, edits of the masks out: the rejected stay as they are, the accepted go.

An edit holds the pixels and the ids. Nothing is detected anew, and the next run redoes only what sees those frames.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np

from restore.by_field import View
from restore.defects import Defect, Status, frame_of
from restore.detect import Detector
from restore.edits import Edit
from restore.errors import MaskError
from restore.frames import Bits
from restore.session import Session
from restore.span import Span
from restore.store import Store
from restore.written import counted

SLACK_FRAC, SLACK_PX = 1 / 1024, 2
"""How far the mask of a defect may reach beyond its box, as a share of the width and at least: margins, closed gaps."""

Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Decision:
    """What became of a person's word."""

    edits: tuple[Edit, ...]
    """None where all of it held already."""
    held: tuple[str, ...] = ()
    """Ids of what was so before."""
    boxes: tuple[str, ...] = ()
    """Ids accepted whose whole box is filled, because the detector has no outline of them."""


def standing(store: Store, span: Span, decided: Mapping[str, Edit]) -> Iterator[Defect]:
    """Yield the defects of a span of the grid with the status that holds, `decided` (`Edits.decided`) counted.

    None before the span is searched. Raises StoreError where its table cannot be read.
    """
    stamp = store.ledger.read("detect", span)
    if stamp is None or stamp.failed:
        return
    for d in store.defects.read(span):
        if (edit := decided.get(d.id)) is None:
            yield d
        else:
            status: Status = "confirmed" if edit.verb == "add" else "rejected"
            yield dataclasses.replace(d, status=status, by=edit.by or "a person", was=d.status)


def decide(
    session: Session, ids: Iterable[str], accept: bool, by: str = "",
    on_frame: Callable[[int, int], None] = lambda done, total: None,
) -> Decision:
    """Accept or reject defects, as one edit. Raises MaskError for an id there is not; then nothing is recorded."""
    wanted = dict.fromkeys(ids)
    target = "confirmed" if accept else "rejected"
    masks: dict[int, Bits] = {}
    changed: list[str] = []
    boxes: list[str] = []
    decided = session.edits.decided()
    frames = _asked(session.store, wanted, decided)
    for done, (t, here) in enumerate(frames.items(), 1):
        frame = _Frame(session, t, here, decided)
        mine = [d for d in here if d.id in wanted and d.status != target]
        mask = frame.added(mine) if accept else frame.removed(mine)
        if mask.any():
            masks[t] = mask
        changed += [d.id for d in mine]
        boxes += frame.boxes
        on_frame(done, len(frames))
    held = tuple(one for one in wanted if one not in set(changed))
    if not changed:
        return Decision((), held)
    note = f"{'accepted' if accept else 'rejected'} {counted(len(changed), 'defect')}"
    edit = session.edits.append("add" if accept else "remove", masks, by, note, changed)
    return Decision((edit,), held, tuple(boxes))


def sentences(decision: Decision) -> Iterator[str]:
    """Yield what became of it, for people."""
    for edit in decision.edits:
        done = "accepted" if edit.verb == "add" else "rejected"
        again = "To apply it: the same `lacuna run` again, with --overwrite." if edit.digests else "Nothing to redo."
        yield f"edit {edit.number}: {counted(len(edit.defects), 'defect')} {done}. {again}"
    if decision.held:
        yield f"so already: {', '.join(decision.held)}"
    for one in decision.boxes:
        yield f"{one}: its detector has no outline of it, so all of its box is filled"


def _asked(store: Store, wanted: Iterable[str], decided: Mapping[str, Edit]) -> dict[int, list[Defect]]:
    """Return everything found in the frames of the wanted ids. Raises MaskError for an id there is not."""
    film = store.source.span
    named = {one: frame_of(one) for one in wanted}
    spans = dict.fromkeys(s for t in named.values() if t in film for s in store.grid(Span(t, t + 1)))
    found: dict[int, list[Defect]] = {}
    for span in sorted(spans):
        for d in standing(store, span, decided):
            found.setdefault(d.frame, []).append(d)
    known = {d.id for defects in found.values() for d in defects}
    if missing := [one for one in named if one not in known]:
        raise MaskError(
            f"there is no defect {missing[0]!r} in {store.folder}. `lacuna defects` lists those there are: a search "
            "with other settings may have found others."
        )
    return {t: found[t] for t in sorted(set(named.values()))}


class _Frame:
    """What was found in one frame, and the pixels of each."""

    def __init__(self, session: Session, t: int, here: Sequence[Defect], decided: Mapping[str, Edit]) -> None:
        self.session, self.t, self.here, self.decided = session, t, here, decided
        self.size = session.store.source.size
        self.slack = max(SLACK_PX, round(SLACK_FRAC * self.size[1]))
        self.boxes: list[str] = []
        """Ids for which there was nothing better than the box."""
        self._masks: dict[str, Bits] = {}

    def removed(self, mine: Sequence[Defect]) -> Bits:
        """Return the pixels (H, W) that nothing claims any more once `mine` are rejected."""
        gone = {d.id for d in mine}
        stay = [d for d in self.here if d.status == "confirmed" and d.id not in gone]
        out = np.zeros(self.size, bool)
        kept: dict[str, Bits] = {}
        for d in (d for d in mine if d.status == "confirmed"):
            others = [s.box for s in stay if s.layer == d.layer]
            layer = d.layer if d.detected == "confirmed" else ""  # what was undecided is in no layer
            if layer not in kept:
                kept[layer] = self.kept(stay, layer)
            at = around(d.box, self.slack, self.size)
            out[at] |= own(self.mask_of(d), d.box, others, self.slack) & ~kept[layer][at]
        return out

    def mask_of(self, d: Defect) -> Bits:
        """Return the mask (H, W) that holds the pixels of a confirmed defect: the person's who accepted it, if any."""
        if (given := self.decided.get(d.id)) is not None:
            name = str(given.number)
            return self._held(name, lambda: self.session.edits.mask(given, self.t, self.size[1]))
        return self.marked(d.layer)

    def marked(self, layer: str) -> Bits:
        """Return the mask (H, W) of a layer."""
        return self._held(f"mask/{layer}", lambda: self.session.store.mask(layer, self.t))

    def _held(self, name: str, make: Callable[[], Bits]) -> Bits:
        if name not in self._masks:
            self._masks[name] = make()
        return self._masks[name]

    def kept(self, stay: Sequence[Defect], layer: str) -> Bits:
        """Return what other layers than `layer` mark (H, W) of the defects that stay."""
        out = np.zeros(self.size, bool)
        for other in {d.layer for d in stay} - {layer}:
            for d in stay:
                if d.layer == other:
                    at = around(d.box, self.slack, self.size)
                    out[at] |= self.marked(other)[at]
        return out

    def added(self, mine: Sequence[Defect]) -> Bits:
        """Return the pixels (H, W) of `mine`, as their detector drew them or would have."""
        out = np.zeros(self.size, bool)
        for d in mine:
            others = [o.box for o in self.here if o.layer == d.layer and o.id != d.id]
            mask = self.drawn(d.layer) if d.detected == "undecided" else self.marked(d.layer)
            shape = own(mask, d.box, others, self.slack)
            out[around(d.box, self.slack, self.size)] |= shape
            if not shape.any():
                self.boxes.append(d.id)
                out[around(d.box, 0, self.size)] = True
        return out

    def drawn(self, layer: str) -> Bits:
        """Return the mask (H, W) of a detector that is made to draw what it only listed; nothing if it cannot."""
        def draw() -> Bits:
            part = next((p.made for p in self.session.recipe.detect if p.layer == layer), None)
            if part is None or not (leads := getattr(part, "leads", {})):
                return np.zeros(self.size, bool)
            bold: Detector = dataclasses.replace(part, **leads)
            return View.of(self.session, hiding=False).detect(bold, self.t).mask

        return self._held(f"drawn/{layer}", draw)


def around(box: Box, slack: int, size: tuple[int, int]) -> tuple[slice, slice]:
    """Return the rows and columns of a box grown by `slack`, within a picture of `size` (H, W)."""
    y0, x0, y1, x1 = box
    return np.s_[max(0, y0 - slack) : min(size[0], y1 + slack), max(0, x0 - slack) : min(size[1], x1 + slack)]


def own(mask: Bits, box: Box, others: Iterable[Box], slack: int = SLACK_PX) -> Bits:
    """Return the pixels of a mask (H, W) that belong to the thing in a box, of the box grown by `slack` (`around`).

    These are the largest connected piece that reaches into the box, and all pieces that lie in no other box: a scratch
    comes in many, and specks in the bend of a hair are things of their own.
    """
    size = (mask.shape[0], mask.shape[1])
    at, inner = around(box, slack, size), around(box, 0, size)
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask[at].view(np.uint8), connectivity=8)
    top, left = at[0].start, at[1].start
    core = labels[inner[0].start - top : inner[0].stop - top, inner[1].start - left : inner[1].stop - left]
    within = np.bincount(core.ravel(), minlength=n)
    within[0] = 0
    mine = np.zeros(n, bool)
    for i in np.flatnonzero(within):
        x, y, width, height = (int(v) for v in stats[i, :4])
        piece = (top + y, left + x, top + y + height, left + x + width)
        mine[i] = i == within.argmax() or not any(_lies_in(piece, other, slack) for other in others)
    return mine[labels]


def _lies_in(piece: Box, box: Box, slack: int) -> bool:
    low = all(a >= b - slack for a, b in zip(piece[:2], box[:2], strict=True))
    return low and all(a <= b + slack for a, b in zip(piece[2:], box[2:], strict=True))
