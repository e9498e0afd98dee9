from __future__ import annotations

import struct

import pytest

from restore.train.events import Events, crc32c, varint


@pytest.mark.parametrize(("data", "sum_"), [(b"123456789", 0xE3069283), (bytes(32), 0x8A9136AA), (b"", 0)])
def test_checksums_are_castagnolis(data, sum_):
    # RFC 3720, appendix B.4, and the check value of the catalogue of checksums
    assert crc32c(data) == sum_


def read_varint(data, at):
    number = shift = 0
    while True:
        number |= (data[at] & 0x7F) << shift
        shift, at = shift + 7, at + 1
        if not data[at - 1] & 0x80:
            return number, at


@pytest.mark.parametrize("number", [0, 1, 127, 128, 300, 2**40])
def test_whole_numbers_come_back(number):
    assert read_varint(varint(number) + b"x", 0) == (number, len(varint(number)))


def fields(data):
    """The fields of a message, by number."""
    out, at = {}, 0
    while at < len(data):
        key, at = read_varint(data, at)
        if key & 7 == 2:
            size, at = read_varint(data, at)
            out[key >> 3], at = data[at : at + size], at + size
        elif key & 7 == 0:
            out[key >> 3], at = read_varint(data, at)
        else:
            size = 8 if key & 7 == 1 else 4
            out[key >> 3], at = struct.unpack("<d" if size == 8 else "<f", data[at : at + size])[0], at + size
    return out


def records(data):
    while data:
        (size,) = struct.unpack("<Q", data[:8])
        for part, at in ((data[:8], 8), (data[12 : 12 + size], 12 + size)):
            (masked,) = struct.unpack("<I", data[at : at + 4])
            turned = masked - 0xA282EAD8 & 0xFFFFFFFF
            assert (turned >> 17 | turned << 15) & 0xFFFFFFFF == crc32c(part)
        yield data[12 : 12 + size]
        data = data[16 + size :]


def test_what_is_written_can_be_read(tmp_path):
    events = Events(tmp_path, 300)
    events.add(500, {"dB": 21.25, "loss": 0.5})
    events.add(1000, {"dB": 22.0})
    first, *rest = [fields(r) for r in records(events.path.read_bytes())]
    assert first[3] == b"brain.Event:2"
    values = [(f[2], fields(fields(f[5])[1])) for f in rest]
    assert [(step, v[1], v[2]) for step, v in values] == [(500, b"dB", 21.25), (500, b"loss", 0.5), (1000, b"dB", 22.0)]
    assert all(f[1] > 1e9 for f in rest)


def test_tensorboard_reads_it(tmp_path):
    pytest.importorskip("tensorboard", reason="TensorBoard is not installed")
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    Events(tmp_path, 0).add(7, {"dB": 21.25})
    found = EventAccumulator(str(tmp_path))
    found.Reload()
    assert [(s.step, s.value) for s in found.Scalars("dB")] == [(7, 21.25)]
