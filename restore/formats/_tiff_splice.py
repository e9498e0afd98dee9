"""A copy of a TIFF and what is to change in it in, the same file with these samples changed out: a splice.

Uncompressed samples are overwritten where they lie. Of compressed pages only the strips or tiles that hold a change are
packed again: they go where they were if they fit, else where others have left, else to the end of the file, and the
numbers that say where they are and how long follow (TIFF 6.0, section 2; the layout of BigTIFF is that of libtiff 4).
Nothing else is touched, so no tag can get lost. A page that cannot be packed as it was becomes Deflate, all of it, in
the same place in the chain.
"""

from __future__ import annotations

import struct
from bisect import insort
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

from restore.errors import OutputError
from restore.formats import _tiff_codecs as codecs
from restore.formats._interleaved import PLACES
from restore.formats._tiff_codecs import Samples
from restore.formats._tiff_pages import FOREIGN, YCBCR, Album, Numbers, Page, Pieces, opened
from restore.frames import Changes

Whole = npt.NDArray[np.int64]
SHORT, LONG, LONG8 = 3, 4, 16
FORMATS = {SHORT: "H", LONG: "I", 13: "I", LONG8: "Q", 18: "Q"}
"""How struct calls TIFF's whole numbers, those that point to directories included."""
COMPRESSION, PHOTOMETRIC, RGB = 259, 262, 2
OF_JPEG = (347, *range(512, 522), 530, 531, 532)
"""Tags that mean something only to JPEG and Y'CbCr."""
CLASSIC_BYTES = 1 << 32
AT_ONCE = 1 << 20
"""So many changed samples are overwritten at a time."""
BLOCK_BYTES = 1 << 16


def turned(page: Page) -> bool:
    """Tell whether a page cannot be packed as it was, and becomes Deflate."""
    return page.compression in FOREIGN or not codecs.can_encode(page.compression)


def spliced(path: Path, like: Path, album: Album, page: Page, wanted: Changes) -> None:
    """Change samples of a page in `path`, a copy of `like`. Raises OutputError where a file cannot grow as needed."""
    if any(at.size for at, _ in wanted):
        with path.open("r+b") as file, opened(like, page) as pieces:
            _Copy(file, album).change(pieces, _Places(page, wanted))


class _Places:
    """The changed samples of one page, by strips or tiles."""

    def __init__(self, page: Page, wanted: Changes) -> None:
        """Sort what is to change (per plane, alpha last) by the strip or tile it lies in."""
        found = [_located(page, c, at) for c, (at, _) in zip(PLACES[len(wanted)], wanted, strict=True)]
        pieces, places = (np.concatenate(part) for part in zip(*found, strict=True))
        order = np.argsort(pieces, kind="stable")
        self.pieces: Whole = pieces[order]
        self.places: Whole = places[order]
        """Which sample of its strip or tile."""
        self.values: Samples = np.concatenate([v for _, v in wanted])[order]
        self.touched, self.starts = np.unique(self.pieces, return_index=True)

    def each(self) -> Iterator[tuple[int, Whole, Samples]]:
        """Yield every strip or tile that holds a change, with the places of its samples and their new values."""
        for n, start, stop in zip(self.touched, self.starts, [*self.starts[1:], self.pieces.size], strict=True):
            yield int(n), self.places[start:stop], self.values[start:stop]


def _located(page: Page, channel: int, at: npt.NDArray[np.int32]) -> tuple[Whole, Whole]:
    """Return the strip or tile of samples of one channel, given by their places in its plane, and their place in it."""
    y, x = np.divmod(at.astype(np.int64), page.size[1])
    (down, row), (right, column) = np.divmod(y, page.piece[0]), np.divmod(x, page.piece[1])
    place = row * page.piece[1] + column
    if page.planar:
        return channel * page.pieces + down * page.across + right, place
    return down * page.across + right, place * page.samples + channel


