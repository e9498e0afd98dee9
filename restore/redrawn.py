"""Curves that a person edited in, edits of the masks out: what they covered is given back, what they cover is filled.

Nothing is detected anew, and the next run redoes only what sees those frames.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from restore.curve_list import listed
from restore.curves import Curve, painted
from restore.defects import Ids
from restore.edits import Edit, Edits
from restore.errors import MaskError
from restore.frames import Bits
from restore.store import Store
from restore.written import counted


@dataclass(frozen=True)
class Redrawn:
    """What became of a person's curves."""

    edits: tuple[Edit, ...]
    """None where all of it held already."""
    changed: int
    held: int
    """Curves that were so before."""


def redraw(
    store: Store, given: Iterable[Curve], by: str = "",
    on_frame: Callable[[int, int], None] = lambda done, total: None,
) -> Redrawn:
    """Take curves for those of the same id, and new ones as they are; those not given stay.

    A curve that is "rejected" or "undecided" fills nothing. Raises MaskError for curves on frames the film has not got,
    for ids there are not and for two of one id; then nothing is recorded.
    """
    given = list(given)
    now: dict[int, dict[str, Curve]] = {}
    if given:
        for curve in listed(store, _frames(store, given)):
            now.setdefault(curve.frame, {})[curve.id] = curve
    wanted = _wanted(given, now)
    changed = [c for c in wanted if not _same(c, now.get(c.frame, {}).get(c.id))]
    if not changed:
        return Redrawn((), 0, len(given))
    of: dict[int, list[Curve]] = {}
    for curve in changed:
        of.setdefault(curve.frame, []).append(curve)
    gone: dict[int, Bits] = {}
    come: dict[int, Bits] = {}
    for done, t in enumerate(sorted(of), 1):
        gone[t], come[t] = _masks(store, t, of[t], now.get(t, {}))
        on_frame(done, len(of))
    return Redrawn(_recorded(store, changed, gone, come, by), len(changed), len(given) - len(changed))


def decide_tracks(
    store: Store, names: Iterable[str], accept: bool, by: str = "",
    on_frame: Callable[[int, int], None] = lambda done, total: None,
) -> Redrawn:
    """Accept or reject whole tracks. Raises MaskError for one there is not; then nothing is recorded."""
    wanted = list(dict.fromkeys(names))
    curves = list(listed(store, tracks=wanted))
    if missing := [name for name in wanted if name not in {c.track for c in curves}]:
        raise MaskError(
            f"there is no track {missing[0]!r} in {store.folder}. `lacuna curves list` lists those there are."
        )
    return redraw(store, [replace(c, status="confirmed" if accept else "rejected") for c in curves], by, on_frame)


def sentences(done: Redrawn) -> Iterator[str]:
    """Yield what became of it, for people."""
    for edit in done.edits:
        what = "filled" if edit.verb == "add" else "given back"
        yield f"edit {edit.number}: {counted(len(edit.digests), 'frame')} in which something is {what}"
    if any(edit.digests for edit in done.edits):
        yield f"{counted(done.changed, 'curve')} changed. To apply it: the same `lacuna run` again, with --overwrite."
    elif done.edits:
        yield f"{counted(done.changed, 'curve')} changed. Nothing to redo."
    if done.held:
        yield f"so already: {counted(done.held, 'curve')}"


def _frames(store: Store, given: Iterable[Curve]) -> tuple[int, int]:
    film = store.source.span
    for c in given:
        if c.frame not in film:
            raise MaskError(
                f"{c.id or 'a curve'} is on frame {c.frame}, and the film has frames 0 to {film.stop - 1}. Correct it."
            )
    return min(c.frame for c in given), max(c.frame for c in given) + 1


def _wanted(given: Iterable[Curve], now: dict[int, dict[str, Curve]]) -> list[Curve]:
    """Return the curves given with ids: new ones get the next that is free. Raises MaskError for ids there are not."""
    out: dict[str, Curve] = {}
    for curve in sorted(given, key=lambda c: (c.frame, c.rows, c.columns)):
        known = now.get(curve.frame, {})
        if curve.id and curve.id not in known:
            raise MaskError(f"there is no curve {curve.id!r} on frame {curve.frame}. Leave the id of a new one empty.")
        name = curve.id or _free(curve, {*known, *out})
        if name in out:
            raise MaskError(f"the curve {name} is given twice. Keep one of them.")
        out[name] = replace(curve, id=name, track="")
    return list(out.values())


def _free(curve: Curve, taken: set[str]) -> str:
    ids = Ids()
    box = (curve.rows[0], round(curve.columns[0]), 0, 0)
    while (name := ids.next("drawn", curve.frame, box)) in taken:
        pass
    return name


def _same(curve: Curve, old: Curve | None) -> bool:
    return old is not None and replace(curve, track="") == replace(old, track="")


def _masks(store: Store, t: int, changed: list[Curve], now: dict[str, Curve]) -> tuple[Bits, Bits]:
    """Return the pixels (H, W) that nothing claims any more, and those that are claimed now."""
    size, ids = store.source.size, {c.id for c in changed}
    old = painted((c for c in now.values() if c.id in ids and c.status == "confirmed"), size)
    stay = painted((c for c in now.values() if c.id not in ids and c.status == "confirmed"), size)
    new = painted((c for c in changed if c.status == "confirmed"), size)
    drawn_by = {c.layer for c in now.values() if c.id in ids}
    for layer in store.mask_layers():
        if layer not in drawn_by:
            stay |= store.mask(layer, t)
    return old & ~new & ~stay, new


def _recorded(
    store: Store, changed: list[Curve], gone: dict[int, Bits], come: dict[int, Bits], by: str
) -> tuple[Edit, ...]:
    """Record the edits: first what is given back, then what is filled; the curves lie beside the last of them."""
    edits, note = Edits(store.folder / "edits"), f"redrew {counted(len(changed), 'curve')}"
    filled = [c.id for c in changed if c.status == "confirmed"]
    left = [c.id for c in changed if c.status != "confirmed"]
    out: list[Edit] = []
    if left or any(m.any() for m in gone.values()):
        out.append(edits.append("remove", {t: m for t, m in gone.items() if m.any()}, by, note, left))
    if filled:
        out.append(edits.append("add", {t: m for t, m in come.items() if np.any(m)}, by, note, filled))
    store.curves.write(out[-1].number, changed)
    return tuple(out)
