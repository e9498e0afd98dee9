"""The bytes of a DPX file in, its channels out: uncompressed grey, RGB and RGBA of 8, 10, 12 or 16 bits.

Layout after SMPTE ST 268-1: generic file header at byte 0, image header at byte 768, one image element.
"""

from __future__ import annotations

import struct
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

from restore.errors import SourceError

Samples = npt.NDArray[Any]
DESCRIPTORS = {1: "R", 2: "G", 3: "B", 4: "A", 6: "Y", 50: "RGB", 51: "RGBA", 52: "ABGR"}
"""Which channels an image element holds, in the order of its samples."""
AGAIN = "write it again as uncompressed DPX of one image element, or as TIFF"


def read(data: bytes) -> tuple[dict[str, Samples], float]:
    """Return channels by name, each (H, W) code values, and the code value of full scale.

    Raises SourceError for what is no DPX, is cut short, or is packed in a way this does not take apart.
    """
    if data[:4] not in (b"SDPX", b"XPDS") or len(data) < 1024:
        raise SourceError(f"not a DPX file, or only the first {len(data)} bytes of one; copy it again from its source")
    end: Literal[">", "<"] = ">" if data[:4] == b"SDPX" else "<"
    elements, w, h = struct.unpack_from(f"{end}HII", data, 770)
    descriptor, bits = data[800], data[803]
    packing, encoding, offset, line_pad = struct.unpack_from(f"{end}HHII", data, 804)
    at = offset if 0 < offset < 0xFFFFFFFF else struct.unpack_from(f"{end}I", data, 4)[0]
    names = DESCRIPTORS.get(descriptor, "")
    if elements != 1 or encoding != 0 or not names:
        what = f"{elements} elements, descriptor {descriptor}, encoding {encoding}"
        raise SourceError(f"a DPX with {what} is not read; {AGAIN}")
    words, dtype = _row(bits, packing, w * len(names))
    row_bytes = -(-words * np.dtype(dtype).itemsize // 4) * 4 + (line_pad if line_pad < 0xFFFFFFFF else 0)
    if len(data) < at + row_bytes * h:
        missing = at + row_bytes * h - len(data)
        raise SourceError(f"the DPX ends early, {missing} bytes are missing; copy it again from its source")
    rows = np.frombuffer(data, np.uint8, row_bytes * h, at).reshape(h, row_bytes)
    stored = np.ascontiguousarray(rows[:, : words * np.dtype(dtype).itemsize]).view(np.dtype(dtype).newbyteorder(end))
    samples = _samples(stored, bits, packing, len(names) == 1)[:, : w * len(names)].reshape(h, w, len(names))
    return {name: samples[..., k] for k, name in enumerate(names)}, float(2**bits - 1)


def _row(bits: int, packing: int, samples: int) -> tuple[int, str]:
    """Return how many words of what type hold a row of samples."""
    if bits == 8:
        return samples, "u1"
    if bits == 16 or (bits == 12 and packing in (1, 2)):
        return samples, "u2"
    if bits == 10 and packing in (1, 2):
        return -(-samples // 3), "u4"
    raise SourceError(f"a DPX of {bits} bits in packing {packing} is not read; needed: filled to words. {AGAIN}")


def _samples(stored: Samples, bits: int, packing: int, grey: bool) -> Samples:
    if bits in (8, 16):
        return stored
    if bits == 12:
        return stored >> 4 if packing == 1 else stored & 0xFFF
    pad = 2 if packing == 1 else 0
    shifts = (pad, pad + 10, pad + 20) if grey else (pad + 20, pad + 10, pad)  # as FFmpeg reads one channel
    parts = [(stored >> np.uint32(s)) & np.uint32(0x3FF) for s in shifts]
    return np.stack(parts, -1).reshape(stored.shape[0], -1).astype(np.uint16)
