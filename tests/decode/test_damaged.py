"""Damaged files: every fault finds its frame, and no other frame suffers."""

from __future__ import annotations

from pathlib import Path

import av
import av.logging
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from restore.decode.video import VideoDecoder
from restore.errors import SourceError
from restore.probe import probe
from tests.decode.films import FFV1, all_of, damaged_ffv1, opened, same, zeroed
from tests.media_made import PROBE_SIZE as SIZE
from tests.media_made import flip_bit, make_video, noise_planes, scene_planes


@pytest.mark.parametrize("at", [0, 4, 9])
@pytest.mark.parametrize("place", [0.02, 0.3, 0.6, 0.999])
def test_a_flipped_bit_names_exactly_its_frame(tmp_path: Path, at: int, place: float) -> None:
    pictures = [noise_planes("yuv422p10le", SIZE, t) for t in range(10)]
    path = make_video(tmp_path / "a.mkv", pictures, "yuv422p10le", options=FFV1, gop=1)
    flip_bit(path, at, place)
    read = all_of(opened(path))
    assert [p.index for p in read if p.fault] == [at]
    assert "FFV1" in read[at].fault
    for picture in read:
        assert picture.fault or same(picture.planes, pictures[picture.index])


def test_the_checksum_agrees_with_ffmpeg_s_own_log(tmp_path: Path) -> None:
    path, _ = damaged_ffv1(tmp_path / "a.mkv", 3)
    level = av.logging.get_level()
    av.logging.set_level(av.logging.ERROR)
    logged = []
    try:
        with av.open(str(path)) as film:
            film.streams.video[0].codec_context.thread_count = 1
            for i, packet in enumerate(film.demux(video=0)):
                with av.logging.Capture() as lines:
                    packet.decode()
                logged += [i] * any("CRC mismatch" in line[2] for line in lines)
    finally:
        av.logging.set_level(level)
    assert logged == [p.index for p in all_of(opened(path)) if p.fault] == [3]


@settings(max_examples=10)
@given(wanted=st.lists(st.integers(0, 9), min_size=1, max_size=8), threads=st.sampled_from([1, 3]))
@pytest.mark.parametrize("gop", [1, 4])
@pytest.mark.parametrize("bad", [(0,), (4,), (0, 1), (5, 6, 7), (9,)])
def test_damaged_frames_look_the_same_whatever_was_asked_before(
    tmp_path_factory: pytest.TempPathFactory, gop: int, bad: tuple[int, ...], wanted: list[int], threads: int
) -> None:
    path = tmp_path_factory.getbasetemp() / f"damaged-{gop}-{bad}.mkv"
    if not path.exists():
        damaged_ffv1(path, bad[0], gop)
        for frame in bad[1:]:
            flip_bit(path, frame)
    source = probe(path)
    reference = VideoDecoder(source, 2)
    pictures = all_of(reference)
    decoder = VideoDecoder(source, threads)
    for i in wanted:
        for picture in decoder.read(i):
            assert picture.fault == pictures[picture.index].fault
            assert same(picture.planes, pictures[picture.index].planes)
        assert picture.index == i
    reference.close()
    decoder.close()


def test_what_is_predicted_from_damage_is_not_vouched_for(tmp_path: Path) -> None:
    path, pictures = damaged_ffv1(tmp_path / "a.mkv", 5, gop=4)
    read = all_of(opened(path))
    assert [p.index for p in read if p.fault] == [5, 6, 7]
    assert "predicted from frame 5" in read[7].fault
    assert same(read[8].planes, pictures[8])


def test_ffv1_without_checksums_is_read_without_faults(tmp_path: Path) -> None:
    pictures = [noise_planes("yuv420p", SIZE, t) for t in range(4)]
    for level in ("1", "3"):
        path = make_video(tmp_path / f"{level}.mkv", pictures, options={"level": level, "slicecrc": "0"}, gop=1)
        assert [p.fault for p in all_of(opened(path))] == [""] * 4


@pytest.mark.parametrize(("codec", "pixel_format"), [("prores_ks", "yuv422p10le"), ("mjpeg", "yuvj422p")])
def test_a_frame_that_does_not_decode_holds_the_one_before(tmp_path: Path, codec: str, pixel_format: str) -> None:
    path = make_video(tmp_path / "a.mov", [scene_planes(pixel_format, SIZE, t) for t in range(10)], pixel_format, codec)
    sound = all_of(opened(path))
    zeroed(path, (4, 5, 9))
    read = all_of(opened(path))
    assert [p.index for p in read if p.fault] == [4, 5, 9]
    assert same(read[5].planes, sound[3].planes)
    assert same(read[9].planes, sound[8].planes)
    decoder = opened(path)
    for i in (5, 9, 4, 3, 6):
        assert same(decoder.read(i)[-1].planes, read[i].planes)
        assert decoder.read(i)[-1].fault == read[i].fault


