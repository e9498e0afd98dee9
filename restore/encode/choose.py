"""An output path in, the name of the encoder that writes such files out."""

from __future__ import annotations

from pathlib import Path

from restore import formats
from restore.errors import OutputError
from restore.source import Source

BY_SUFFIX = {
    ".mkv": "ffv1", ".mov": "prores", ".mp4": "h264", ".m4v": "h264",
}
POSSIBLE = (".mkv (FFV1, lossless), .mov (ProRes), .mp4 (H.264), a folder (name/), or for what is one file of pictures "
            "its own ending, .png or .tif")


def choose(output: Path | str, source: Source) -> str:
    """Return the name of the encoder part for `output`: by its ending, a folder where it has none or ends in "/".

    Raises OutputError where no encoder writes such a file, or one picture file is asked for many frames.
    """
    path = Path(output)
    suffix = path.suffix.lower()
    if str(output).endswith("/") or path.is_dir() or not suffix:
        return "sequence"
    if is_picture(path):
        _require_one(path, source)
        return "sequence"
    name = BY_SUFFIX.get(suffix)
    if name is None:
        raise OutputError(f"{output}: no encoder writes {suffix} files. Possible: {POSSIBLE}")
    return name


def is_picture(output: Path) -> bool:
    """Tell whether a path names one file of pictures and not a folder."""
    return bool(formats.suffix(output)) and not output.is_dir()


def _require_one(path: Path, source: Source) -> None:
    held = len(set(source.files)) if source.files else source.frames
    if held > 1:
        raise OutputError(f"{path}: one picture cannot hold {held} frames; name a folder instead: "
                          f"-o {path.with_suffix('')}/")
