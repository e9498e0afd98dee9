"""Figures of settings in, the right recommendation and honest words out."""

from __future__ import annotations

import json
from dataclasses import replace
from math import isnan

import pytest

from restore.measure.advice import OwnReel, Tried, advice, chosen, mended, percent, plain, pooled, told, tried
from restore.measure.bench import FillRow
from restore.measure.detection import Score
from restore.measure.lines import Length
from restore.measure.own_reel import SHIPPED, Attempt, Count, Step

NAN = float("nan")


def row(name: str, f1: float, touched: float, beyond: float = 0.0) -> Tried:
    words = () if name == SHIPPED else (f"dirt.certainty={name}",)
    return Tried("dust", name, words, f1, f1, NAN, 0.9, f1, touched, beyond)


@pytest.mark.parametrize(("rows", "best"), [
    # The best of those that are safe.
    ([row("0.9", 0.5, 1e-5), row(SHIPPED, 0.8, 1e-4), row("0.4", 0.9, 1e-3)], SHIPPED),
    ([row("0.9", 0.5, 1e-5), row(SHIPPED, 0.8, 1e-4), row("0.4", 0.9, 1.5e-4)], "0.4"),
    # As good as each other: the recipe as it is, or the one that touches least.
    ([row("0.9", 0.79, 1e-5), row(SHIPPED, 0.8, 1e-4), row("0.4", 0.81, 1.5e-4)], SHIPPED),
    ([row("0.9", 0.79, 1e-5), row("0.4", 0.8, 1.5e-4), row(SHIPPED, 0.9, 1e-3)], "0.9"),
    # Damage of its own: what is beyond that decides.
    ([row("0.9", 0.5, 1e-3), row(SHIPPED, 0.8, 2e-3, 1e-4), row("0.4", 0.9, 9e-3, 5e-3)], SHIPPED),
    # Nothing is safe.
    ([row("0.9", 0.5, 1e-3, 9e-4), row(SHIPPED, 0.8, 2e-3, 1e-3)], "0.9"),
    ([row("0.9", NAN, 0.0), row(SHIPPED, NAN, 0.0)], "0.9"),
])
def test_the_setting_chosen(rows: list[Tried], best: str) -> None:
    assert chosen(rows).setting == best


def count(found: int, touched: int, lines: int = 0) -> Count:
    score = Score(found, 100 - found, 0, 10, found // 10, 0, 1, 10_000)
    every = replace(score, false=touched)
    return Count(score, every, score, every, Length(10, 5, lines, lines), touched)


def attempt(name: str) -> Attempt:
    step = Step(name, () if name == SHIPPED else (f"*.certainty={name}",))
    return Attempt("dust", step, tuple(s.replace("*", "dirt") for s in step.settings), ())


def test_what_is_touched_beyond_the_reels_own_damage() -> None:
    rows = tried([attempt(SHIPPED), attempt("0.9"), attempt("0.4")], [count(80, 160), count(50, 100), count(90, 680)])
    assert [r.setting for r in rows] == ["0.9", SHIPPED, "0.4"]
    assert [r.beyond_frac for r in rows] == pytest.approx([0, 0, (680 - 2 * 90) / 10_000])
    assert [r.precision_least for r in rows] == pytest.approx([50 / 150, 80 / 240, 90 / 770])
    assert [r.setting for r in rows if r.recommended] == [SHIPPED]
    assert all(isnan(r.lines_frac) for r in rows)
    with_lines = tried([attempt(SHIPPED)], [count(80, 0, lines=3)])
    assert (with_lines[0].lines_frac, with_lines[0].recommended) == (0.5, True)


def test_words_say_how_sure_they_are() -> None:
    rows = [row("0.9", 0.5, 1e-5), replace(row(SHIPPED, 0.8, 1.04e-4), recommended=True), row("0.4", 0.9, 1e-3)]
    use, said, why = advice("dust", rows)
    assert use == "dust: --workflow dust"
    assert said == "As it is, 80 % of the planted damage was found and at most 0.011 % of clean picture touched."
    assert "`0.4` would find 90 % and touch 0.100 %: more than the 0.020 %" in why
    rows = [replace(row("0.9", 0.5, 1e-3), recommended=True), row(SHIPPED, 0.8, 4e-3, 2e-3)]
    use, *said = advice("dust", rows)
    assert use == "dust: --workflow dust --set dirt.certainty=0.9"
    assert "Only a person can tell" in " ".join(said)
    assert "grows faster" in said[-1]
    rows = [row(SHIPPED, 0.5, 1e-5), replace(row("0.4", 0.8, 2e-5), recommended=True)]
    assert "touch 0.001 %: this reel can bear a bolder setting" in advice("dust", rows)[-1]
    rows = [row("0.9", 0.5, 1e-5), replace(row(SHIPPED, 0.8, 2e-5), recommended=True), row("0.4", 0.805, 3e-5)]
    assert "no better on balance (F1 0.81 for 0.80)" in advice("dust", rows)[-1]
    assert advice("dust", rows[:2])[-1] == "No bolder setting was tried."
    rows = [replace(row("0.9", 0.5, 1e-3, 1e-3), recommended=True)]
    assert "No setting" in advice("dust", rows)[-1]


def test_a_bound_is_rounded_up_and_never_to_nothing() -> None:
    assert [percent(v) for v in (0.0, 1e-9, 2e-5, 2.01e-5)] == ["nothing", "0.001 %", "0.002 %", "0.003 %"]


def test_errors_are_pooled_and_not_decibels() -> None:
    assert pooled([(20.0, 1.0), (40.0, 1.0)]) == pytest.approx(22.967, abs=0.001)
    assert pooled([(float("inf"), 1.0)]) == float("inf")
    assert pooled([(30.0, 1.0), (NAN, 0.0)]) == pytest.approx(30)
    assert pooled([]) != pooled([])


def test_the_page_for_people_and_the_figures_for_programs() -> None:
    fill = FillRow("a", 2, 0.01, float("inf"), 20.0, 1.0, 0.8, 1.0, 1.0, 0.0, 0.1)
    rows = tried([attempt(SHIPPED), attempt("0.4")], [count(80, 0), count(81, 1)])
    reel = OwnReel(
        "reel.mkv", 100, ((10, 12),), 1, (0.1, 0.3), 10, 2, False, 3.0, 0.01, rows,
        (mended("dust", "specks", [fill], 0.5),), (advice("dust", rows),),
    )
    text = "\n".join(told(reel))
    for words in ("reel.mkv: 100 frames, of which 2 were judged (10-11)", "10 specks and 2 line scratches",
                  "severity 0.10 to 0.30 (after the 3.0 things", "recommended", "50 s", "--workflow dust", "+inf"):
        assert words in text
    figures = json.loads(json.dumps(plain(reel), allow_nan=False))
    assert figures["mended"][0]["psnr"] is None
    assert figures["tried"][0]["found_frac"] == 0.8
