"""Items in, each of them restored out, one after the other: a row for each, whatever became of it.

What is done is skipped: an item's stamp says what was wished of which file, and the project's own stamps that the
output is still the one it wrote. What was interrupted goes on where it was, because each item is a project.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from restore import __version__
from restore.batch.items import Item
from restore.edits import Edits
from restore.errors import RestoreError
from restore.ledger import key_of, write_atomic
from restore.outputs import identity, made_by
from restore.probe import file_sha256
from restore.report.summary import summarise
from restore.restoration import Prepared, Wish, carry_out, prepare
from restore.run import Outcome, Progress
from restore.stills import is_sequence, members
from restore.store import Store

FOLDER = "batch.lacuna"
"""Where in the batch's folder the stamps of its items lie."""
FREE = ("source", "output", "device", "workers", "scheduler", "memory_bytes", "overwrite", "rate",
        "not_for_diagnosis")
"""What of a wish changes nothing about the result, or is in the key in another form."""


@dataclass(frozen=True)
class Row:
    """What became of one item."""

    name: str
    source: str
    output: str
    state: str
    """restored, skipped (it was done before) or failed."""
    frames: int = 0
    share_frac: float = 0.0
    """Damaged part of all pixels."""
    copied_px: int = 0
    made_up_px: int = 0
    left_px: int = 0
    steps: int = 0
    """Steps done in this call; 0 where all was done before."""
    seconds: float = 0.0
    report: str = ""
    why: str = ""
    """Why it failed."""


Shown = Callable[[Prepared], AbstractContextManager[Progress]]


def work(
    wanted: Sequence[Item], folder: Path, shown: Shown = lambda _: nullcontext(lambda _: None),
    on_item: Callable[[int, Item], None] = lambda number, item: None,
) -> Iterator[Row]:
    """Restore the items into `folder` one after the other and yield a row for each; none that fails stops the others.

    `on_item` is told when one begins, `shown` gives what is told of its steps. Raises OSError where `folder` cannot be
    written to.
    """
    stamps = folder / FOLDER
    stamps.mkdir(parents=True, exist_ok=True)
    for number, item in enumerate(wanted):
        on_item(number, item)
        stamp = stamps / f"{Path(item.name).name}-{key_of(item.name)[:8]}.json"
        if (row := _done_before(item, stamp)) is None:
            row = _restored(item, shown)
            if row.state == "failed":
                stamp.unlink(missing_ok=True)
            else:
                write_atomic(stamp, json.dumps({"key": _key(item.wish), "row": asdict(row)}, indent=1))
        yield row


def _done_before(item: Item, stamp: Path) -> Row | None:
    """Return the row of an item that needs no work, None where it does; reads nothing of the material."""
    try:
        held = json.loads(stamp.read_text(encoding="utf-8"))
        row = Row(**held["row"])
        intact = made_by(Store.open(_project(item.wish)), Path(item.wish.output))
        same = held["key"] == _key(item.wish)
    except (OSError, ValueError, KeyError, TypeError, RestoreError):
        return None
    return replace(row, state="skipped", steps=0, seconds=0.0) if same and intact else None


def _key(wish: Wish) -> str:
    """Return the digest of all that the result depends on, as far as it can be told without reading the material."""
    words = {k: v for k, v in asdict(wish).items() if k not in FREE}
    files = members(wish.source) if is_sequence(wish.source) else [Path(wish.source)]
    workflow = file_sha256(wish.workflow) if Path(wish.workflow).is_file() else ""
    masks = [identity(f) for f in sorted(Path(wish.masks).iterdir())] if Path(wish.masks or "-").is_dir() else []
    edits = len(Edits(_project(wish) / "edits").all())
    return key_of(words, str(wish.rate), [identity(f) for f in files], workflow, masks, edits, __version__)


def _project(wish: Wish) -> Path:
    output = Path(wish.output)
    return Path(wish.project) if wish.project else output.with_name(f"{output.name}.lacuna")


def _restored(item: Item, shown: Shown) -> Row:
    """Restore one item; whatever goes wrong goes into its row."""
    begun = time.monotonic()
    row = Row(item.name, item.wish.source, item.wish.output, "failed")
    try:
        Path(item.wish.output).parent.mkdir(parents=True, exist_ok=True)
        prepared = prepare(item.wish)
        with shown(prepared) as on_result:
            outcome = carry_out(prepared, on_result)
        row = _counted(replace(row, steps=outcome.done), prepared, outcome)
    except RestoreError as error:
        row = replace(row, why=str(error))
    except Exception as error:  # a part's or a library's own: the others go on
        row = replace(row, why=f"{type(error).__name__}: {error}")
    return replace(row, seconds=round(time.monotonic() - begun, 1))


def _counted(row: Row, prepared: Prepared, outcome: Outcome) -> Row:
    facts: dict[str, Any] = {"report": str(prepared.project / "report.html"), "frames": len(prepared.plan.frames)}
    if not outcome.ok:
        first = outcome.failed[0]
        return replace(row, **facts, why=f"{first.stage}-{first.span}: {first.failed}")
    totals = summarise(Store.open(prepared.project)).totals
    facts |= {"share_frac": totals.share_frac, "copied_px": totals.donors_px}
    facts |= {"made_up_px": totals.invented_px, "left_px": totals.unfilled_px}
    return replace(row, **facts, state="restored")
