"""The project directory: sparse layers (masks, patches, origins) in a Zarr sidecar, and what identifies the project.

Masks and origins are pictures; samples are rows that hold only what lies under the mask, in raster order. Chunks are
single frames (the unit of reading), shards are spans (the unit of writing: files written whole by one step). Empty
chunks are never written, so presence says nothing: the ledger's stamp says done. The only zarr import.
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
from zarr.codecs import BloscCodec

from restore.curve_table import Curves
from restore.defects import Defects
from restore.errors import StoreError
from restore.frames import Bits, Packed, support
from restore.ledger import Ledger, write_atomic
from restore.source import Source
from restore.span import Span

FORMAT = 1
"""Version of the directory's layout; a project of another one is refused, not guessed at."""
CHUNK_SAMPLES = 1 << 16
"""How rows of masked samples are cut: a piece holds a damaged 2K frame. Each piece costs time, even an empty one."""
ORIGINAL = "original"
"""The layer of the source's own samples under the patches of "fill": what `lacuna undo` puts back."""
BLOCK_BYTES = 1 << 18
"""What is compressed at one time: with this much together, the quickest level makes masks as small as a slow one."""


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
        self.defects = Defects(folder / "defects")
        self.curves = Curves(folder / "curves")
        self._group = zarr.open_group(folder / "layers.zarr", mode="a", zarr_format=3)
        self._open: dict[str, zarr.Array[Any]] = {}

    @classmethod
    def open(cls, folder: Path) -> Store:
        """Open an existing project. Raises StoreError where there is none, or one this version cannot read."""
        path = folder / "project.json"
        if not path.is_file():
            beside = folder.with_name(f"{folder.name}.lacuna")
            there = beside if (beside / "project.json").is_file() else "the folder OUTPUT.lacuna that `run` made"
            raise StoreError(f"{folder} is not a project of this program: it holds no project.json. Give {there}.")
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
        if held := cls.held(folder, source):
            return held
        for name in ("ledger", "edits", "segments"):
            (folder / name).mkdir(parents=True, exist_ok=True)
        facts = {"format": FORMAT, "span_frames": span_frames, "source": source.to_json()}
        write_atomic(folder / "project.json", json.dumps(facts, indent=1))
        return cls.open(folder)

    @classmethod
    def held(cls, folder: Path, source: Source) -> Store | None:
        """Open the project that `folder` holds for `source`; None where one can be made there. Writes nothing.

        Raises StoreError where the folder holds another file's project, or something that is no project at all.
        """
        if (folder / "project.json").exists():
            return cls.open(folder)._belonging_to(source)
        if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
            what = "is not empty and is no project" if folder.is_dir() else "is a file and no project"
            raise StoreError(f"{folder} exists, {what}. Choose another --project.")
        return None

    def _belonging_to(self, source: Source) -> Store:
        if self.source.sha256 != source.sha256 or self.source.frames != source.frames:
            raise StoreError(
                f"{self.folder} was made from another file: {self.source.path} (sha256 {self.source.sha256[:12]}, "
                f"{self.source.frames} frames), not {source.path} ({source.sha256[:12]}, {source.frames} frames). "
                "Choose another --project."
            )
        if self.source.pixels.fields != source.pixels.fields:
            was, now = ("field by field" if s.pixels.fields else "in whole frames" for s in (self.source, source))
            raise StoreError(
                f"{self.folder} was worked on {was}, and now {now} is asked for; the two share nothing. "
                "Give --fields as before, or choose another --project."
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
        self._write(f"mask/{layer}", span, np.stack(masks))

    def mask(self, layer: str, t: int) -> Bits:
        """Return the mask (H, W) of frame t in one layer; all False where nothing was written."""
        return self._read(f"mask/{layer}", t, self.source.size, np.bool_).view(np.bool_)

    def mask_layers(self) -> list[str]:
        """Return the names of the mask layers there are."""
        folder = self.folder / "layers.zarr" / "mask"
        return sorted(p.name for p in folder.iterdir() if p.is_dir()) if folder.is_dir() else []

    # Patches

    def write_patches(
        self, layer: str, span: Span, patches: Sequence[Packed], below: Sequence[Packed] = ()
    ) -> None:
        """Write the patches of all frames of a span of the grid.

        "fill" holds origin, offset and samples; every later layer holds only what it adds to the samples of "fill",
        which are given as `below`: mostly nothing. "original" holds the source's own samples at the same places, as
        they are: whoever reads the sidecar without this program finds them there.
        """
        if layer == "fill":
            origins = np.stack([origin_of(p, self.source.size) for p in patches])
            self._write("fill/origin", span, origins.view(signed(origins.dtype)))
            self._write_rows("fill/offset", span, [p.offset for p in patches], np.dtype(np.int8), 0)
        for p in range(self.source.pixels.colour_planes):
            rows = [_bits(patch.samples[p][1]) for patch in patches]
            if below:
                rows = [row - _bits(under.samples[p][1]) for row, under in zip(rows, below, strict=True)]
            self._write_rows(f"{layer}/plane{p}", span, rows, rows[0].dtype, p)

    def patch(self, layer: str, t: int) -> Packed:
        """Return the patch of frame t as a layer left it; one that changes nothing where nothing was written."""
        pixels, size = self.source.pixels, self.source.size
        origin = self._read("fill/origin", t, size, np.int8).view(np.uint8)
        mask = origin > 0
        where = np.flatnonzero(mask).astype(np.int32)
        offset = self._read_row("fill/offset", t, where.size, np.int8)
        samples = []
        for p in range(pixels.colour_planes):
            at = np.flatnonzero(support(mask, pixels, p)).astype(np.int32) if where.size else where
            values = self._read_row(f"fill/plane{p}", t, at.size, unsigned(pixels.dtype))
            if layer == ORIGINAL:
                values = self._read_row(f"{layer}/plane{p}", t, at.size, values.dtype)
            elif layer != "fill":
                values = values + self._read_row(f"{layer}/plane{p}", t, at.size, values.dtype)
            samples.append((at, values.view(pixels.dtype)))
        return Packed(t, where, tuple(samples), origin.ravel()[where], offset)

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

    def _write_rows(
        self, name: str, span: Span, rows: Sequence[npt.NDArray[Any]], dtype: np.dtype[Any], plane: int
    ) -> None:
        """Write one row of samples a frame, from the left; what lay to the right of them before is gone."""
        if (array := self._array(name)) is None:
            if not any(row.any() for row in rows):
                return
            h, w = self.source.pixels.shape(plane, self.source.size)
            array = self._make_rows(name, h * w, signed(dtype))
        piece = (array.shards or array.chunks)[1]
        width = min(array.shape[1], -(-max(row.size for row in rows) // piece) * piece)
        block = np.zeros((len(rows), width), dtype)
        for line, row in zip(block, rows, strict=True):
            line[: row.size] = row
        if width:
            array[span.start : span.stop, :width] = block.view(signed(dtype))
        if width < array.shape[1]:
            array[span.start : span.stop, width:] = 0

    def _read_row(self, name: str, t: int, length: int, dtype: Any) -> npt.NDArray[Any]:
        if not length or (array := self._array(name)) is None:
            return np.zeros(length, dtype)
        return np.asarray(array[t, :length]).view(dtype)

    def _array(self, name: str) -> zarr.Array[Any] | None:
        if name not in self._open:
            if not (self.folder / "layers.zarr" / name / "zarr.json").exists():
                return None
            self._open[name] = self._group[name]  # type: ignore[assignment]  # a group would be our own mistake
        return self._open[name]

    def _make(self, name: str, shape: tuple[int, ...], dtype: Any) -> zarr.Array[Any]:
        """Make a layer of pictures: the frame is the unit of reading, the span of the grid that of writing."""
        return self._create(
            name, (self.source.frames, *shape), (1, *shape), (self.facts.span_frames, *shape), dtype,
            BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle", blocksize=BLOCK_BYTES), ("t", "y", "x"),
        )

    def _make_rows(self, name: str, length: int, dtype: Any) -> zarr.Array[Any]:
        """Make a layer of rows: the masked samples of a frame in raster order, from the left, the rest empty."""
        piece = min(CHUNK_SAMPLES, length)
        return self._create(
            name, (self.source.frames, length), (1, piece), (self.facts.span_frames, piece), dtype,
            BloscCodec(cname="zstd", clevel=5, shuffle="shuffle"), ("t", "sample"),
        )

    def _create(
        self, name: str, shape: tuple[int, ...], chunks: tuple[int, ...], shards: tuple[int, ...], dtype: Any,
        codec: BloscCodec, axes: tuple[str, ...],
    ) -> zarr.Array[Any]:
        try:
            self._open[name] = self._group.create_array(
                name, shape=shape, chunks=chunks, shards=shards, dtype=dtype, compressors=[codec],
                dimension_names=axes, fill_value=0,
            )
        except (zarr.errors.ContainsArrayError, FileExistsError):
            return self._array(name) or self._create(name, shape, chunks, shards, dtype, codec, axes)
        return self._open[name]


def unsigned(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the unsigned integers of a type's size: they wrap, so that a difference always leads back exactly."""
    return np.dtype(f"u{dtype.itemsize}")


def signed(dtype: np.dtype[Any]) -> np.dtype[Any]:
    """Return the signed integers of a type's size: what the store compares with nothing, to leave it out, quickly."""
    return np.dtype(f"i{dtype.itemsize}")


def _bits(samples: npt.NDArray[Any]) -> npt.NDArray[Any]:
    return samples.view(unsigned(samples.dtype))


def origin_of(packed: Packed, size: tuple[int, int]) -> npt.NDArray[np.uint8]:
    """Return the origin (H, W) of a packed patch."""
    origin = np.zeros(size, np.uint8)
    origin.ravel()[packed.where] = packed.origin
    return origin