def test_black_where_nothing_sound_comes_before(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mov", [scene_planes("yuv422p10le", SIZE, t) for t in range(4)], "yuv422p10le",
                      "prores_ks")  # fmt: skip
    source = probe(path)
    zeroed(path, (0,))
    (picture,) = VideoDecoder(source, 1).read(0)
    assert picture.fault
    assert [int(p.max()) for p in picture.planes] == [64, 512, 512]
    assert "first frame does not decode" in " ".join(probe(path).notes)


@pytest.mark.parametrize("threads", [1, 4])
def test_a_lost_reference_marks_what_follows_until_the_next_keyframe(tmp_path: Path, threads: int) -> None:
    path = make_video(tmp_path / "a.mp4", [noise_planes("yuv420p", SIZE, t) for t in range(30)], "yuv420p", "libx264",
                      options={"bf": "0", "sc_threshold": "0"}, gop=10)  # fmt: skip
    sound = all_of(opened(path))
    source = probe(zeroed(path, (13,)))
    read = all_of(VideoDecoder(source, threads))
    assert [p.index for p in read if p.fault] == list(range(13, 20))
    for i in (*range(13), *range(20, 30)):
        assert same(read[i].planes, sound[i].planes)
    decoder = VideoDecoder(source, threads)
    for i in (19, 13, 12, 16, 25):
        assert same(decoder.read(i)[-1].planes, read[i].planes)


@pytest.mark.parametrize("threads", [1, 6])
def test_one_bad_frame_near_the_end_takes_no_other_with_it(tmp_path: Path, threads: int) -> None:
    path = make_video(tmp_path / "a.mp4", [noise_planes("yuv420p", SIZE, t) for t in range(20)], "yuv420p", "libx264",
                      options={"bf": "0"}, gop=2)  # fmt: skip
    sound = all_of(opened(path))
    source = probe(zeroed(path, (17,)))
    read = all_of(VideoDecoder(source, threads))
    assert [p.index for p in read if p.fault] == [17]
    assert "refuses" in read[17].fault
    assert all(p.fault or same(p.planes, sound[p.index].planes) for p in read)


def test_a_file_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    pictures = [noise_planes("yuv420p", SIZE, t) for t in range(20)]
    path = make_video(tmp_path / "a.mkv", pictures, options=FFV1, gop=1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    read = all_of(opened(path))
    assert 7 <= len(read) <= 12
    for picture in read[:-1]:
        assert same(picture.planes, pictures[picture.index])


def test_nothing_is_printed_and_logging_is_left_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    level = av.logging.get_level()
    all_of(opened(damaged_ffv1(tmp_path / "a.mkv", 2)[0]))
    assert av.logging.get_level() == level
    assert capfd.readouterr() == ("", "")


SCRATCHED = {
    "a.mov": ("prores_ks", "yuv422p10le", {}, 1), "b.avi": ("mjpeg", "yuvj420p", {}, 1),
    "c.mkv": ("ffv1", "yuv420p", FFV1, 6), "d.mp4": ("libx264", "yuv420p", {"bf": "2"}, 8),
    "e.ts": ("mpeg2video", "yuv420p", {"bf": "2"}, 8),
}  # fmt: skip


@pytest.mark.parametrize("name", SCRATCHED)
def test_random_damage_raises_nothing_else_and_reads_the_same_in_any_order(
    tmp_path: Path, name: str, capfd: pytest.CaptureFixture[str]
) -> None:
    codec, pixel_format, options, gop = SCRATCHED[name]
    path = make_video(tmp_path / name, [scene_planes(pixel_format, SIZE, t) for t in range(16)], pixel_format, codec,
                      options=options, gop=gop)  # fmt: skip
    whole = path.read_bytes()
    read = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        data = bytearray(whole)
        for at in rng.integers(0, len(data), rng.choice([1, 4, 16])):
            data[at] ^= 1 << int(rng.integers(8))
        path.write_bytes(bytes(data))
        try:
            source = probe(path)
            forward = all_of(VideoDecoder(source, 2))
        except SourceError:
            continue
        read += 1
        decoder = VideoDecoder(source, 1)
        for i in rng.integers(0, source.frames, 6):
            for picture in decoder.read(int(i)):
                # What a decoder of predicted pictures hides from everyone is the one thing that may differ.
                if source.intra_only or codec == "ffv1":
                    assert picture.fault == forward[picture.index].fault
                    assert same(picture.planes, forward[picture.index].planes)
            assert picture.index == i
    assert read
    assert capfd.readouterr() == ("", "")
    assert av.logging.get_level() is None
