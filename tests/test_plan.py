import re
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore import recipe
from restore.errors import BudgetError
from restore.parts import make
from restore.plan import Budget, make_plan, make_steps
from restore.run import in_order
from restore.source import PixelFormat, Source
from restore.span import Span


def source(frames: int, size: tuple[int, int] = (1080, 1920)) -> Source:
    return Source(
        "film.mkv", "video", "ab" * 32, size, PixelFormat("yuv422p10le", "yuv", 10, 0, 1), Fraction(24),
        Fraction(1, 1000), tuple(range(frames)), tuple(range(frames)), byte_count=3_000_000 * frames,
    )


FILM, FFV1, H264 = recipe.load("film"), make("encode", "ffv1", {}), make("encode", "h264", {})


@given(st.integers(1, 200), st.integers(1, 30), st.data())
def test_every_step_comes_after_what_it_needs_and_every_frame_is_encoded_once(
    frames: int, span_frames: int, data: st.DataObject
) -> None:
    start = data.draw(st.integers(0, frames - 1))
    stop = data.draw(st.integers(start + 1, frames))
    encoder = data.draw(st.sampled_from([FFV1, H264]))
    steps = make_steps(source(frames), FILM, encoder, Span(start, stop), span_frames)
    seen: set[str] = set()
    for step in steps:
        assert set(step.needs) <= seen
        seen.add(step.name)
    assert len(seen) == len(steps)
    for lanes in (1, 2, 8):  # waiting for one another never becomes a circle
        ordered = in_order(make_steps(source(frames), FILM, encoder, Span(start, stop), span_frames, lanes=lanes))
        assert {s.name for s in ordered} == seen
    assert [t for s in steps if s.stage == "encode" for t in s.span] == list(range(start, stop))
    for step in steps:
        if step.stage == "fill":
            reach = sum(p.reach_frames for p in FILM.ladder)
            needed = step.span.widen(reach, Span(0, frames))
            given_ = {t for n in step.needs for t in Span(*map(int, n.split("-")[1:]))}
            assert set(needed) <= given_


def test_encode_segments_of_long_gop_codecs_do_not_follow_the_spans() -> None:
    for length in (5, 12, 24):
        steps = make_steps(source(300), FILM, H264, Span(0, 300), length)
        assert {len(s.span) for s in steps if s.stage == "encode"} == {96, 12}


def test_until_leaves_out_what_comes_after() -> None:
    steps = make_steps(source(50), FILM, FFV1, Span(0, 50), 12, "fill")
    assert {s.stage for s in steps} == {"detect", "fill"}


def test_memory_does_not_grow_with_the_film() -> None:
    peaks = {make_plan(source(n), FILM, FFV1, Span(0, n), Budget(2)).peak_bytes for n in (200, 2000, 20000)}
    assert len(peaks) == 1


def test_less_memory_means_shorter_spans_then_fewer_threads_then_a_refusal() -> None:
    film = source(500)
    roomy = make_plan(film, FILM, FFV1, film.span, Budget(2))
    tight = make_plan(film, FILM, FFV1, film.span, Budget(2, 1, roomy.peak_bytes - 1))
    assert tight.span_frames < roomy.span_frames
    assert tight.peak_bytes < roomy.peak_bytes
    narrow = make_plan(film, FILM, FFV1, film.span, Budget(8, 1, roomy.peak_bytes))
    assert 1 <= narrow.threads < 8
    with pytest.raises(BudgetError, match="--memory"):
        make_plan(film, FILM, FFV1, film.span, Budget(2, 1, 100 << 20))


def test_a_short_excerpt_is_cut_small_so_that_little_is_done_beside_it() -> None:
    film = source(60, (576, 768))
    plan = make_plan(film, FILM, FFV1, Span(20, 28), Budget(2))
    reach = sum(p.reach_frames for p in (*FILM.ladder, *FILM.blend))
    spans_beside = 2 + 2 * -(-reach // plan.span_frames)
    assert plan.span_frames <= 4
    assert sum(len(s.span) for s in plan.steps if s.stage == "detect") <= 8 + spans_beside * plan.span_frames
    assert make_plan(film, FILM, FFV1, film.span, Budget(2)).span_frames > 4


def test_a_project_keeps_its_grid() -> None:
    film = source(500)
    assert make_plan(film, FILM, FFV1, film.span, Budget(2), span_frames=5).span_frames == 5


def test_a_photograph_is_a_film_of_one_frame() -> None:
    one = replace(source(1), kind="sequence", files=("a.png",))
    plan = make_plan(one, recipe.load("stills"), make("encode", "sequence", {}), one.span, Budget(2))
    assert [s.stage for s in plan.steps] == ["detect", "fill", "blend", "encode", "join"]


def test_what_a_refusal_advises_is_enough() -> None:
    film = source(100)
    for processes in (1, 4):
        with pytest.raises(BudgetError) as refused:
            make_plan(film, FILM, FFV1, film.span, Budget(1, processes, 50 << 20))
        advised = int(re.search(r"--memory (\d+)M", str(refused.value))[1]) << 20
        assert ("--workers" in str(refused.value)) == (processes > 1)
        assert make_plan(film, FILM, FFV1, film.span, Budget(1, processes, advised // processes))
