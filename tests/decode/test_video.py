from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import av.logging
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restore.decode import open_decoder
from restore.decode.reel import keyframe_at
from restore.decode.video import VideoDecoder
from restore.errors import SourceError
from restore.frames import Picture
from restore.probe import probe
from restore.source import Plane
from tests.media_made import PROBE_SIZE as SIZE
from tests.media_made import Planes, flip_bit, join_videos, make_video, noise_planes, scene_planes

FFV1 = {"level": "3", "slices": "4", "slicecrc": "1"}
LOSSLESS = [
    "gray", "gray10le", "gray12le", "gray16le", "yuv420p", "yuv411p", "yuv410p", "yuv422p", "yuv440p", "yuv444p",
    "yuv420p10le", "yuv422p10le", "yuv444p10le", "yuv422p12le", "yuv420p16le", "yuv422p16le", "yuva444p",
    "yuva422p10le", "gbrp10le", "gbrp12le", "gbrp14le", "gbrp16le", "gbrap10le", "gbrap16le",
]  # fmt: skip
LOSSY = {
    "a.mov": ("prores_ks", "yuv422p10le", {}), "b.mov": ("dnxhd", "yuv422p10le", {"profile": "dnxhr_hqx"}),
    "c.mp4": ("libx264", "yuv420p", {}), "d.mkv": ("libx265", "yuv420p10le", {"x265-params": "log-level=none"}),
    "e.mpg": ("mpeg2video", "yuv420p", {}), "f.avi": ("mjpeg", "yuvj420p", {}),
}  # fmt: skip
GOPS = {
    "a.mp4": ("libx264", "yuv420p", {"bf": "3"}, 12),
    "open.mkv": ("libx264", "yuv420p", {"bf": "3", "x264-params": "open-gop=1"}, 12),
    "refresh.mkv": ("libx264", "yuv420p", {"x264-params": "intra-refresh=1"}, 12),
    "b.mkv": ("libx265", "yuv420p10le", {"x265-params": "open-gop=1:keyint=12:bframes=3:log-level=none"}, 12),
    "c.mp4": ("libx265", "yuv420p", {"x265-params": "keyint=10:log-level=none"}, 10),
    "d.mkv": ("mpeg2video", "yuv420p", {"bf": "2"}, 12),
    "e.mpg": ("mpeg2video", "yuv420p", {"bf": "2"}, 12),
    "f.ts": ("mpeg2video", "yuv420p", {"bf": "2"}, 12),
    "g.avi": ("mpeg4", "yuv420p", {"bf": "2"}, 12),
    "h.mkv": ("ffv1", "yuv422p10le", FFV1, 1),
    "i.mkv": ("ffv1", "yuv422p10le", FFV1, 6),
    "j.mov": ("prores_ks", "yuv422p10le", {}, 1),
}  # fmt: skip
COUNT = 40


def same(a: tuple[Plane, ...], b: Planes) -> bool:
    return len(a) == len(b) and all(np.array_equal(p, q) for p, q in zip(a, b, strict=True))


def opened(path: Path, threads: int = 2) -> VideoDecoder:
    decoder = open_decoder(probe(path), threads)
    assert isinstance(decoder, VideoDecoder)
    return decoder


def all_of(decoder: VideoDecoder) -> list[Picture]:
    return [decoder.read(i)[-1] for i in range(decoder.source.frames)]


# Samples


@pytest.mark.parametrize("pixel_format", LOSSLESS)
@pytest.mark.parametrize("size", [(36, 50), (33, 47)])
def test_ffv1_gives_every_sample_back(tmp_path: Path, pixel_format: str, size: tuple[int, int]) -> None:
    pictures = [noise_planes(pixel_format, size, t) for t in range(3)]
    options = FFV1 | {"slices": "1" if size[0] % 2 else "4"}  # FFmpeg cuts no odd picture into slices
    decoder = opened(make_video(tmp_path / "a.mkv", pictures, pixel_format, options=options, gop=1))
    for t, picture in enumerate(all_of(decoder)):
        assert picture == Picture(t, picture.planes)
        assert all(p.dtype == decoder.source.pixels.dtype for p in picture.planes)
        assert same(picture.planes, pictures[t])


@pytest.mark.parametrize(
    ("stored", "planes"), [("rgb24", 3), ("bgr24", 3), ("uyvy422", 3), ("nv12", 3), ("bgra", 4), ("gray16be", 1)]
)
def test_packed_raw_video_comes_apart(tmp_path: Path, stored: str, planes: int) -> None:
    frame = av.VideoFrame(48, 32, stored)
    rng = np.random.default_rng(3)
    for plane in frame.planes:
        np.frombuffer(plane, np.uint8)[:] = rng.integers(0, 256, plane.buffer_size)
    path = tmp_path / "a.nut"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = 48, 32, stored
        out.mux(stream.encode(frame))
    decoder = opened(path)
    theirs = frame.reformat(format=decoder.source.pixels.name, threads=1)
    (picture,) = decoder.read(0)
    assert len(picture.planes) == planes
    for ours, other in zip(picture.planes, theirs.planes, strict=True):
        rows = np.frombuffer(other, ours.dtype).reshape(other.height, -1)
        assert np.array_equal(ours, rows[:, : other.width])


