"""A picture file in, its samples as OpenImageIO reads them out; the library is an extra, and asked for by name."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError
from restore.formats import AGAIN

Samples = npt.NDArray[Any]
TYPES = {"float16": "HALF", "float32": "FLOAT", "uint32": "UINT", "uint16": "UINT16", "uint8": "UINT8"}


def library(file: Path) -> Any:
    """Return OpenImageIO. Raises SourceError, with the line that installs it, where it is missing."""
    try:
        import OpenImageIO
    except ImportError as e:
        raise SourceError(f"{file}: OpenImageIO is needed to read this kind of file and is not installed. Install it: "
                          "pip install 'lacuna[film]'") from e
    OpenImageIO.attribute("threads", 1)  # pictures are what is worked on side by side
    return OpenImageIO


@contextmanager
def opened(file: Path) -> Iterator[Any]:
    """Yield an open ImageInput, alpha left as it is stored. Raises SourceError where it cannot be opened."""
    oiio = library(file)
    wishes = oiio.ImageSpec()
    wishes.attribute("oiio:UnassociatedAlpha", 1)
    found = oiio.ImageInput.open(str(file), wishes)
    if found is None:
        raise _unreadable(file, oiio)
    try:
        yield found
    except (UnicodeDecodeError, MemoryError) as e:  # names of channels that are no text, sizes that are none
        raise SourceError(f"{file}: cannot be read ({e}); {AGAIN}") from e
    finally:
        found.close()


def region(
    file: Path, found: Any, names: Sequence[str], types: Sequence[str], box: tuple[int, int, int, int] | None = None
) -> list[Samples]:
    """Return channels of the first picture, each (h, w) in its own type, of the half-open box (y0, x0, y1, x1).

    A box has to be whole chunks of the file; None is all of the picture. Raises SourceError.
    """
    spec = found.spec()
    known = list(spec.channelnames)
    if any(n not in known for n in names):
        raise SourceError(f"{file}: its channels are {', '.join(known)} and not {', '.join(names)}; {AGAIN}")
    numbers = [known.index(n) for n in names]
    if len(set(types)) == 1:  # one pass over the file, not one a channel
        first, stop = min(numbers), max(numbers) + 1
        pixels = _pixels(file, found, spec, (first, stop), types[0], box)
        return [np.ascontiguousarray(pixels[..., n - first]) for n in numbers]
    return [_pixels(file, found, spec, (n, n + 1), t, box)[..., 0] for n, t in zip(numbers, types, strict=True)]


def _pixels(
    file: Path, found: Any, spec: Any, channels: tuple[int, int], type_: str, box: tuple[int, int, int, int] | None
) -> Samples:
    """Return (h, w, channels)."""
    kind = getattr(library(file), TYPES[np.dtype(type_).name])
    if box is None:
        out, shape = found.read_image(0, 0, *channels, kind), (spec.height, spec.width)
    else:
        y0, x0, y1, x1 = (v + o for v, o in zip(box, (spec.y, spec.x) * 2, strict=True))
        shape = (y1 - y0, x1 - x0)
        if spec.tile_width:
            out = found.read_tiles(0, 0, x0, x1, y0, y1, 0, 1, *channels, kind)
        else:
            out = found.read_scanlines(0, 0, y0, y1, 0, *channels, kind)
    if out is None:
        raise _unreadable(file, found)
    return np.asarray(out).reshape(*shape, channels[1] - channels[0])


def _unreadable(file: Path, who: Any) -> SourceError:
    """Return the error with the reason that the library, or one of its inputs, gives."""
    try:
        why = next(iter(who.geterror().strip().splitlines()), "no reason given")
    except UnicodeDecodeError:  # it repeats what it found in the file
        why = "its header holds what is no text"
    return SourceError(f"{file}: cannot be read ({why}); {AGAIN}")
