from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from restore.decode import open_decoder
from restore.decode.sequence import SequenceDecoder
from restore.errors import SourceError
from restore.probe import probe
from tests.media_made import PROBE_SIZE, make_stills

NAMES = [f"f{i:03d}.png" for i in range(5)]


def opened(folder: Path) -> SequenceDecoder:
    decoder = open_decoder(probe(folder))
    assert isinstance(decoder, SequenceDecoder)
    return decoder


@pytest.mark.parametrize("depth", [8, 16])
@pytest.mark.parametrize("suffix", ["png", "tif"])
def test_planes_in_ffmpeg_s_order(tmp_path: Path, suffix: str, depth: int) -> None:
    samples = make_stills(tmp_path, [f"f{i}.{suffix}" for i in range(4)], channels=4, depth=depth)
    decoder = opened(tmp_path)
    for i in (2, 0, 3, 1, 1):
        (picture,) = decoder.read(i)
        assert (picture.index, picture.fault) == (i, "")
        for plane, channel in zip(picture.planes, (1, 2, 0, 3), strict=True):
            assert np.array_equal(plane, samples[i][..., channel])
    assert decoder.decoded_frames == 5
    decoder.close()


def test_a_picture_that_fails_later_holds_the_one_before(tmp_path: Path) -> None:
    samples = make_stills(tmp_path, NAMES)
    decoder = opened(tmp_path)
    (tmp_path / NAMES[2]).unlink()
    (tmp_path / NAMES[3]).write_bytes((tmp_path / NAMES[3]).read_bytes()[:-200])
    for i in (2, 3):
        (picture,) = decoder.read(i)
        assert NAMES[i] in picture.fault
        assert np.array_equal(picture.planes[2], samples[1][..., 0])
    assert decoder.read(4)[0].fault == ""


def test_a_picture_that_changed_is_not_taken_for_the_one_that_was(tmp_path: Path) -> None:
    make_stills(tmp_path, NAMES)
    decoder = opened(tmp_path)
    make_stills(tmp_path, NAMES[:1], size=(20, 20))
    (picture,) = decoder.read(0)
    assert "changed since it was looked at" in picture.fault
    assert [p.shape for p in picture.planes] == [PROBE_SIZE] * 3
    assert not any(p.any() for p in picture.planes)


@pytest.mark.parametrize("frame", [-1, 5])
def test_frames_there_are_not(tmp_path: Path, frame: int) -> None:
    make_stills(tmp_path, NAMES)
    with pytest.raises(SourceError, match="frames 0 to 4"):
        opened(tmp_path).read(frame)