@pytest.mark.parametrize("name", LOSSY)
def test_lossy_codecs_give_what_ffmpeg_gives(tmp_path: Path, name: str) -> None:
    codec, pixel_format, options = LOSSY[name]
    size = (128, 256)  # the smallest DNxHR
    path = make_video(tmp_path / name, [scene_planes(pixel_format, size, t) for t in range(6)], pixel_format, codec,
                      options=options)  # fmt: skip
    pictures = all_of(opened(path))
    with av.open(str(path)) as film:
        for picture, frame in zip(pictures, film.decode(video=0), strict=True):
            assert not picture.fault
            for ours, theirs in zip(picture.planes, frame.planes, strict=True):
                rows = np.frombuffer(theirs, ours.dtype).reshape(theirs.height, -1)
                assert np.array_equal(ours, rows[:, : theirs.width])


def test_planes_are_our_own(tmp_path: Path) -> None:
    pictures = [noise_planes("yuv420p", SIZE, t) for t in range(6)]
    decoder = opened(make_video(tmp_path / "a.mkv", pictures, options=FFV1, gop=1))
    kept = all_of(decoder)
    decoder.close()
    assert all(same(p.planes, pictures[p.index]) for p in kept)
    assert all(plane.flags.c_contiguous for p in kept for plane in p.planes)


# Order


