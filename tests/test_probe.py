from __future__ import annotations

import hashlib
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import pytest

from restore.errors import SourceError
from restore.probe import probe, refuse
from restore.source import Source
from tests.media_made import PROBE_SIZE as SIZE
from tests.media_made import join_videos, make_video, noise_planes, scene_planes

RATES = ["16", "18", "50/3", "24", "24000/1001", "25", "30000/1001"]
CODECS = {"mkv": ("ffv1", "yuv420p"), "mov": ("prores_ks", "yuv422p10le"), "mp4": ("libx264", "yuv420p")}


def clip(path: Path, codec: str = "ffv1", pixel_format: str = "yuv420p", count: int = 12, **more: object) -> Path:
    pictures = [scene_planes(pixel_format, SIZE, t) for t in range(count)]
    return make_video(path, pictures, pixel_format, codec, **more)  # type: ignore[arg-type]


# What it says


@pytest.mark.parametrize("rate", RATES)
@pytest.mark.parametrize("suffix", CODECS)
def test_rate_and_frame_times_are_exact(tmp_path: Path, suffix: str, rate: str) -> None:
    codec, pixel_format = CODECS[suffix]
    source = probe(clip(tmp_path / f"a.{suffix}", codec, pixel_format, 50, rate=Fraction(rate)))
    assert source.rate == Fraction(rate)
    assert not source.variable_rate
    assert source.frames == 50
    first = source.pts[0] * source.time_base
    for i, t in enumerate(source.pts):
        assert abs(t * source.time_base - first - i / source.rate) <= source.time_base


def test_it_describes_the_file(tmp_path: Path) -> None:
    path = clip(
        tmp_path / "a.mkv", pixel_format="yuv422p10le", audio=True, subtitles=True, attachment=b"how it was scanned",
        colour={"color_range": 1, "colorspace": 1, "color_primaries": 9, "color_trc": 16},
        options={"chroma_sample_location": "topleft"}, gop=1,
    )  # fmt: skip
    source = probe(path)
    assert (source.kind, source.codec, source.size, source.field_order) == ("video", "ffv1", SIZE, "progressive")
    assert "matroska" in source.container
    pixels = source.pixels
    assert (pixels.name, pixels.depth, pixels.family) == ("yuv422p10le", 10, "yuv")
    assert (pixels.shift_y, pixels.shift_x) == (0, 1)
    assert (pixels.full_range, pixels.matrix, pixels.primaries, pixels.transfer) == (False, 1, 9, 16)
    assert pixels.chroma_location == 3
    assert [s.kind for s in source.other_streams] == ["audio", "subtitle", "attachment"]
    assert source.other_streams[2].title == "note.txt"
    assert source.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert source.byte_count == path.stat().st_size
    assert source.intra_only
    assert source.notes == ()
    assert Source.from_json(source.to_json()) == source


def test_sample_aspect_and_full_range(tmp_path: Path) -> None:
    source = probe(clip(tmp_path / "a.mov", "mjpeg", "yuvj422p", sample_aspect=Fraction(16, 15)))
    assert source.sample_aspect == Fraction(16, 15)
    assert source.pixels.name == "yuv422p"
    assert source.pixels.full_range is True


def test_reordered_frames_are_listed_in_the_order_shown(tmp_path: Path) -> None:
    source = probe(clip(tmp_path / "a.mp4", "libx264", count=40, gop=10, options={"bf": "3", "sc_threshold": "0"}))
    assert list(source.pts) == sorted(set(source.pts))
    assert source.frames == 40
    assert source.keyframes == (0, 10, 20, 30)


def test_a_trimmed_film_begins_at_its_edit_list(tmp_path: Path) -> None:
    whole = clip(tmp_path / "a.mp4", "libx264", count=40, gop=40, options={"bf": "2"})
    trimmed = tmp_path / "b.mp4"
    with av.open(str(whole)) as source, av.open(str(trimmed), "w") as out:
        stream = out.add_stream_from_template(source.streams.video[0])
        start = 5 * 512
        for packet in source.demux(video=0):
            if packet.pts is not None:
                packet.pts, packet.dts, packet.stream = packet.pts - start, packet.dts - start, stream
                out.mux(packet)
    found = probe(trimmed)
    assert 0 < found.frames < 40
    with av.open(str(trimmed)) as film:
        assert [f.pts for f in film.decode(video=0)] == list(found.pts)


def test_a_varying_rate_is_kept_frame_by_frame(tmp_path: Path) -> None:
    times = [0, 40, 80, 200, 210, 400, 1000, 1001, 1500]
    pictures = [scene_planes("yuv420p", SIZE, t) for t in range(len(times))]
    source = probe(make_video(tmp_path / "a.mkv", pictures, pts=times, time_base=Fraction(1, 1000)))
    assert source.variable_rate
    assert [t * source.time_base for t in source.pts] == [Fraction(t, 1000) for t in times]
    assert any("varies" in n for n in source.notes)


def test_one_frame_is_a_film_too(tmp_path: Path) -> None:
    source = probe(clip(tmp_path / "a.mkv", count=1, rate=18))
    assert (source.frames, source.rate, source.keyframes) == (1, 18, (0,))


def test_slices_and_frames_of_packed_material_are_planar(tmp_path: Path) -> None:
    source = probe(make_video(tmp_path / "a.mkv", [noise_planes("gray", (16, 64), 1)] * 3, "bgr0", size=(16, 16)))
    assert source.pixels.name == "gbrp"


