from __future__ import annotations

import av
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.decode.slicecrc import REGISTERS, SliceCRC, split
from tests.media_made import PROBE_SIZE, make_video, noise_planes

VERSIONS = {"3": {"level": "3", "slicecrc": "1"}, "4": {"level": "4", "strict": "-2"}}


@pytest.fixture(scope="module", params=sorted(VERSIONS))
def packets(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> list[bytes]:
    pictures = [noise_planes("yuv420p10le", PROBE_SIZE, t) for t in range(3)]
    path = make_video(tmp_path_factory.mktemp("crc") / "a.mkv", pictures, "yuv420p10le", "ffv1",
                      options=VERSIONS[request.param] | {"slices": "6"}, gop=1)  # fmt: skip
    with av.open(str(path)) as film:
        return [bytes(p) for p in film.demux(video=0) if p.size]


def test_slices_add_up_to_the_packet(packets: list[bytes]) -> None:
    for packet in packets:
        assert len(split(packet)) == 6
        assert b"".join(split(packet)) == packet


def test_sound_packets_are_sound(packets: list[bytes]) -> None:
    check = SliceCRC.of(packets)
    assert check is not None
    assert check.register in REGISTERS
    assert [check.fault(p) for p in packets] == ["", "", ""]


@given(data=st.data())
def test_every_flipped_bit_is_seen(packets: list[bytes], data: st.DataObject) -> None:
    check = SliceCRC.of(packets)
    assert check is not None
    damaged = bytearray(packets[1])
    at = data.draw(st.integers(0, len(damaged) - 1))
    damaged[at] ^= 1 << data.draw(st.integers(0, 7))
    fault = check.fault(bytes(damaged))
    assert "slice CRC mismatch" in fault or "do not add up" in fault


def test_the_damaged_slice_is_named(packets: list[bytes]) -> None:
    check = SliceCRC.of(packets)
    assert check is not None
    first = len(split(packets[0])[0])
    damaged = bytearray(packets[0])
    damaged[first + 5] ^= 1
    assert check.fault(bytes(damaged)) == "slice CRC mismatch in slice 2 of 6 (FFV1)"


def test_the_kind_is_known_from_a_later_packet_when_the_first_is_damaged(packets: list[bytes]) -> None:
    damaged = bytearray(packets[0])
    damaged[20] ^= 1
    check = SliceCRC.of([bytes(damaged), *packets[1:]])
    assert check is not None
    assert check.fault(bytes(damaged))


@given(st.binary(max_size=200))
def test_anything_else_has_no_checksums(noise: bytes) -> None:
    assert SliceCRC.of([]) is None
    check = SliceCRC.of([noise])
    assert check is None or not check.fault(noise)