@pytest.fixture(scope="module", params=sorted(GOPS))
def film(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[VideoDecoder, list[Picture]]:
    codec, pixel_format, options, gop = GOPS[request.param]
    path = tmp_path_factory.mktemp("film") / request.param
    pictures = [scene_planes(pixel_format, SIZE, t) for t in range(COUNT)]
    make_video(path, pictures, pixel_format, codec, options=options, gop=gop)
    decoder = opened(path)
    return decoder, all_of(decoder)


def test_reading_in_order_decodes_each_frame_once(film: tuple[VideoDecoder, list[Picture]]) -> None:
    decoder = VideoDecoder(film[0].source, 2)
    for i in range(COUNT):
        assert [p.index for p in decoder.read(i)] == [i]
    assert decoder.decoded_frames == COUNT
    decoder.close()


def test_frames_are_the_ones_ffmpeg_shows_at_their_times(film: tuple[VideoDecoder, list[Picture]]) -> None:
    decoder, pictures = film
    with av.open(decoder.source.path) as container:
        frames = {f.pts: f for f in container.decode(video=0)}
    assert sorted(frames) == list(decoder.source.pts)
    for picture in pictures:
        theirs = frames[decoder.source.pts[picture.index]].planes[0]
        rows = np.frombuffer(theirs, picture.planes[0].dtype).reshape(theirs.height, -1)[:, : theirs.width]
        assert np.array_equal(picture.planes[0], rows)


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(wanted=st.lists(st.integers(0, COUNT - 1), min_size=1, max_size=12))
def test_any_order_gives_the_same_pictures(film: tuple[VideoDecoder, list[Picture]], wanted: list[int]) -> None:
    decoder, pictures = film
    refreshes = "refresh" in decoder.source.path
    for i in wanted:
        reading_on = decoder._next
        got = decoder.read(i)
        assert got[-1].index == i
        assert [p.index for p in got] == list(range(got[0].index, i + 1))
        assert got[0].index in (reading_on, keyframe_at(decoder.source, i)) or refreshes
        for picture in got:
            assert picture.fault == ""
            assert same(picture.planes, pictures[picture.index].planes)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_threads_do_not_change_pictures(film: tuple[VideoDecoder, list[Picture]], threads: int) -> None:
    decoder = VideoDecoder(film[0].source, threads)
    for i in (COUNT - 1, 0, 17):
        assert same(decoder.read(i)[-1].planes, film[1][i].planes)
    decoder.close()


def test_a_far_frame_is_reached_from_its_keyframe_and_a_near_one_by_reading_on(tmp_path: Path) -> None:
    pictures = [scene_planes("yuv420p", SIZE, t) for t in range(50)]
    decoder = opened(make_video(tmp_path / "a.mkv", pictures, options=FFV1, gop=10))
    assert decoder.source.keyframes == (0, 10, 20, 30, 40)
    assert [p.index for p in decoder.read(33)] == [30, 31, 32, 33]
    assert [p.index for p in decoder.read(36)] == [34, 35, 36]
    assert [p.index for p in decoder.read(35)] == [30, 31, 32, 33, 34, 35]
    assert [p.index for p in decoder.read(4)] == [0, 1, 2, 3, 4]
    assert [p.index for p in decoder.read(20)] == [20]
    assert decoder.decoded_frames == 4 + 3 + 6 + 5 + 1


def test_varying_rates_are_read_by_time(tmp_path: Path) -> None:
    times = [0, 40, 80, 200, 210, 400, 1000, 1001, 1500]
    pictures = [noise_planes("yuv420p", SIZE, t) for t in range(len(times))]
    decoder = opened(make_video(tmp_path / "a.mkv", pictures, options=FFV1, gop=3, pts=times,
                                time_base=Fraction(1, 1000)))  # fmt: skip
    for i in (7, 2, 8, 0, 6):
        assert same(decoder.read(i)[-1].planes, pictures[i])


@pytest.mark.parametrize("frame", [-1, 10, 99])
def test_frames_there_are_not(tmp_path: Path, frame: int) -> None:
    decoder = opened(make_video(tmp_path / "a.mkv", [noise_planes("gray", SIZE, t) for t in range(10)], "gray"))
    with pytest.raises(SourceError, match=f"frames 0 to 9, asked for {frame}"):
        decoder.read(frame)
    assert decoder.read(3)[-1].index == 3


# Damage


def damaged_ffv1(path: Path, frame: int, gop: int = 1, count: int = 10) -> tuple[Path, list[Planes]]:
    pictures = [noise_planes("yuv422p10le", SIZE, t) for t in range(count)]
    make_video(path, pictures, "yuv422p10le", options=FFV1, gop=gop)
    return flip_bit(path, frame), pictures


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


def zeroed(path: Path, frames: tuple[int, ...]) -> Path:
    """Overwrite the packets of some frames with zeros, but leave the file's structure whole."""
    with av.open(str(path)) as source:
        packets = [bytes(p) for p in source.demux(video=0) if p.size]
    data = bytearray(path.read_bytes())
    for frame in frames:
        at = data.index(packets[frame])
        data[at : at + len(packets[frame])] = bytes(len(packets[frame]))
    path.write_bytes(bytes(data))
    return path


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


class LateSeek:
    """A container whose index leads past the place asked for."""

    def __init__(self, container: object, late: int) -> None:
        self._container, self._late = container, late

    def __getattr__(self, name: str) -> object:
        return getattr(self._container, name)

    def seek(self, time: int, **how: object) -> None:
        self._container.seek(time + self._late, **how)  # type: ignore[attr-defined]


@pytest.mark.parametrize("late", [450, 1100, 10**6])
def test_an_index_that_leads_past_the_frame_is_not_believed(tmp_path: Path, late: int) -> None:
    pictures = [noise_planes("yuv420p", SIZE, t) for t in range(40)]
    decoder = opened(make_video(tmp_path / "a.mkv", pictures, options=FFV1, gop=10))
    reel = decoder._reel
    for i in (25, 13, 39, 20):
        reel._container = LateSeek(reel._container, late)
        got = decoder.read(i)
        assert got[-1].index == i
        assert all(same(p.planes, pictures[p.index]) for p in got)


def test_a_file_cut_short_gives_what_is_there(tmp_path: Path) -> None:
    pictures = [noise_planes("yuv420p", SIZE, t) for t in range(20)]
    path = make_video(tmp_path / "a.mkv", pictures, options=FFV1, gop=1)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    read = all_of(opened(path))
    assert 7 <= len(read) <= 12
    for picture in read[:-1]:
        assert same(picture.planes, pictures[picture.index])


def test_a_picture_that_changes_its_size(tmp_path: Path) -> None:
    parts = [
        make_video(tmp_path / f"{h}.mkv", [scene_planes("yuv420p", (h, 96), t) for t in range(4)], "yuv420p",
                   "mpeg2video")
        for h in (64, 80)
    ]  # fmt: skip
    decoder = opened(join_videos(tmp_path / "a.mkv", parts))
    assert decoder.read(2)[-1].index == 2
    for _ in range(2):
        with pytest.raises(SourceError, match="changes its size at frame 4, from 96x64 to 96x80"):
            decoder.read(5)
    assert decoder.read(1)[-1].index == 1


def test_a_file_that_is_gone(tmp_path: Path) -> None:
    path = make_video(tmp_path / "a.mkv", [noise_planes("gray", SIZE, 0)], "gray")
    source = probe(path)
    path.unlink()
    with pytest.raises(SourceError, match="cannot be opened now"):
        open_decoder(source)


def test_nothing_is_printed_and_logging_is_left_alone(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    level = av.logging.get_level()
    all_of(opened(damaged_ffv1(tmp_path / "a.mkv", 2)[0]))
    assert av.logging.get_level() == level
    assert capfd.readouterr() == ("", "")


# Real files


def test_real_films_in_any_order(media: Path) -> None:
    for name in ("bikes.mp4", "again.mkv", "carphone_pristine.mp4"):
        path = next((media / "clean_video").rglob(name))
        decoder = opened(path)
        count = min(decoder.source.frames, 60)
        forward = [decoder.read(i)[-1] for i in range(count)]
        assert decoder.decoded_frames <= count + 8
        for i in (count - 1, 3, count // 2, 0):
            assert same(decoder.read(i)[-1].planes, forward[i].planes)


def test_a_real_archive_file(media: Path) -> None:
    path = next((media / "formats").rglob("10bit.dpx.mkv"))
    (picture,) = opened(path).read(0)
    assert picture.fault == ""
    with av.open(str(path)) as film:
        frame = next(film.decode(video=0))
        theirs = np.frombuffer(frame.planes[0], np.uint16).reshape(frame.height, -1)[:, : frame.width]
        assert np.array_equal(picture.planes[0], theirs)


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