class _Copy:
    """The file that is changed."""

    def __init__(self, file: BinaryIO, album: Album) -> None:
        self.file, self.album = file, album
        self.gaps: list[tuple[int, int]] = []
        """Bytes, from and to, that strips or tiles have left; rising, never touching."""

    def change(self, pieces: Pieces, places: _Places) -> None:
        """Change samples of one page."""
        page = pieces.page
        if turned(page):
            self._repack(pieces, places, codecs.DEFLATE)
            self._retag(page)
            return
        if page.compression == codecs.LZW and codecs.is_old_lzw(pieces.stored(0)):
            self._repack(pieces, places, codecs.LZW)  # libtiff reads no page in which both kinds of LZW are mixed
            return
        moved: dict[int, tuple[int, int]] = {}
        for n, at, values in self._overwritten(page, places):
            samples = pieces.one(n)
            samples.reshape(-1)[at] = values
            data = self._packed(samples, page, page.compression)
            moved[n] = self._put(data, page, n)
        self._record(page, moved)

    def _overwritten(self, page: Page, places: _Places) -> Iterator[tuple[int, Whole, Samples]]:
        """Overwrite what lies open; yield what does not."""
        if page.compression != codecs.NONE or page.turned_bits:
            yield from places.each()
            return
        kept = np.isin(places.pieces, list(page.shared))
        starts = np.asarray(page.offsets, np.int64)
        for k in range(0, places.pieces.size, AT_ONCE):
            part = slice(k, k + AT_ONCE)
            free = ~kept[part]
            at = starts[places.pieces[part][free]] + places.places[part][free] * page.dtype.itemsize
            _overwrite(self.file, at, places.values[part][free].astype(page.dtype))
        yield from (one for one in places.each() if one[0] in page.shared)

    @staticmethod
    def _packed(samples: Samples, page: Page, compression: int) -> bytes:
        # JPEG keeps no predictor, whatever its tag says, and a page without one stays without.
        predictor = codecs.NO_PREDICTOR if page.compression in FOREIGN else page.predictor
        data = codecs.encoded(samples, compression, predictor, page.dtype)
        return data.translate(codecs.TURNED) if page.turned_bits and page.compression not in FOREIGN else data

    def _put(self, data: bytes, page: Page, n: int) -> tuple[int, int]:
        """Write a strip or tile where it was, or in a gap, or at the end; return where and its length."""
        at, end = page.offsets[n], page.offsets[n] + page.counts[n]
        if n not in page.shared:
            fits = len(data) <= page.counts[n]
            self._leave(at + len(data) if fits else at, end)
            place = at if fits else self._gap(len(data))
            if place is not None:
                self._write(place, data)
                return place, len(data)
        return self._append(data), len(data)

    def _leave(self, start: int, stop: int) -> None:
        """Note that nothing lies between two offsets any more."""
        for gap in [g for g in self.gaps if g[1] == start or g[0] == stop]:
            self.gaps.remove(gap)
            start, stop = min(start, gap[0]), max(stop, gap[1])
        if start < stop:
            insort(self.gaps, (start, stop))

    def _gap(self, size_bytes: int) -> int | None:
        """Return an even offset from which so many bytes are free, which they no longer are; None for none."""
        for k, (start, stop) in enumerate(self.gaps):
            at = start + start % 2
            if at + size_bytes <= stop:
                self.gaps[k : k + 1] = [g for g in ((start, at), (at + size_bytes, stop)) if g[0] < g[1]]
                return at
        return None

    def _append(self, data: bytes) -> int:
        """Write something at the end of the file, on an even byte; return where."""
        end = self.file.seek(0, 2)
        if not self.album.big and end + 1 + len(data) >= CLASSIC_BYTES:
            raise OutputError(
                f"{self.file.name}: with what changed it would be longer than the 4 GiB that a TIFF can have; make a "
                "BigTIFF of the source first (tiffcp -8)"
            )
        self.file.write(bytes(end % 2) + data)
        return end + end % 2

    def _record(self, page: Page, moved: Mapping[int, tuple[int, int]]) -> None:
        """Say where strips or tiles are now and how long they are."""
        for tag, old, k in ((page.offsets_tag, page.offsets, 0), (page.counts_tag, page.counts, 1)):
            new = {n: where[k] for n, where in moved.items() if where[k] != old[n]}
            if new:
                self._renumber(tag, old, new, bool(page.shared))

    def _renumber(self, tag: Numbers | None, old: tuple[int, ...], new: Mapping[int, int], elsewhere: bool) -> None:
        """Change numbers of a tag: in their place, or all of them anew at the end where they do not fit or are shared.

        Two pages that share strips may share the list of them too.
        """
        if tag is None or tag.kind not in FORMATS or tag.count < len(old):
            raise OutputError(f"{self.file.name}: the source does not say where its strips or tiles lie in a way that "
                              "can be changed; write it again uncompressed first (tiffcp -c none)")
        form = self.album.order + FORMATS[tag.kind]
        room = struct.calcsize(form)
        if not elsewhere and max(new.values()) < 1 << 8 * room:
            for n, value in new.items():
                self._write(tag.at + n * room, struct.pack(form, value))
            return
        numbers = list(old)
        for n, value in new.items():
            numbers[n] = value
        kind = LONG8 if self.album.big else LONG
        data = struct.pack(f"{self.album.order}{len(numbers)}{FORMATS[kind]}", *numbers)
        word = "Q" if self.album.big else "I"
        inline = len(data) <= struct.calcsize(self.album.order + word)
        where = data if inline else struct.pack(self.album.order + word, self._append(data))
        self._write(tag.entry + 2, struct.pack(f"{self.album.order}H{word}", kind, len(numbers)) + where)

    def _repack(self, pieces: Pieces, places: _Places, compression: int) -> None:
        """Pack a whole page anew."""
        page, moved = pieces.page, {}
        changed = {n: (at, values) for n, at, values in places.each()}
        for n in range(page.pieces * (page.samples if page.planar else 1)):
            found = pieces.one(n)
            samples = np.zeros(page.shape(n), found.dtype)
            samples[: found.shape[0], : found.shape[1]] = found[: samples.shape[0], : samples.shape[1]]
            if n in changed:
                at, values = changed[n]
                samples.reshape(-1)[at] = values
            data = self._packed(samples, page, compression)
            moved[n] = self._put(data, page, n)
        self._record(page, moved)

    def _retag(self, page: Page) -> None:
        """Say in a page's directory that it is Deflate, and RGB where it was Y'CbCr; drop what only JPEG means."""
        order, big = self.album.order, self.album.big
        count_form, entry_bytes, word = ("Q", 20, 8) if big else ("H", 12, 4)
        count_bytes = struct.calcsize(order + count_form)
        self.file.seek(page.directory)
        (count,) = struct.unpack(order + count_form, self.file.read(count_bytes))
        raw = self.file.read(count * entry_bytes + word)
        entries = [raw[k * entry_bytes : (k + 1) * entry_bytes] for k in range(count)]
        new = {COMPRESSION: codecs.DEFLATE} | ({PHOTOMETRIC: RGB} if page.photometric == YCBCR else {})
        kept = []
        for entry in entries:
            (code,) = struct.unpack(order + "H", entry[:2])
            if code in new:
                value = struct.pack(order + "H", new[code]).ljust(word, b"\0")
                entry = entry[:2] + struct.pack(order + "H", SHORT) + entry[4 : entry_bytes - word] + value
            if page.compression not in FOREIGN or code not in OF_JPEG:
                kept.append(entry)
        self._write(page.directory, struct.pack(order + count_form, len(kept)) + b"".join(kept) + raw[-word:])

    def _write(self, at: int, data: bytes) -> None:
        self.file.seek(at)
        self.file.write(data)


def _overwrite(file: BinaryIO, at: Whole, values: Samples) -> None:
    """Write values over what lies at offsets of a file, reading and writing no block in which there are none."""
    width = values.dtype.itemsize
    places = (at[:, None] + np.arange(width)).ravel()
    stored = np.ascontiguousarray(values).view(np.uint8)
    order = np.argsort(places, kind="stable")
    places, stored = places[order], stored[order]
    blocks, starts = np.unique(places // BLOCK_BYTES, return_index=True)
    for block, start, stop in zip(blocks, starts, [*starts[1:], places.size], strict=True):
        file.seek(int(block) * BLOCK_BYTES)
        held = np.frombuffer(bytearray(file.read(BLOCK_BYTES)), np.uint8)
        held[places[start:stop] - block * BLOCK_BYTES] = stored[start:stop]
        file.seek(int(block) * BLOCK_BYTES)
        file.write(held.tobytes())