@pytest.mark.parametrize(
    ("codec", "options", "order"),
    [
        ("libx264", {"x264-params": "tff=1"}, "tt"), ("libx264", {"x264-params": "bff=1"}, "bb"),
        ("mpeg2video", {}, "bb"),
    ],
)
def test_the_field_that_is_shown_first_is_known(
    tmp_path: Path, codec: str, options: dict[str, str], order: str
) -> None:
    """MPEG-2 in Matroska says so nowhere but in its pictures."""
    source = probe(clip(tmp_path / "a.mkv", codec, interlaced=True, options=options))
    assert source.field_order == order
    assert source.pixels.fields
    with pytest.raises(SourceError, match=r"interlaced.*whole frames"):
        refuse(source)
    refuse(replace(source, pixels=replace(source.pixels, fields=False)))


@pytest.mark.parametrize(
    ("name", "codec", "pixel_format", "container_options"),
    [
        ("a.mkv", "ffv1", "yuv420p", {}),
        ("a.mp4", "libx264", "yuv420p", {"movflags": "faststart"}),
        ("a.mov", "prores_ks", "yuv422p10le", {"movflags": "faststart"}),
        ("a.avi", "mjpeg", "yuvj420p", {}),
    ],
)
def test_a_file_that_ends_early_is_described_with_what_is_there(
    tmp_path: Path, name: str, codec: str, pixel_format: str, container_options: dict[str, str]
) -> None:
    pictures = [noise_planes(pixel_format, SIZE, t) for t in range(30)]
    path = make_video(tmp_path / name, pictures, pixel_format, codec, container_options=container_options)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    source = probe(path)
    assert 12 <= source.frames <= 20
    assert any("ends early" in n for n in source.notes), source.notes


# What it refuses


def refused(path: Path, *words: str, rate: Fraction | None = None) -> None:
    with pytest.raises(SourceError) as caught:
        probe(path, rate)
    for word in (path.name, *words):
        assert word in str(caught.value)


def test_missing_empty_and_other_files(tmp_path: Path) -> None:
    refused(tmp_path / "none.mkv", "no such file")
    (tmp_path / "empty.mkv").touch()
    refused(tmp_path / "empty.mkv", "empty")
    (tmp_path / "words.mkv").write_text("this is not a film\n" * 100)
    refused(tmp_path / "words.mkv", "not a media file")
    (tmp_path / "words.txt").write_text("this is not a film\n" * 100)
    refused(tmp_path / "words.txt", "not")
    (tmp_path / "noise.mp4").write_bytes(bytes(range(256)) * 64)
    refused(tmp_path / "noise.mp4", "not a media file")


def test_a_film_cut_off_before_its_index(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.mp4", "libx264", count=30)
    whole = path.read_bytes()
    for missing in (100, 300, 700, 1500, len(whole) // 2):
        path.write_bytes(whole[:-missing])
        refused(path, "header is damaged")


def test_sound_alone(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame("s16", "mono", 800)
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    refused(path, "no video stream", "audio")


def test_no_frames(tmp_path: Path) -> None:
    path = tmp_path / "a.mkv"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        sound = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame("s16", "mono", 800)
        frame.sample_rate = 8000
        out.mux(sound.encode(frame))
    refused(path, "holds no pictures")


def test_formats_that_are_not_planes_of_codes(tmp_path: Path) -> None:
    path = tmp_path / "a.nut"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("rawvideo", rate=25)
        stream.width, stream.height, stream.pix_fmt = SIZE[1], SIZE[0], "monob"
        out.mux(stream.encode(av.VideoFrame(SIZE[1], SIZE[0], "monob")))
    refused(path, "monob", "8 to 16 bits")


def test_frames_without_times(tmp_path: Path) -> None:
    path = clip(tmp_path / "a.h264", "libx264", count=20, options={"bf": "2"})
    refused(path, "no presentation time", "-c copy")


def test_a_rate_for_a_film_that_has_one(tmp_path: Path) -> None:
    refused(clip(tmp_path / "a.mkv"), "has its own", rate=Fraction(18))


def test_stills_this_house_does_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a.dpx"
    make_video(path, [noise_planes("gbrp10le", SIZE, 0)], "gbrp10le", "dpx", format="image2", options={"update": "1"})
    refused(path, "not a film")


# Real files


def test_real_films(media: Path) -> None:
    rates = {"01_dog.mp4": Fraction(30000, 1001), "bikes.mp4": 25, "car-detection.mp4": Fraction(25, 2)}
    found = 0
    for path in sorted((media / "clean_video").rglob("*.m[kp][v4]")):
        source = probe(path)
        with av.open(str(path)) as film:
            count = film.streams.video[0].frames
        assert source.frames == (count or source.frames)
        assert source.rate == rates.get(path.name, source.rate)
        if path.suffix == ".mkv":
            assert (source.pixels.name, source.pixels.full_range) == ("yuv420p", True)
        refuse(source)
        found += 1
    assert found


def test_real_and_hostile_files_never_raise_anything_else(media: Path) -> None:
    outcomes = {"read": 0, "refused": 0}
    for path in sorted((media / "formats").rglob("*")):
        if path.is_file() and "openexr" not in str(path):
            try:
                probe(path)
                outcomes["read"] += 1
            except SourceError as e:
                assert path.name in str(e)  # noqa: PT017
                outcomes["refused"] += 1
    assert min(outcomes.values()) > 10


def test_a_stream_that_changes_size_is_still_described(tmp_path: Path) -> None:
    small = make_video(tmp_path / "s.mkv", [scene_planes("yuv420p", (32, 48), t) for t in range(4)], codec="mpeg2video")
    path = join_videos(tmp_path / "a.mkv", [clip(tmp_path / "l.mkv", "mpeg2video", count=4), small])
    assert probe(path).frames == 8
