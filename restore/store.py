"""The project directory: sparse layers (masks, patches, origins) in a Zarr sidecar, and what identifies the project.

Chunks are single frames (the unit of reading), shards are spans (the unit of writing: one file, written whole by one
step). Empty chunks are never written, so presence says nothing: the ledger's stamp says done. The only zarr import.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import zarr
from zarr.codecs import ZstdCodec

from restore.errors import StoreError
from restore.frames import Bits, Patch
from restore.ledger import Ledger, write_atomic
from restore.source import Source
from restore.span import Span

FORMAT = 1
"""Version of the directory's layout; a project of another one is refused, not guessed at."""


@dataclass(frozen=True)
class Facts:
    """What a project was made for, fixed when it is made."""

    source: Source
    span_frames: int
    format: int = FORMAT


class Store:
    """An open project directory."""

    def __init__(self, folder: Path, facts: Facts) -> None:
        """Use `Store.open` or `Store.create`."""
        self.folder = folder
        self.facts = facts
        self.source = facts.source
        self.ledger = Ledger(folder / "ledger")
        self._group = zarr.open_group(folder / "layers.zarr", mode="a", zarr_format=3)
        self._open: dict[str, zarr.Array[Any]] = {}

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open an existing project. Raises StoreError where there is none, or one this version cannot read."""
        path = folder / "project.json"
        if not path.is_file():
            raise StoreError(f"{folder} is not a project of this program: it holds no project.json.")
        try:
            data = json.loads(path.read_text(encoding="utf-8"))
            if data["format"] != FORMAT:
                raise StoreError(
                    f"{folder} has layout {data['format']}, this version reads {FORMAT}. "
                    "Use the version that made it, or choose another --project."
                )
            return cls(folder, Facts(Source.from_json(data["source"]), int(data["span_frames"])))
        except (ValueError, KeyError, TypeError) as error:
            raise StoreError(f"{path} is damaged ({error}). Choose another --project, or restore the file.") from error

    @classmethod
    def create(cls, folder: Path, source: Source, span_frames: int) -> Store:
        """Open the project in `folder` for `source`, making it where there is none.

        Raises StoreError where the folder holds another file's project, or something that is no project at all.
        """
        if (folder / "project.json").exists():
            return cls.open(folder)._belonging_to(source)
        if folder.exists() and any(folder.iterdir()):
            raise StoreError(f"{folder} exists, is not empty and is no project. Choose another --project.")
        for name in ("ledger", "edits", "segments"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        facts = {"format": FORMAT, "span_frames": span_frames, "source": source.to_json()}
        write_atomic(folder / "project.json", json.dumps(facts, indent=1))
        return cls.open(folder)

    def _belonging_to(self, source: Source) -> Store:
        if self.source.sha256 != source.sha256 or self.source.frames != source.frames:
            raise StoreError(
                f"{self.folder} was made from another file: {self.source.path} (sha256 {self.source.sha256[:12]}, "
                f"{self.source.frames} frames), not {source.path} ({source.sha256[:12]}, {source.frames} frames). "
                "Choose another --project."
            )
        return self

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Hold the project for one run. Raises StoreError where another run holds it; a killed run holds nothing."""
        with open(self.folder / "lock", "a+", encoding="utf-8") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                file.seek(0)
                holder = file.read().strip() or "unknown"
                raise StoreError(
                    f"{self.folder} is in use by another run (process {holder}). Wait for it, or stop it; "
                    "what it finished is kept."
                ) from error
            file.truncate(0)
            file.write(str(os.getpid()))
            file.flush()
            yield

    def grid(self, frames: Span) -> tuple[Span, ...]:
        """Return the project's spans that touch `frames`: whole shards, whatever part of them was asked for."""
        return tuple(s for s in self.source.span.split(self.facts.span_frames) if s.touches(frames))

    # Masks

    def write_masks(self, layer: str, span: Span, masks: Sequence[Bits]) -> None:
        """Write the masks (H, W) of all frames of a span of the grid as one shard."""
        self._write(f"mask/{layer}", span, np.stack(masks).view(np.uint8))

    def mask(self, layer: str, t: int) -> Bits:
        """Return the mask (H, W) of frame t in one layer; all False where nothing was written."""
        return self._read(f"mask/{layer}", t, self.source.size, np.uint8).view(np.bool_)

    def mask_layers(self) -> list[str]:
        """Return the names of the mask layers there are."""
        folder = self.folder / "layers.zarr" / "mask"
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []

    # Patches

    def write_patches(self, layer: str, span: Span, patches: Sequence[Patch]) -> None:
        """Write the patches of all frames of a span of the grid; layer "fill" also holds mask, origin and offset."""
        for p in range(self.source.pixels.colour_planes):
            self._write(f"{layer}/plane{p}", span, np.stack([patch.planes[p] for patch in patches]))
        if layer == "fill":
            self._write("fill/origin", span, np.stack([patch.origin for patch in patches]))
            self._write("fill/offset", span, np.stack([patch.offset for patch in patches]))

    def patch(self, layer: str, t: int) -> Patch:
        """Return the patch of frame t; an empty one where nothing was written."""
        pixels, size = self.source.pixels, self.source.size
        planes = tuple(
            self._read(f"{layer}/plane{p}", t, pixels.shape(p, size), pixels.dtype)
            for p in range(pixels.colour_planes)
        )
        origin = self._read("fill/origin", t, size, np.uint8)
        return Patch(t, origin > 0, planes, origin, self._read("fill/offset", t, size, np.int8))

    # Arrays

    def _write(self, name: str, span: Span, block: npt.NDArray[Any]) -> None:
        if (array := self._array(name)) is None:
            if not block.any():
                return
            array = self._make(name, block.shape[1:], block.dtype)
        array[span.start : span.stop] = block

    def _read(self, name: str, t: int, shape: tuple[int, ...], dtype: Any) -> npt.NDArray[Any]:
        if (array := self._array(name)) is None:
            return np.zeros(shape, dtype)
        return np.asarray(array[t])

    def _array(self, name: str) -> zarr.Array[Any] | None:
        if name not in self._open:
            if not (self.folder / "layers.zarr" / name / "zarr.json").exists():
                return None
            self._open[name] = self._group[name]  # type: ignore[assignment]  # a group would be our own mistake
        return self._open[name]

    def _make(self, name: str, shape: tuple[int, ...], dtype: Any) -> zarr.Array[Any]:
        try:
            array = self._group.create_array(
                name,
                shape=(self.source.frames, *shape),
                chunks=(1, *shape),
                shards=(self.facts.span_frames, *shape),
                dtype=dtype,
                compressors=[ZstdCodec(level=1)],
                dimension_names=("t", "y", "x"),
                fill_value=0,
            )
        except (zarr.errors.ContainsArrayError, FileExistsError):
            return self._array(name) or self._make(name, shape, dtype)  # another worker was first
        self._open[name] = array
        return array
