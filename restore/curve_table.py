"""The curves of a span in, one file of them on disk out, and back; those that people redrew lie beside them."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from restore.curves import Curve, of_json, to_json
from restore.errors import MaskError, StoreError
from restore.ledger import write_atomic
from restore.span import Span


class Curves:
    """The curves of a project, in a folder."""

    def __init__(self, folder: Path) -> None:
        """Use the curves kept in `folder`; it is made when the first are written."""
        self.folder = folder

    def path(self, of: Span | int) -> Path:
        """Return where the curves of a span are, or those that the edit of a number brought."""
        name = f"edit-{of:06d}" if isinstance(of, int) else str(of)
        return self.folder / f"{name}.jsonl.gz"

    def write(self, of: Span | int, curves: Sequence[Curve]) -> None:
        """Write the curves of a span or an edit, whole or not at all, in the order given."""
        self.folder.mkdir(exist_ok=True)
        text = "".join(json.dumps({**to_json(c), "track": ""}) + "\n" for c in curves)
        write_atomic(self.path(of), gzip.compress(text.encode(), mtime=0))

    def read(self, of: Span | int) -> tuple[Curve, ...]:
        """Return the curves of a span or an edit; none where none were written. Raises StoreError for damaged ones."""
        path = self.path(of)
        try:
            return tuple(_parsed(gzip.decompress(path.read_bytes()).decode(), path.name))
        except FileNotFoundError:
            return ()
        except (OSError, EOFError, ValueError, MaskError) as error:
            raise StoreError(f"{path} cannot be read ({error}). Delete it and run again; it is made anew.") from error


def _parsed(text: str, name: str) -> Iterator[Curve]:
    for number, line in enumerate(text.splitlines(), 1):
        yield of_json(json.loads(line), f"line {number} of {name}")
