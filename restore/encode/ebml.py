"""A finished Matroska file in, the same with shape and light of its pixels and an identity in its header out.

FFmpeg's writer reads them from fields that cannot be reached from Python. It leaves empty room (Void) before the first
picture; the header is laid out anew within exactly its old length, so that nothing after it moves. Written from the
Matroska and EBML specifications (RFC 9559, RFC 8794); refuses what FFmpeg does not write.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

from restore.encode.seen import Light
from restore.errors import OutputError

EBML, SEGMENT, CLUSTER, VOID = 0x1A45DFA3, 0x18538067, 0x1F43B675, 0xEC
SEEK_HEAD, SEEK, SEEK_POSITION = 0x114D9B74, 0x4DBB, 0x53AC
INFO, SEGMENT_UID = 0x1549A966, 0x73A4
TRACKS, TRACK, TRACK_NUMBER, VIDEO = 0x1654AE6B, 0xAE, 0xD7, 0xE0
PIXEL_WIDTH, PIXEL_HEIGHT, DISPLAY_WIDTH, DISPLAY_HEIGHT, DISPLAY_UNIT = 0xB0, 0xBA, 0x54B0, 0x54BA, 0x54B2
COLOUR, MAX_CLL, MAX_FALL, MASTERING = 0x55B0, 0x55BC, 0x55BD, 0x55D0
CHROMATICITIES = tuple(range(0x55D1, 0x55D9))
"""x and y of red, green, blue and white."""
LUMINANCE_MOST, LUMINANCE_LEAST = 0x55D9, 0x55DA
IN_PIXELS, AS_RATIO = 0, 3
"""Values of DisplayUnit."""
POSITION_BYTES = 4
"""Positions in the header are written this wide, so that their length does not depend on their value."""
HEADER_LIMIT_BYTES = 1 << 28
"""A header longer than this (attachments included) is not read."""


@dataclass(frozen=True)
class Look:
    """How the pictures of one track are to be shown."""

    shape: Fraction | None = None
    """Width to height of a pixel, None where it is unknown."""
    light: Light | None = None


@dataclass(frozen=True)
class Element:
    """One element: its number and its bytes, children still inside."""

    number: int
    body: bytes
    at: int = 0
    """Where its first byte lies, counted from the start of what was parsed."""


def finish(path: Path, looks: Mapping[int, Look], uid: bytes) -> None:
    """Write how the pictures of tracks (by their numbers) are to be shown, and a 16-byte SegmentUID.

    Raises OutputError where the file is not laid out as FFmpeg does it or has no room left in its header.
    """
    with path.open("r+b") as file:
        start, length = _segment(file, path)
        header = _header(file, start, length, path)
        file.seek(start)
        file.write(relaid(header, looks, uid, str(path)))
        file.flush()
        os.fsync(file.fileno())


def relaid(header: bytes, looks: Mapping[int, Look], uid: bytes, name: str) -> bytes:
    """Return the bytes from the Segment's first child to its first Cluster, changed, in exactly as many bytes."""
    elements = parse(header, name)
    if not elements or elements[0].number != SEEK_HEAD or len({e.number for e in elements} - {VOID}) != sum(
        e.number != VOID for e in elements
    ):
        raise OutputError(f"{name}: the Matroska header does not begin with one index of its parts; it was not written "
                          "by FFmpeg and is not changed")
    changed = [
        Element(e.number, _with_uid(e.body, uid, name), e.at) if e.number == INFO
        else Element(e.number, _with_looks(e.body, looks, name), e.at) if e.number == TRACKS
        else e
        for e in elements if e.number != VOID
    ]
    return _placed(changed, header, name)


def _placed(elements: list[Element], header: bytes, name: str) -> bytes:
    """Lay elements out one after the other, the room left between the index and the rest."""
    rest = [write(e.number, e.body) for e in elements[1:]]
    moved, place = {}, len(header) - sum(map(len, rest))
    for element, data in zip(elements[1:], rest, strict=True):
        moved[element.at] = place
        place += len(data)
    body = _with_positions(elements[0].body, moved, len(header), name)
    room = len(header) - sum(map(len, rest)) - len(write(SEEK_HEAD, body))
    if room < 0:
        raise OutputError(f"{name}: the Matroska header is {-room} bytes short of room for the pixel's shape")
    head = write(SEEK_HEAD, body)
    if room == 1:  # the smallest Void takes two bytes: spend the one in a wider size field
        head, room = write(SEEK_HEAD, body, 2 if len(body) < 127 else 3), 0
    return head + _void(room) + b"".join(rest)


