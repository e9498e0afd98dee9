"""An output on the disk in, what tells it from every other file out: place, time, length, digest."""

from __future__ import annotations

import hashlib
from contextlib import closing
from pathlib import Path
from typing import Any

from restore.decode import open_decoder
from restore.fixity import md5_of, probed
from restore.ledger import Stamp
from restore.probe import file_sha256
from restore.source import Source
from restore.span import Span
from restore.stills import natural
from restore.store import Store


def segment_path(project: Path, span: Span) -> Path:
    """Return where a segment waits to be joined."""
    return project / "segments" / f"{span}"


def made_by(store: Store, output: Path) -> bool:
    """Tell whether `output` is, untouched, what the project in `store` wrote last."""
    return any(intact(stamp, output) for stamp in store.ledger.stamps(("join",)))


def intact(joined: Stamp, output: Path) -> bool:
    """Tell whether the output is the file that a join left: the same place, length and time of writing."""
    return not joined.failed and joined.facts.get("output") == identity(output)


def identity(output: Path) -> list[Any]:
    """Return place, time of writing and length of a file or folder; an empty list where there is none."""
    if not output.exists():
        return []
    stat = output.stat()
    return [str(output.resolve()), stat.st_mtime_ns, bytes_of(output)]


def bytes_of(path: Path) -> int:
    """Return the length of a file, or of all files of a folder together."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(f.stat().st_size for f in files if f.is_file())


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file's bytes; of a folder, that of its files' digests, as `probe` has it of a sequence."""
    if not path.is_dir():
        return file_sha256(path)
    digests = [file_sha256(f) for f in pictures_of(path)]
    return digests[0] if len(digests) == 1 else hashlib.sha256("\n".join(digests).encode()).hexdigest()


def seen_in(output: Path, source: Source) -> list[str]:
    """Return the fingerprints of what an output of `source` decodes to."""
    with closing(open_decoder(probed(output, source))) as decoder:
        return [md5_of(decoder.read(t)[-1]) for t in source.span]


def pictures_of(folder: Path) -> list[Path]:
    """Return a folder's files in the film's order."""
    return sorted((f for f in folder.iterdir() if f.is_file() and not f.name.startswith(".")), key=natural)
