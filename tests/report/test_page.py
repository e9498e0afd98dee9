from __future__ import annotations

import json
import re
import time
from collections.abc import Mapping
from html.parser import HTMLParser
from pathlib import Path

import cv2
import numpy as np
import pytest

from restore.errors import SourceError
from restore.frames import DONOR, Bits, Patch, Picture
from restore.report import write_report
from restore.report.markup import VOID
from restore.report.record import ROWS
from restore.report.summary import summarise
from restore.report.views import DOUBTS, LEAST_SIDE_PX, SHOWN_PX
from restore.source import PixelFormat, Source
from restore.span import Span
from tests.report.projects import HARMONIC, Project, patch_of, picture_of, project, put, source_of

BAD = "</style><script>alert(1)</script> \"'&<img src=x onerror=y> \u202egpj.\udcff\x00"


class Walk(HTMLParser):
    """Checks that every element closes where it should, and gathers what there is."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"<{tag}> has an attribute twice"
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"</{tag}> closes nothing"
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if "style" not in self.open:
            self.text.append(data)

    def having(self, tag: str) -> list[dict[str, str | None]]:
        return [attrs for name, attrs in self.tags if name == tag]


def walk(html: str) -> Walk:
    walked = Walk()
    walked.feed(html)
    walked.close()
    assert walked.open == []
    return walked


def report(made: Project, folder: Path) -> tuple[str, Walk, str]:
    """Return a project's page as HTML, walked, and as plain words."""
    _, path = write_report(made.store, folder, picture_of(made.store.source))
    html = path.read_text(encoding="utf-8")
    walked = walk(html)
    return html, walked, " ".join(" ".join(walked.text).split())


def repaired(folder: Path, source: Source, left: int = 0) -> Project:
    """Return a finished project with one copied blot of 10 x 8 in frame 2, and one made up of 6 x 6 in frame 5."""
    made = project(folder, source)
    blot, speck = np.zeros(source.size, bool), np.zeros(source.size, bool)
    blot[20:30, 32:40] = True  # on every chroma grid, so that no colour changes outside it
    speck[40:46, 50:56] = True
    masks: Mapping[int, Bits] = {2: blot, 5: speck}
    patches: Mapping[int, Patch] = {
        2: patch_of(source, 2, blot, DONOR), 5: patch_of(source, 5, speck, HARMONIC),
    }
    for span in made.spans():
        put(made, masks, patches, span)
    made.finish({
        2: {"donors": 80, "unfilled": left, "rows": 0, "harmonic": 0},
        5: {"donors": 0, "unfilled": 0, "rows": 0, "harmonic": 36},
    })
    return made


@pytest.fixture(params=[
    PixelFormat("yuv420p", "yuv", 8, 1, 1), PixelFormat("gray12le", "grey", 12, full_range=True),
    PixelFormat("gbrap16le", "rgb", 16, alpha=True), PixelFormat("yuv411p", "yuv", 8, 0, 2),
], ids=lambda p: p.name)
def source(request: pytest.FixtureRequest) -> Source:
    return source_of(8, pixels=request.param)


def test_the_page_is_one_file_that_needs_no_other(tmp_path: Path, source: Source) -> None:
    html, walked, _ = report(repaired(tmp_path / "p", source), tmp_path)
    links = [a[k] for _, a in walked.tags for k in ("src", "href", "data", "action", "srcset", "poster") if k in a]
    assert links
    assert all(str(link).startswith("data:image/") for link in links)
    assert not {"script", "link", "iframe", "object", "embed", "form"} & {tag for tag, _ in walked.tags}
    assert "@import" not in html
    assert re.findall(r"url\((?!#)", html) == []
    policies = [a["content"] for a in walked.having("meta") if a.get("http-equiv") == "Content-Security-Policy"]
    assert policies[0] is not None
    assert policies[0].startswith("default-src 'none'")


def test_the_page_can_be_heard_as_well_as_seen(tmp_path: Path) -> None:
    _, walked, _ = report(repaired(tmp_path / "p", source_of(8)), tmp_path)
    assert walked.having("html")[0]["lang"] == "en"
    assert len(walked.having("h1")) == 1
    assert all(a.get("alt") for a in walked.having("img"))
    tables = [tag for tag, _ in walked.tags]
    assert tables.count("table") == tables.count("caption") > 0
    assert all(a.get("scope") in ("row", "col") for a in walked.having("th"))
    ids = {a["id"] for _, a in walked.tags if "id" in a}
    named = [name for _, a in walked.tags for name in str(a.get("aria-labelledby", "")).split()]
    assert set(named) <= ids
    assert all({"title", "desc"} <= {t for t, _ in walked.tags} for _ in walked.having("svg"))