def _with_positions(body: bytes, moved: dict[int, int], length: int, name: str) -> bytes:
    """Return a SeekHead's body that points to where parts lie now; parts after the header did not move."""
    out = []
    for entry in parse(body, name):
        children = parse(entry.body, name) if entry.number == SEEK else []
        for i, child in enumerate(children):
            position = int.from_bytes(child.body, "big")
            if child.number != SEEK_POSITION or position >= length:
                continue
            if position not in moved:
                raise OutputError(f"{name}: the Matroska index points to byte {position}, where no part begins")
            children[i] = Element(SEEK_POSITION, moved[position].to_bytes(POSITION_BYTES, "big"))
        out.append(Element(SEEK, join(children)) if entry.number == SEEK else entry)
    return _checked(join(out), body)


def _with_uid(body: bytes, uid: bytes, name: str) -> bytes:
    """Return an Info's body with the SegmentUID in it."""
    kept = [e for e in parse(body, name) if e.number != SEGMENT_UID]
    return _checked(join([*kept, Element(SEGMENT_UID, uid)]), body)


def _with_looks(body: bytes, looks: Mapping[int, Look], name: str) -> bytes:
    """Return a Tracks' body that says how the tracks are shown; those of which nothing is known stay as they are."""
    looks = {track: look for track, look in looks.items() if look != Look()}
    out, found = [], set()
    for entry in parse(body, name):
        children = parse(entry.body, name) if entry.number == TRACK else []
        track = next((int.from_bytes(c.body, "big") for c in children if c.number == TRACK_NUMBER), 0)
        if track in looks and any(c.number == VIDEO for c in children):
            found.add(track)
            children = [
                Element(VIDEO, _video(c.body, looks[track], name)) if c.number == VIDEO else c for c in children
            ]
            entry = Element(TRACK, join(children))
        out.append(entry)
    if missing := sorted(set(looks) - found):
        raise OutputError(f"{name}: the Matroska file has no picture track number {missing[0]}")
    return _checked(join(out), body)


def _video(body: bytes, look: Look, name: str) -> bytes:
    """Return a Video element's body that says how the picture is shown."""
    children = parse(body, name)
    if look.light is not None:
        before = next((parse(c.body, name) for c in children if c.number == COLOUR), [])
        colour = Element(COLOUR, join(_lit(before, look.light)))
        children = [*(c for c in children if c.number != COLOUR), colour]
    return _sized(children, look.shape, name) if look.shape is not None else join(children)


def _lit(colour: list[Element], light: Light) -> list[Element]:
    """Return a Colour element's children that say what light the film was made for (RFC 9559, section 5.1.4.1.28)."""
    display: list[Element] = []
    if light.chromaticities is not None:
        display += [Element(n, _float(v)) for n, v in zip(CHROMATICITIES, light.chromaticities, strict=True)]
    if light.luminance is not None:
        least, most = light.luminance
        display += [Element(LUMINANCE_MOST, _float(most)), Element(LUMINANCE_LEAST, _float(least))]
    out = [c for c in colour if c.number not in (MAX_CLL, MAX_FALL, MASTERING)]
    if light.levels is not None:
        out += [Element(n, _unsigned(v)) for n, v in zip((MAX_CLL, MAX_FALL), light.levels, strict=True)]
    return [*out, Element(MASTERING, join(display))] if display else out


def _float(value: Fraction) -> bytes:
    """Return a float's body, of 8 bytes."""
    return struct.pack(">d", float(value))


def _sized(children: list[Element], shape: Fraction, name: str) -> bytes:
    """Return a Video element's body that says how large the picture is shown."""
    numbers = {c.number: int.from_bytes(c.body, "big") for c in children}
    if not numbers.get(PIXEL_WIDTH) or not numbers.get(PIXEL_HEIGHT):
        raise OutputError(f"{name}: the picture track does not say its size")
    width, height, unit = display_size(numbers[PIXEL_WIDTH], numbers[PIXEL_HEIGHT], shape)
    kept = [c for c in children if c.number not in (DISPLAY_WIDTH, DISPLAY_HEIGHT, DISPLAY_UNIT)]
    display = [(DISPLAY_WIDTH, width), (DISPLAY_HEIGHT, height), (DISPLAY_UNIT, unit)]
    return join([*kept, *(Element(n, _unsigned(v)) for n, v in display)])


