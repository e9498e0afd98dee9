"""A folder with a model of the Stable Diffusion family in, its files, checked, and their digest out. Knows no torch."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from pathlib import Path

from restore.errors import PartError

INDEX = "model_index.json"
READ = {".safetensors", ".json", ".txt", ".md", ""}
"""Endings of files that hold no program; others (pickles, Python) are not let near the library."""


def contents(folder: Path) -> list[Path]:
    """Return the files of a model, in order. Raises PartError where the folder holds none, or anything but a model."""
    if not (folder / INDEX).is_file():
        raise PartError(
            f"{folder} holds no {INDEX}; a folder in the layout of diffusers is needed (`save_pretrained` writes it). "
            "Set `model` to one, or leave it empty for the model that is shipped."
        )
    found = [p for p in sorted(folder.rglob("*")) if p.is_file()]
    found = [p for p in found if not any(n.startswith(".") for n in p.relative_to(folder).parts)]
    odd = [p for p in found if p.suffix not in READ]
    if odd:
        raise PartError(
            f"{odd[0]} was found; only weights in safetensors files are read, for pickles and the like run code when "
            "they are opened. Save the model again with safe_serialization=True into a folder of its own."
        )
    return found


def fingerprint(folder: Path) -> str:
    """Return the digest of all files of a model; a file is read once, and again when it has changed."""
    each = (f"{p.relative_to(folder).as_posix()} {_sha256(p, p.stat().st_mtime_ns, p.stat().st_size)}"
            for p in contents(folder))
    return hashlib.sha256("\n".join(each).encode()).hexdigest()


@lru_cache(maxsize=64)
def _sha256(path: Path, written_ns: int, size_bytes: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
