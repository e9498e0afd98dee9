"""Frames in any order, from any keyframe, with any number of threads: always the same pictures."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from restore.decode.reel import keyframe_at
from restore.decode.video import VideoDecoder
from restore.frames import Picture
from tests.decode.films import FFV1, all_of, opened, same
from tests.media_made import PROBE_SIZE as SIZE
from tests.media_made import make_video, noise_planes, scene_planes

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


def test_real_films_in_any_order(media: Path) -> None:
    for name in ("bikes.mp4", "again.mkv", "carphone_pristine.mp4"):
        path = next((media / "clean_video").rglob(name))
        decoder = opened(path)
        count = min(decoder.source.frames, 60)
        forward = [decoder.read(i)[-1] for i in range(count)]
        assert decoder.decoded_frames <= count + 8
        for i in (count - 1, 3, count // 2, 0):
            assert same(decoder.read(i)[-1].planes, forward[i].planes)
