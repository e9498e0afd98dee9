"""A name in, the weights file of that name that came with the program out, its digest checked. Knows no network."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from restore.errors import PartError

SHIPPED = Path(__file__).parents[1] / "weights"
SUMS = "SHA256SUMS"


def sha256(path: Path) -> str:
    """Return a file's digest as hexadecimal digits; read once, and again when the file has changed."""
    facts = path.stat()
    return _sha256(path, facts.st_mtime_ns, facts.st_size)


@lru_cache(maxsize=16)
def _sha256(path: Path, written_ns: int, size_bytes: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def chosen(given: str, name: str, suffix: str = ".safetensors") -> Path:
    """Return the file that a person gave, or the one of that name that is shipped."""
    return Path(given) if given else shipped(name, suffix)


def shipped(name: str, suffix: str = ".safetensors") -> Path:
    """Return the path of a weights file of this package, its digest checked.

    Raises PartError where there is none of that name, or where it is not the file that was shipped.
    """
    path = SHIPPED / (name + suffix)
    if not path.is_file():
        there = ", ".join(sorted(p.stem for p in SHIPPED.glob(f"*{suffix}"))) or "none"
        raise PartError(f"weights {name!r} were asked for; this installation has {there}. Install lacuna again.")
    sums = {name: digest for digest, name in map(str.split, (SHIPPED / SUMS).read_text().splitlines())}
    if sha256(path) != sums.get(path.name):
        raise PartError(
            f"{path} is not the file that was shipped: its sha256 begins with {sha256(path)[:12]}, and "
            f"{sums.get(path.name, 'none')[:12]} was expected. Install lacuna again."
        )
    return path
