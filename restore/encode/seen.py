"""A source's first picture in, what it says beside its samples out: how it is turned, what light it was made for.

Light is the mastering display's colour volume (SMPTE ST 2086) and the content's light levels (CTA-861.3). FFmpeg keeps
both with each decoded picture, whether the container or the stream said them; the structures are those of
libavutil/mastering_display_metadata.h.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from av.sidedata.sidedata import Type

from restore.encode import carry
from restore.source import Source

NOT_CARRIED = {
    Type.A53_CC: "closed captions that lie in the pictures",
    Type.DYNAMIC_HDR_PLUS: "dynamic metadata for high dynamic range (HDR10+)",
    Type.DYNAMIC_HDR_VIVID: "dynamic metadata for high dynamic range (HDR Vivid)",
    Type.DOVI_RPU_BUFFER: "dynamic metadata for high dynamic range (Dolby Vision)",
    Type.AMBIENT_VIEWING_ENVIRONMENT: "what is said of the viewing environment",
    Type.STEREO3D: "what is said of stereoscopic views",
    Type.SPHERICAL: "what is said of spherical projection",
    Type.ICC_PROFILE: "an ICC profile that lies in the pictures",
    Type.AFD: "the active format description",
    Type.FILM_GRAIN_PARAMS: "film grain that players would add",
}
"""What lies in the pictures of the original and cannot be put into new ones from here."""
CHROMATICITIES = 8
"""Red, green, blue and white, x and y each, as the structure and Matroska order them."""


@dataclass(frozen=True)
class Light:
    """What light a film was made for. None where the source does not say."""

    chromaticities: tuple[Fraction, ...] | None = None
    """x and y of red, green, blue and white (CIE 1931)."""
    luminance: tuple[Fraction, Fraction] | None = None
    """Least and most of the display, cd/m2."""
    levels: tuple[int, int] | None = None
    """MaxCLL and MaxFALL: the brightest pixel, the brightest mean of a frame, cd/m2."""


@dataclass(frozen=True)
class Seen:
    """What the first picture says."""

    matrix: tuple[int, ...] | None = None
    """The nine numbers that turn the picture for display, None where it is shown as it lies."""
    light: Light | None = None
    notes: tuple[str, ...] = ()


def seen(source: Source) -> Seen:
    """Look at the first picture of a video source that decodes."""
    with carry.open_original(source) as again:
        frame: Any = next(iter(again.decode(again.streams[source.stream])), None)
        if frame is None:
            return Seen()
        side = frame.side_data.get(Type.DISPLAYMATRIX)
        matrix = None if side is None else tuple(int(v) for v in np.frombuffer(side, np.int32)[:9])
        lost = sorted({NOT_CARRIED[s.type] for s in frame.side_data if s.type in NOT_CARRIED})
        return Seen(matrix, _light(frame), tuple(f"the output does not hold {what}; the source does" for what in lost))


def _light(frame: Any) -> Light | None:
    display, content = (
        frame.side_data.get(t) for t in (Type.MASTERING_DISPLAY_METADATA, Type.CONTENT_LIGHT_LEVEL)
    )
    if display is None and content is None:
        return None
    levels = tuple(int(v) for v in np.frombuffer(content, np.uint32)[:2]) if content is not None else None
    told = np.frombuffer(display, np.int32) if display is not None else np.zeros(22, np.int32)
    pairs = [Fraction(int(a), int(b)) if b else Fraction(0) for a, b in told[:20].reshape(-1, 2)]
    return Light(
        tuple(pairs[:CHROMATICITIES]) if told[20] else None,
        (pairs[CHROMATICITIES], pairs[CHROMATICITIES + 1]) if told[21] else None,
        (levels[0], levels[1]) if levels else None,
    )