def display_size(width: int, height: int, shape: Fraction) -> tuple[int, int, int]:
    """Return DisplayWidth, DisplayHeight and DisplayUnit that stand for a pixel shape exactly.

    In pixels of the picture's own height where that is a whole number, of its width where that is, else as a ratio.
    """
    wide, high = width * shape, height / shape
    if wide.denominator == 1:
        return int(wide), height, IN_PIXELS
    if high.denominator == 1:
        return width, int(high), IN_PIXELS
    ratio = width * shape / height
    return ratio.numerator, ratio.denominator, AS_RATIO


def parse(data: bytes, name: str) -> list[Element]:
    """Cut bytes into elements. Raises OutputError where they do not come out even."""
    out, at = [], 0
    while at < len(data):
        number, width = _vint(data, at, name, keep_marker=True)
        size, size_width = _vint(data, at + width, name)
        body = at + width + size_width
        if size == (1 << 7 * size_width) - 1 or body + size > len(data):
            raise OutputError(f"{name}: Matroska element {number:X} at byte {at} does not end where its parent does")
        out.append(Element(number, data[body : body + size], at))
        at = body + size
    return out


def _vint(data: bytes, at: int, name: str, keep_marker: bool = False) -> tuple[int, int]:
    """Return a variable-length number and how many bytes it takes (RFC 8794, section 4)."""
    width = 9 - data[at].bit_length() if at < len(data) else 9
    if width > (4 if keep_marker else 8) or at + width > len(data):
        raise OutputError(f"{name}: no Matroska element begins at byte {at}")
    value = int.from_bytes(data[at : at + width], "big")
    return (value if keep_marker else value & ((1 << 7 * width) - 1)), width


def write(number: int, body: bytes, size_width: int = 0) -> bytes:
    """Return an element's bytes, its size in as few bytes as it takes, or in `size_width`."""
    size_width = size_width or next(w for w in range(1, 9) if len(body) < (1 << 7 * w) - 1)
    size = (len(body) | 1 << 7 * size_width).to_bytes(size_width, "big")
    return number.to_bytes((number.bit_length() + 7) // 8, "big") + size + body


def join(elements: list[Element]) -> bytes:
    """Return the bytes of elements one after the other."""
    return b"".join(write(e.number, e.body) for e in elements)


def _checked(body: bytes, like: bytes) -> bytes:
    """Return a master's body with its CRC-32 (first child, RFC 8794 section 11.3.1) made right again, if it has one."""
    if like[:2] != b"\xbf\x84":
        return body
    return b"\xbf\x84" + zlib.crc32(body[6:]).to_bytes(4, "little") + body[6:]


def _unsigned(value: int) -> bytes:
    """Return an unsigned integer's body."""
    return value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big")


def _void(length: int) -> bytes:
    """Return a Void element of exactly `length` bytes, 0 or at least 2."""
    if length == 0:
        return b""
    size_width = 1 if length < 9 else 8
    return write(VOID, bytes(length - 1 - size_width), size_width)


def _segment(file: BinaryIO, path: Path) -> tuple[int, int]:
    """Return where the Segment's first child begins and how many bytes the Segment holds."""
    head = file.read(4096)
    number, width = _vint(head, 0, str(path), keep_marker=True)
    size, size_width = _vint(head, width, str(path))
    at = width + size_width + size
    if number != EBML or at + 12 > len(head):
        raise OutputError(f"{path}: not a Matroska file")
    number, width = _vint(head, at, str(path), keep_marker=True)
    length, size_width = _vint(head, at + width, str(path))
    if number != SEGMENT or at + width + size_width + length != path.stat().st_size:
        raise OutputError(f"{path}: the Matroska segment does not fill the file; it was not finished")
    return at + width + size_width, length


def _header(file: BinaryIO, start: int, length: int, path: Path) -> bytes:
    """Return the bytes from the Segment's first child to its first Cluster."""
    at = 0
    while at < min(length, HEADER_LIMIT_BYTES):
        file.seek(start + at)
        lead = file.read(12)
        number, width = _vint(lead, 0, str(path), keep_marker=True)
        if number == CLUSTER:
            file.seek(start)
            return file.read(at)
        size, size_width = _vint(lead, width, str(path))
        at += width + size_width + size
    raise OutputError(f"{path}: no picture data in the first {HEADER_LIMIT_BYTES >> 20} MiB of the Matroska file")