def test_the_numbers_are_the_ledgers(tmp_path: Path) -> None:
    made = repaired(tmp_path / "p", source_of(8), left=7)
    _, _, words = report(made, tmp_path)
    total = 8 * 64 * 96
    assert f"{100 * 116 / total:.2f} % of the picture was repaired, in 2 of 8 frames." in words
    assert "Of 116 repaired pixels, 80 (69.0 %) were copied" in words
    assert "36 (31.0 %) were made up: 36 by a smooth membrane across the hole (harmonic)" in words
    assert "7 pixels wanted filling and could not be filled" in words
    assert "12,345,678 bytes" in words
    assert "9,876,543 bytes" in words
    assert summarise(made.store).ledger_digest in words
    assert summarise(made.store).recipe_sha256 in words


def test_close_ups_show_before_mask_and_after(tmp_path: Path, source: Source) -> None:
    _, walked, words = report(repaired(tmp_path / "p", source), tmp_path)
    alts = [str(a["alt"]) for a in walked.having("img")]
    assert [alt.split(":")[0] for alt in alts] == [
        *("Whole of frame 2; the close-up is framed", "Before", "Mask", "After"),
        *("Whole of frame 5; the close-up is framed", "Before", "Mask", "After"),
    ]
    before, mask, after = (decoded(walked, k) for k in (1, 2, 3))
    assert before.shape == mask.shape == after.shape
    changed = (before != after).any(-1)
    assert changed.any()
    assert np.array_equal(mask[changed], before[changed]), "the picture under the mask stays to be seen"
    drawn = (before != mask).any(-1)
    assert drawn.any()
    scale = SHOWN_PX // (LEAST_SIDE_PX + 1)
    assert int(changed.sum()) >= 80 * scale**2 * 0.9
    assert "copied from other frames (−1)" in words


def decoded(walked: Walk, k: int) -> np.ndarray:
    import base64

    data = base64.b64decode(str(walked.having("img")[k]["src"]).partition(",")[2])
    return cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)


def test_an_empty_project_is_glad(tmp_path: Path) -> None:
    made = project(tmp_path / "p", source_of(8))
    made.finish({})
    _, walked, words = report(made, tmp_path)
    assert "Nothing here needed repair." in words
    assert "All 8 frames were searched, and no loss was found. Every sample is passed on exactly as it came." in words
    assert "For a person to look at" not in words
    assert walked.having("svg") == []
    assert walked.having("img") == []


def test_what_people_took_out_again_is_not_called_sound(tmp_path: Path) -> None:
    made = project(tmp_path / "p", source_of(8))
    made.finish({}, masked_px={"dirt": {"0": 12}})
    _, _, words = report(made, tmp_path)
    assert "Nothing was changed." in words
    assert "taken out of the masks again by people" in words
    assert "needed repair" not in words


def test_a_photograph_has_no_plot(tmp_path: Path) -> None:
    source = source_of(1)
    made = project(tmp_path / "p", source, grid=1)
    mask = np.zeros(source.size, bool)
    mask[10:20, 10:20] = True
    put(made, {0: mask}, {0: patch_of(source, 0, mask, HARMONIC)}, Span(0, 1))
    made.finish({0: {"donors": 0, "unfilled": 0, "rows": 0, "harmonic": 100}})
    _, walked, words = report(made, tmp_path)
    assert "1.6 % of the picture was repaired." in words
    assert walked.having("svg") == []
    assert len(walked.having("img")) == 4


def test_an_unfinished_project_says_so(tmp_path: Path) -> None:
    made = project(tmp_path / "p", source_of(12))
    made.detect(Span(0, 4), {1: 95})
    made.fill(Span(0, 4), {})
    made.stamp("fill", Span(4, 8), failed="PartError: broken <b>", started="2026-11-21T12:00:00+00:00")
    _, walked, words = report(made, tmp_path)
    assert "Unfinished: repairs are settled for 4 of 12 frames." in words
    assert "4 of 12 frames have been searched so far." in words
    assert "1 step failed" in words
    assert "PartError: broken <b>" in words
    assert "There is no output yet." in words
    assert any(a.get("class") == "open" for a in walked.having("rect"))


def test_nothing_begun_is_said_too(tmp_path: Path) -> None:
    _, _, words = report(project(tmp_path / "p", source_of(3)), tmp_path)
    assert "Nothing has been done yet." in words


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    made = project(tmp_path / "p", source_of(8, path=f"/in/{BAD}"))
    made.finish({2: {"donors": 3, "unfilled": 0, "<b>evil</b>.py": 4}},
                faults={"1": BAD}, objects={BAD: [{
                    "frame": 0, "kind": BAD, "box": [0, 0, 1, 1], "area_px": 1, "confidence": 0.5,
                    "status": "undecided", "why": BAD}]})
    made.join(Span(0, 8), output=f"/out/{BAD}", notes=[BAD])
    html, walked, words = report(made, tmp_path)
    assert "script" not in {tag for tag, _ in walked.tags}
    assert not any("onerror" in a for _, a in walked.tags)
    assert "<script>alert(1)" in words
    assert "\\u202egpj.\\udcff\\x00" in words, "what cannot be seen shows as its code"
    assert "\u202e" not in html
    assert "made up by <b>evil</b>.py" in words


