"""A path that names defect maps in, their files in order and one channel of each out, as a share of full scale.

A map is a picture in which dust and scratches stand out: an infrared pass, an alpha channel, a painted mask. PNG, TIFF
(several samples and pages too), DPX, EXR, BMP and JPEG are read.
"""

from __future__ import annotations

import glob
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from restore import dpx, exr, stills
from restore.colour import Float
from restore.errors import MaskError, SourceError
from restore.formats import tiff
from restore.source import PixelFormat, Plane

KINDS = (".png", ".tif", ".tiff", ".bmp", ".jpg", ".jpeg", ".exr", ".dpx")
COLOURS = ("R", "G", "B", "Y")
NAMES = {1: ("Y",), 2: ("Y", "A"), 3: ("R", "G", "B"), 4: ("R", "G", "B", "A")}
"""What the samples of a pixel are called where the file has no names for them."""


@dataclass(frozen=True)
class Level:
    """One channel of one map."""

    share: Float
    """(H, W), 0 to 1 of full scale; EXR and other float files as they are."""
    step: float
    """The share that one code value is: nothing smaller can be seen in this map."""


def members(path: str) -> tuple[Path, ...]:
    """Return the map pictures that a folder, glob, printf pattern or file names, by the numbers in their names.

    Raises MaskError where there are none.
    """
    place = Path(path).expanduser()
    if place.is_file():
        return (place,)
    if place.is_dir():
        found, what = [p for p in place.iterdir() if p.suffix.lower() in KINDS], "holds no mask pictures"
    else:
        found, what = [p for p in _matching(str(place)) if p.suffix.lower() in KINDS], "does not exist"
    if not found:
        raise MaskError(
            f"matte: {place} {what}; it must be a picture, a folder, a glob or a pattern of {', '.join(KINDS)} files."
        )
    return tuple(sorted(found, key=natural))


def _matching(pattern: str) -> list[Path]:
    number = stills.PRINTF.search(Path(pattern).name)
    if not number:
        return [Path(f) for f in glob.glob(pattern)] if glob.has_magic(pattern) else []
    name, folder, width = Path(pattern).name, Path(pattern).parent, int(number[1] or 0)
    wanted = re.compile(re.escape(name[: number.start()]) + r"(\d+)" + re.escape(name[number.end() :]))
    if not folder.is_dir():
        return []
    found = ((p, wanted.fullmatch(p.name)) for p in folder.iterdir())
    return [p for p, m in found if m and m[1] == f"{int(m[1]):0{width}d}"]


def natural(path: Path) -> tuple[tuple[int, int, str], ...]:
    """Return the key that sorts mask2 before mask10."""
    parts = re.split(r"(\d+)", path.name)
    return tuple((0, int(p), "") if p.isdigit() else (1, 0, p) for p in parts)


def read(path: Path, channel: str = "") -> Level:
    """Return a channel of a map file: "alpha", a number from 0 in the file's order, a name ("ir"), "" for the colours.

    "" takes the brightest colour of each pixel. The samples of a TIFF's further pages are counted on from the first
    page's. Raises MaskError where the file cannot be read or has no such channel.
    """
    try:
        planes, full = _channels(path)
    except (SourceError, OSError) as error:
        raise MaskError(f"matte: {path} cannot be read as a defect map: {error}") from error
    names = [n for n in planes if n in COLOURS] or list(planes) if channel == "" else [_named(planes, channel, path)]
    level = np.max([planes[n] for n in names], 0).astype(np.float32)
    return Level(np.nan_to_num(level, posinf=1.0, neginf=0.0) / np.float32(full), _step(full))


def _step(full: float) -> float:
    """Return the share of full scale that one code value is; of float samples, what half floats hold near full."""
    return 1 / full if full > 1 else 1 / 1024


def own(planes: tuple[Plane, ...], pixels: PixelFormat, channel: str) -> Level:
    """Return a channel of the film's own picture, its planes native as a window gives them."""
    plane = planes[own_plane(pixels, channel)]
    return Level(plane.astype(np.float32) / np.float32(pixels.peak), _step(pixels.peak))


def own_plane(pixels: PixelFormat, channel: str) -> int:
    """Return which plane of the film a channel is; numbers count R, G, B, alpha. Raises MaskError for none such."""
    order = [2, 0, 1] if pixels.family == "rgb" else list(range(pixels.colour_planes))
    order += [pixels.planes - 1] * pixels.alpha
    has = f"{pixels.name} holds {len(order)} channels, {'the last of them' if pixels.alpha else 'none of them'} alpha"
    if channel == "alpha" and pixels.alpha:
        return order[-1]
    if channel.isdigit() and int(channel) < len(order) and pixels.shift(order[int(channel)]) == (0, 0):
        return order[int(channel)]
    raise MaskError(
        f"matte: the film has no whole channel {channel!r}: {has}. Name one that it has, or give the maps as files of "
        'their own with folder = "path/to/maps".'
    )


def _named(planes: Mapping[str, Any], channel: str, path: Path) -> str:
    names = list(planes)
    wanted = "A" if channel == "alpha" else channel
    alike = [n for n in names if n.lower() == wanted.lower()]
    if alike:
        return alike[0]
    if channel.isdigit() and int(channel) < len(names):
        return names[int(channel)]
    raise MaskError(
        f"matte: {path} has no channel {channel!r}; it has {', '.join(names)}, numbers 0 to {len(names) - 1}. "
        "Name one of them in channel."
    )


def _channels(path: Path) -> tuple[dict[str, npt.NDArray[Any]], float]:
    """Return the channels of a file by name, in its order, and the value of full scale."""
    kind = path.suffix.lower()
    if kind == ".exr":
        stored = exr.read(path.read_bytes())
        known = [name for name in (*COLOURS, "A") if name in stored]  # EXR sorts by name; people count R, G, B, A
        return {name: stored[name] for name in dict.fromkeys([*known, *stored])}, 1.0
    if kind == ".dpx":
        return dpx.read(path.read_bytes())
    if kind in (".tif", ".tiff") and (pages := _alike(tiff.every_sample(path))):
        white = float(np.iinfo(pages[0].dtype).max) if pages[0].dtype.kind == "u" else 1.0
        names = NAMES.get(len(pages), NAMES[3])
        return {names[k] if k < len(names) else str(k): s for k, s in enumerate(pages)}, white
    header = stills.inspect(path)[0]
    planes = stills.read(path, header.pixels, header.size)
    if header.pixels.family == "rgb":
        planes = (planes[2], planes[0], planes[1], *planes[3:])
    return dict(zip(NAMES[len(planes)], planes, strict=True)), header.pixels.peak


def _alike(samples: Sequence[npt.NDArray[Any]]) -> Sequence[npt.NDArray[Any]]:
    """Return the samples of a TIFF if all of them are of one kind that has a full scale; none otherwise."""
    return samples if len({s.dtype for s in samples}) == 1 and samples[0].dtype.kind in "uf" else ()
