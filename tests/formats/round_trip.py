"""Picture files in, what became of each out: one line of JSON a file. Each is tried in a process of its own, with a
limit on its time and memory, for some are made to hurt.

    python -m tests.formats.round_trip OUT FILE ...
"""

from __future__ import annotations

import json
import os
import resource
import shutil
import signal
import sys
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

from restore import formats, stills
from restore.errors import OutputError, SourceError
from restore.formats import Deed
from restore.frames import Changes, changed_planes, differs
from restore.source import Plane

LIMIT_S, LIMIT_BYTES = 30, 2 << 30
CHANGED_PX = 100
TIFFFILES = (1, 8, 32946)
"""Compressions tifffile undoes by itself."""
MOVING = {273, 279, 324, 325}
"""Tags that say where strips and tiles lie and how long they are."""
OF_COMPRESSION = {259, 262, 347, *range(512, 522), 530, 531, 532}
"""Tags that may change where a page becomes Deflate."""


def scattered(planes: tuple[Plane, ...], colours: int, seed: int) -> Changes:
    """Return other values for the same 100 places of every colour plane."""
    rng = np.random.default_rng(seed)
    count = min(CHANGED_PX, planes[0].size)
    at = np.sort(rng.choice(planes[0].size, count, replace=False)).astype(np.int32)
    out = []
    for p, plane in enumerate(planes):
        now = plane.ravel()[at]
        other = now + 1 if plane.dtype.kind == "f" else now ^ plane.dtype.type(1)
        out.append((at, other.astype(plane.dtype)) if p < colours else (at[:0], now[:0]))
    return tuple(out)


def tags(path: Path, without: set[int]) -> list[dict[int, Any]]:
    """Return the tags of every page by number, but for those that may change."""
    with tifffile.TiffFile(path) as tiff:
        return [
            {t.code: (t.dtype, t.count, repr(t.value)) for t in page.tags if t.code not in without}
            for page in tiff.pages
        ]


def trip(file: Path, out: Path) -> str:
    """Change 100 pixels of the first, a middle and the last picture of a file; return how it went.

    Raises AssertionError where it went wrong.
    """
    headers = stills.inspect(file)
    some = {n: headers[n] for n in sorted({0, len(headers) // 2, len(headers) - 1})}
    planes = {n: stills.read(file, h.pixels, h.size, n) for n, h in some.items()}
    changed = {n: scattered(planes[n], h.pixels.colour_planes, n) for n, h in some.items()}
    kind = formats.required(file)
    if not kind.writes:
        return f"read; {kind.name} is not written"
    notes = kind.lost(file)
    kind.write(out, file, changed, Deed())
    again = stills.inspect(out)
    assert len(again) == len(headers)
    for n, h in some.items():
        wanted = changed_planes(planes[n], changed[n])
        found = stills.read(out, h.pixels, h.size, n)
        assert not any(differs(a, b).any() for a, b in zip(wanted, found, strict=True)), f"samples of {n}"
    if kind.name == "tiff":
        may = MOVING | (OF_COMPRESSION if notes else set())
        assert tags(file, may) == tags(out, may), "tags"
        _require_same_by_others(file, out, planes, changed)
    return "round trip" + (f"; {'; '.join(notes)}" if notes else "")


def _require_same_by_others(file: Path, out: Path, planes: dict[int, Any], changed: dict[int, Changes]) -> None:
    """Let tifffile read every page of both: no more samples may differ than were changed."""
    differing = 0
    with tifffile.TiffFile(file) as before, tifffile.TiffFile(out) as after:
        assert len(before.pages) == len(after.pages)
        for a, b in zip(before.pages, after.pages, strict=True):
            if (a.compression not in TIFFFILES or a.bitspersample % 8) and not find_spec("imagecodecs"):
                return
            differing += int(differs(a.asarray(), b.asarray()).sum())
    assert differing == sum(at.size for change in changed.values() for at, _ in change), f"{differing} samples differ"


def verdict(file: Path, folder: Path) -> dict[str, str]:
    """Return what became of a file: "fine", "refused" (and why), or "wrong"."""
    try:
        return {"how": "fine", "why": trip(file, folder / f"out{formats.suffix(file)}")}
    except (SourceError, OutputError) as e:
        return {"how": "refused", "why": str(e)}
    except BaseException as e:
        return {"how": "wrong", "why": f"{type(e).__name__}: {e}"}


def alone(file: Path, folder: Path) -> dict[str, str]:
    """Do the same in a process of its own."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
        resource.setrlimit(resource.RLIMIT_AS, (LIMIT_BYTES, LIMIT_BYTES))
        signal.alarm(LIMIT_S)
        os.write(writer, json.dumps(verdict(file, folder)).encode()[:4000])
        os._exit(0)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as pipe:
        said = pipe.read()
    return json.loads(said) if said else {"how": "wrong", "why": f"ended with status {status}"}


def ready() -> None:
    """Load what formats load when they need it: once, and not in every process again."""
    formats.known()
    for library in ("imagecodecs", "pydicom.pixels.decoders", "pydicom.pixels.encoders", "OpenImageIO"):
        if find_spec(library.partition(".")[0]):
            import_module(library)


if __name__ == "__main__":
    ready()
    for name in sys.argv[2:]:
        place = Path(sys.argv[1]) / "trip"
        place.mkdir()
        print(json.dumps({"file": name, **alone(Path(name), place)}), flush=True)
        shutil.rmtree(place)
