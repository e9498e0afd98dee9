"""An output path in, the name of the encoder that writes such files out."""

from __future__ import annotations

from pathlib import Path

from restore.errors import OutputError
from restore.source import Source

BY_SUFFIX = {
    ".mkv": "ffv1", ".mov": "prores", ".mp4": "h264", ".m4v": "h264",
    ".png": "sequence", ".tif": "sequence", ".tiff": "sequence",
}
PICTURES = (".png", ".tif", ".tiff")
POSSIBLE = ".mkv (FFV1, lossless), .mov (ProRes), .mp4 (H.264), a folder (name/), .png or .tif for one picture"


def choose(output: Path | str, source: Source) -> str:
    """Return the name of the encoder part for `output`: by its ending, a folder where it has none or ends in "/".

    Raises OutputError where no encoder writes such a file, or one picture file is asked for many frames.
    """
    path = Path(output)
    suffix = path.suffix.lower()
    if str(output).endswith("/") or path.is_dir() or not suffix:
        return "sequence"
    name = BY_SUFFIX.get(suffix)
    if name is None:
        raise OutputError(f"{output}: no encoder writes {suffix} files. Possible: {POSSIBLE}")
    if suffix in PICTURES and source.frames > 1:
        raise OutputError(f"{output}: one picture cannot hold {source.frames} frames; name a folder instead: "
                          f"-o {path.with_suffix('')}/")
    return name
