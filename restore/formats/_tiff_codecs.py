"""The stored bytes of a strip or tile in, its samples out, and back: compressions without loss and their predictors.

Written from TIFF 6.0 (Adobe, 1992; sections 9, 13 and 14) and Adobe's Technical Notes 2 and 3 for Deflate and the
floating point predictor. What needs the imagecodecs package says so.
"""

from __future__ import annotations

import lzma
import struct
import zlib
from importlib.util import find_spec
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from restore.errors import SourceError

Samples = npt.NDArray[Any]
NONE, LZW, DEFLATE, PACKBITS, LZMA, ZSTD = 1, 5, 8, 32773, 34925, 50000
DEFLATES = (DEFLATE, 32946)
LOSSLESS = (NONE, LZW, *DEFLATES, PACKBITS, LZMA, ZSTD)
WITHOUT_CODECS = (NONE, LZW, *DEFLATES, LZMA)
"""What is read without imagecodecs: LZW through OpenCV, the others by Python itself."""
PREDICTED = (LZW, *DEFLATES, LZMA, ZSTD)
"""Compressions that a predictor may go with."""
NO_PREDICTOR, DIFFERENCE, FLOATING = 1, 2, 3
INSTALL = "install imagecodecs: pip install 'lacuna[museum]'"
LEVEL = 6
SLACK_BYTES = 256
"""PackBits may run a little over the end of a strip."""
TURNED = bytes(int(f"{b:08b}"[::-1], 2) for b in range(256))
"""Every byte with its bits in the other order (FillOrder 2)."""


def imagecodecs() -> bool:
    """Tell whether the imagecodecs package is there."""
    return find_spec("imagecodecs") is not None


def can_encode(compression: int) -> bool:
    """Tell whether strips can be compressed again as they were."""
    return compression in LOSSLESS and (imagecodecs() or compression in (NONE, *DEFLATES, LZMA))


def is_old_lzw(data: bytes) -> bool:
    """Tell whether LZW data has its bits in the order of before TIFF 6.0, as libtiff tells it by the first code."""
    return len(data) > 1 and data[0] == 0 and bool(data[1] & 1)


def decoded(
    data: bytes, compression: int, predictor: int, shape: tuple[int, int, int], dtype: np.dtype[Any]
) -> Samples:
    """Return the samples (h, w, samples a pixel) of a strip or tile, in native byte order; `dtype` is as stored.

    Raises SourceError where the bytes do not hold that many.
    """
    need = int(np.prod(shape)) * dtype.itemsize
    raw = _unpacked(data, compression, need)
    if len(raw) < need:
        raise SourceError(f"{len(raw)} bytes of samples where {need} are needed")
    if predictor == FLOATING:
        return _floats(np.frombuffer(raw, np.uint8, need), shape, dtype)
    stored = np.frombuffer(raw, dtype, need // dtype.itemsize).reshape(shape)
    own = stored.astype(dtype.newbyteorder("="))
    if predictor == DIFFERENCE:
        words = own.view(f"u{dtype.itemsize}")
        np.cumsum(words, axis=1, dtype=words.dtype, out=words)
    return own


def encoded(samples: Samples, compression: int, predictor: int, dtype: np.dtype[Any]) -> bytes:
    """Return the stored bytes of samples (h, w, samples a pixel); the same samples always give the same."""
    if predictor == FLOATING:
        raw = _float_bytes(samples)
    elif predictor == DIFFERENCE:
        words = samples.view(f"u{dtype.itemsize}")
        steps = np.concatenate([words[:, :1], words[:, 1:] - words[:, :-1]], 1)
        raw = steps.astype(f"{dtype.str[0]}u{dtype.itemsize}").view(np.uint8)
    else:
        raw = np.ascontiguousarray(samples.astype(dtype)).view(np.uint8)
    return _packed(raw.reshape(samples.shape[0], -1), compression)


def _unpacked(data: bytes, compression: int, need: int) -> bytes:
    if compression == NONE:
        return data
    if compression in DEFLATES:
        return zlib.decompressobj().decompress(data, need)
    if compression == LZMA:
        return lzma.LZMADecompressor().decompress(data, need)
    if compression == LZW and not imagecodecs():
        return _lzw(data, need)
    import imagecodecs as codecs

    if compression == LZW:
        return codecs.lzw_decode(data, out=need)
    if compression == PACKBITS:
        return codecs.packbits_decode(data, out=need + SLACK_BYTES)
    return codecs.zstd_decode(data, out=need)


def _packed(rows: npt.NDArray[np.uint8], compression: int) -> bytes:
    """Return rows of bytes (h, n) compressed."""
    if compression == NONE:
        return rows.tobytes()
    if compression in DEFLATES:
        return zlib.compress(rows.tobytes(), LEVEL)
    if compression == LZMA:
        return lzma.compress(rows.tobytes(), check=lzma.CHECK_NONE)
    import imagecodecs as codecs

    if compression == LZW:
        return codecs.lzw_encode(rows.tobytes())
    if compression == PACKBITS:
        return codecs.packbits_encode(rows)  # each row by itself, as TIFF 6.0 demands
    return codecs.zstd_encode(rows.tobytes())


def _lzw(data: bytes, need: int) -> bytes:
    """Return what LZW holds, by showing it to OpenCV as a small TIFF of its own: grey bytes, one row, one strip."""
    width = min(need, 4096)
    height = -(-need // width)
    entries = [
        (256, 4, width), (257, 4, height), (258, 3, 8), (259, 3, LZW), (262, 3, 1), (273, 4, 0), (277, 3, 1),
        (278, 4, height), (279, 4, len(data)),
    ]
    at = 8 + 2 + 12 * len(entries) + 4
    packed = b"".join(struct.pack("<HHII", tag, kind, 1, at if tag == 273 else v) for tag, kind, v in entries)
    file = struct.pack("<2sHIH", b"II", 42, 8, len(entries)) + packed + bytes(4) + data
    picture: npt.NDArray[Any] | None = cv2.imdecode(np.frombuffer(file, np.uint8), cv2.IMREAD_UNCHANGED)
    if picture is None:
        raise SourceError("LZW data that OpenCV cannot undo")
    return picture.tobytes()[:need]


def _floats(raw: npt.NDArray[np.uint8], shape: tuple[int, int, int], dtype: np.dtype[Any]) -> Samples:
    """Undo Adobe's floating point predictor: a row's first bytes, then its second ..., each less the one before."""
    h, w, samples = shape
    rows = raw.reshape(h, w * dtype.itemsize, samples).copy()
    np.cumsum(rows, axis=1, dtype=np.uint8, out=rows)
    by_byte = rows.reshape(h, dtype.itemsize, w * samples).transpose(0, 2, 1)
    return np.ascontiguousarray(by_byte).view(dtype.newbyteorder(">")).reshape(shape).astype(dtype.newbyteorder("="))


def _float_bytes(samples: Samples) -> npt.NDArray[np.uint8]:
    h, w, n = samples.shape
    size = samples.dtype.itemsize
    big = np.ascontiguousarray(samples.astype(samples.dtype.newbyteorder(">"))).view(np.uint8)
    rows = np.ascontiguousarray(big.reshape(h, w * n, size).transpose(0, 2, 1)).reshape(h, w * size, n)
    return np.concatenate([rows[:, :1], rows[:, 1:] - rows[:, :-1]], 1)