def test_a_lost_source_is_named_in_the_pictures_place(tmp_path: Path) -> None:
    made = repaired(tmp_path / "p", source_of(8))

    def gone(t: int) -> Picture:
        raise SourceError("reel.mkv is not there any more")

    _, path = write_report(made.store, tmp_path, gone)
    assert "reel.mkv is not there any more" in path.read_text()


PROOF = {
    "verdict": "identical outside the mask", "frames": 1234567, "first_violation": None, "lossless": True,
    "digests": [{"frame": t, "source_md5": "a" * 32, "output_md5": "b" * 32} for t in range(50)],
}


def test_a_recorded_comparison_is_shown(tmp_path: Path) -> None:
    made = repaired(tmp_path / "p", source_of(8))
    assert "No comparison has been recorded" in report(made, tmp_path)[2]
    (made.store.folder / "verify.json").write_text(json.dumps(PROOF))
    _, _, words = report(made, tmp_path)
    assert "1,234,567" in words
    assert "Source and output were compared afterwards: outside the repairs no sample was changed." in words
    assert "50 entries in verify.json" in words


def test_a_violated_proof_comes_first(tmp_path: Path) -> None:
    made = repaired(tmp_path / "p", source_of(8))
    (made.store.folder / "verify.json").write_text(json.dumps(PROOF | {"verdict": "violated"}))
    _, _, words = report(made, tmp_path)
    assert words.index("Do not use this output") < words.index("How much")
    assert "no sample was changed" not in words


def test_a_comparison_older_than_the_output_proves_nothing(tmp_path: Path) -> None:
    made = repaired(tmp_path / "p", source_of(8))
    path = made.store.folder / "verify.json"
    path.write_text(json.dumps(PROOF))
    made.join(Span(0, 8), output_ns=path.stat().st_mtime_ns + 1)
    _, _, words = report(made, tmp_path)
    assert "older than the output" in words
    assert "no sample was changed" not in words


@pytest.mark.parametrize(("compared", "counts"), [
    ("/out/clean.mkv", True), ("clean.mkv", True), ("../clean.mkv", True), ("/out/other.mkv", False),
    ("other.mkv", False), ("/clean.mkv", False),
])
def test_a_comparison_of_another_file_proves_nothing(tmp_path: Path, compared: str, counts: bool) -> None:
    made = repaired(tmp_path / "p", source_of(8))
    (made.store.folder / "verify.json").write_text(json.dumps(PROOF | {"output": compared}))
    _, _, words = report(made, tmp_path)
    assert ("outside the repairs no sample was changed" in words) == counts
    assert ("is of another file" in words) != counts


@pytest.mark.parametrize("record", ["{", "[1]", "null"])
def test_a_damaged_comparison_is_named(tmp_path: Path, record: str) -> None:
    made = repaired(tmp_path / "p", source_of(8))
    (made.store.folder / "verify.json").write_text(record)
    assert "verify.json, cannot be read" in report(made, tmp_path)[2]


def test_tables_stop_and_say_so(tmp_path: Path) -> None:
    def objects(span: Span) -> dict[str, list[dict[str, object]]]:
        return {"dirt": [
            {"frame": t, "kind": "dirt", "box": [0, 0, 1, 1], "area_px": 1, "confidence": 0.5, "status": "undecided",
             "why": f"doubt {t}.{k}."} for t in span for k in range(40)
        ]}

    made = project(tmp_path / "p", source_of(8))
    made.finish({}, objects=objects)
    html, walked, words = report(made, tmp_path)
    assert f"The likeliest {ROWS} of 320 finds; report.json has all" in words
    assert html.count("<td>doubt ") == ROWS
    pictures = [a for a in walked.having("img") if str(a["alt"]).startswith("Undecided dirt in frame")]
    assert len(pictures) == DOUBTS
    assert "Nothing was changed." in words
    assert "320 finds (320 dirt) could not be decided" in words


def test_a_lossy_output_is_called_lossy(tmp_path: Path) -> None:
    made = repaired(tmp_path / "p", source_of(8))
    made.join(Span(0, 8), lossless=False)
    _, _, words = report(made, tmp_path)
    assert "ends at the encoder" in words
    assert "altered by the encoder (lossy)" in words


def test_the_same_project_gives_the_same_page(tmp_path: Path) -> None:
    made = repaired(tmp_path / "p", source_of(8))
    assert report(made, tmp_path / "a")[0] == report(made, tmp_path / "b")[0]


def test_a_long_film_gives_a_small_page_quickly(tmp_path: Path) -> None:
    frames = 100_000
    source = source_of(frames, size=(4, 6))
    made = project(tmp_path / "p", source, grid=500)
    pixels = {t: {"donors": 1 + t % 5, "unfilled": t % 2, "rows": t % 3, "harmonic": 0} for t in range(frames)}
    made.finish(pixels, cuts=lambda span: [t for t in span if t % 70 == 0])
    begun = time.process_time()
    html, walked, words = report(made, tmp_path)
    assert time.process_time() - begun < 20
    assert len(html) < 1_000_000
    assert f"{sum(c['donors'] for c in pixels.values()):,}" in words
    assert len(walked.having("tr")) < 400
