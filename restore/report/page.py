"""A Summary and a few frames in, report.html out: one file that needs no network, no script and no other file."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterator
from pathlib import Path

from restore.errors import RestoreError
from restore.frames import Picture
from restore.ledger import write_atomic
from restore.report import record
from restore.report.comparison import Comparison, comparison, shown
from restore.report.facts import Summary
from restore.report.markup import Markup, Piece, el, section, table
from restore.report.plot import bands, beyond, legend, plot, sections
from restore.report.style import sheet
from restore.report.views import Closeup, Doubt, closeups, doubtful
from restore.report.words import percent, time_of, verdict
from restore.source import Source
from restore.store import Store
from restore.written import counted

POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def write_page(store: Store, s: Summary, path: Path, picture_of: Callable[[int], Picture]) -> None:
    """Write the page; `picture_of` gives a decoded frame of the source and is asked for a few only.

    Where the source cannot be read any more the page says so in the pictures' place.
    """
    write_atomic(path, page(store, s, picture_of))


def page(store: Store, s: Summary, picture_of: Callable[[int], Picture]) -> str:
    """Return the page as HTML."""
    compared = comparison(s, store.folder / "verify.json")
    said = verdict(s, compared.state)
    title = f"Restoration report: {Path(s.source.path).name}"
    head = el(
        "head", el("meta", charset="utf-8"), el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY), el("title", title),
        el("style", Markup(sheet())),
    )
    top = el("header", el("p", "Restoration report for ", el("bdi", Path(s.source.path).name), class_="kicker"),
             el("h1", said.headline), *(el("p", line, class_="lede") for line in said.sentences),
             _person(said.urgent))
    repairs, doubts = _pictures(store, s, picture_of)
    film = store.source
    parts = (
        _amounts(film, s), repairs, record.undecided(film, s, doubts), record.faults(film, s), record.failures(s),
        record.edits(s), record.material(s), _proof(store, s, compared), record.self_test(s),
        record.tuning(s), record.methods(s), record.shots(film, s),
    )
    body = el("body", top, el("main", *parts), el("footer", *_colophon()))
    return "<!DOCTYPE html>\n" + el("html", head, body, lang="en") + "\n"


def _person(urgent: tuple[str, ...]) -> Markup:
    if not urgent:
        return Markup("")
    return el("div", el("h2", "For a person to look at"), el("ul", *(el("li", line) for line in urgent)),
              class_="person")


def _amounts(source: Source, s: Summary) -> Markup:
    if not s.totals.masked_px and s.totals.frames_filled == s.totals.frames:
        return Markup("")
    worst = max(range(s.totals.frames), key=lambda k: s.series.masked_px[k], default=0)
    area = s.source.height_px * s.source.width_px
    lines: list[Piece] = []
    if s.totals.masked_px:
        px = s.series.masked_px[worst]
        lines.append(el("p", f"The most in one frame: frame {s.start + worst:,} at {time_of(source, s.start + worst)}, "
                             f"with {counted(px, 'pixel')} ({percent(px / area)} of it)."))
    named = [f"{b.label}, px" for b in bands(s)]
    numbers = table("The same in numbers", ["frames", *named], sections(s), range(1, 1 + len(named)))
    highest = beyond(s)
    marks = [name for name, there in ((f"columns with an arrow go beyond the plot, up to {percent(highest)}", highest),
                                      ("short strokes under the plot are cuts", s.cuts),
                                      ("crosses are frames at fault", s.faults),
                                      ("wide hatching is still to be done", s.totals.frames_filled < s.totals.frames),
                                      ) if there]
    caption = f"Part of the picture repaired, frame by frame. {_sentence(marks)}"
    drawing = el("figure", el("figcaption", caption, class_="quiet"), plot(s), legend(s)) if s.totals.frames > 1 \
        else legend(s)
    return section("how-much", "How much", drawing, *lines, numbers if s.totals.masked_px else "")


def _sentence(pieces: list[str]) -> str:
    said = "; ".join(pieces)
    return f"{said[:1].upper()}{said[1:]}." if said else ""


def _pictures(store: Store, s: Summary, picture_of: Callable[[int], Picture]) -> tuple[Markup, Markup]:
    """Return the largest repairs, and views of what is undecided; both need the source, which may have gone since."""
    title = "Largest repairs" if s.totals.frames > 1 else "The largest repair"
    try:
        repairs, doubts = closeups(store, s, picture_of), doubtful(store.source, s, picture_of)
    except (RestoreError, OSError) as error:
        return section("pictures", title, el("p", f"The source could not be read for pictures: {error}")), Markup("")
    doubted = el("div", *(_doubt(store.source, d) for d in doubts), class_="doubts") if doubts else Markup("")
    if not repairs:
        return Markup(""), doubted
    about = el("p", "The frames with most repaired pixels, each close up around its largest repair and enlarged "
                    "without smoothing. Outlines tell where each pixel came from; the picture inside is as it was.")
    figures = (_figure(store.source, s, v) for v in repairs)
    return section("pictures", title, about, legend(s, sums=False), *figures), doubted


def _doubt(source: Source, d: Doubt) -> Markup:
    f = d.find
    caption = el("figcaption", el("h3", f"Frame {f.frame:,}, {f.kind}"), f"{time_of(source, f.frame)}. {f.why}")
    return el("figure", d.view, caption)


def _figure(source: Source, s: Summary, v: Closeup) -> Markup:
    k = v.frame - s.start
    amounts = ", ".join(f"{b.px[k]:,} {b.label}" for b in bands(s) if b.px[k])
    donors = " (" + ", ".join(f"{o:+d}" for o in v.donors).replace("-", "−") + ")" if v.donors else ""
    amounts = amounts.replace("copied from other frames", f"copied from other frames{donors}")
    caption = el("figcaption", el("h3", f"Frame {v.frame:,}, {time_of(source, v.frame)}"),
                 f"{counted(s.series.masked_px[k], 'pixel')}: {amounts}. ",
                 el("span", f"Rows {v.box[0]} to {v.box[2] - 1}, columns {v.box[1]} to {v.box[3] - 1}, "
                            f"{v.scale} times enlarged.", class_="quiet"))
    panels = ((v.before, "before"), (v.mask, "mask, outlined by origin"), (v.after, "after"))
    views = el("div", *(el("div", img, el("span", label)) for img, label in panels), class_="views")
    return el("figure", v.thumb, caption, views, class_="repair")


def _proof(store: Store, s: Summary, compared: Comparison) -> Markup:
    out = s.output.path if s.output else "OUTPUT"
    command = shlex.join(["lacuna", "verify", s.source.path, out, "--project", str(store.folder)])
    return section(
        "proof", "Proof, and what this is not",
        el("p", "This page reports what the program wrote down while it worked. It is not itself a proof. The proof "
                "that nothing outside the repairs was changed is made by decoding both files again and comparing "
                "every sample; anyone who holds the two files and the project can repeat it:"),
        el("pre", command), shown(compared),
        el("p", "The comparison leaves out the repaired pixels, and with reduced colour resolution those colour "
                "samples that lie under at least one repaired pixel."),
        *(el("p", line) for line in _limits(s)),
    )


def _limits(s: Summary) -> Iterator[str]:
    if s.totals.donors_px:
        yield ("Copied pixels are real picture from another moment of the same shot, moved along the motion, matched "
               "in tone and settled in time and grain. They are evidence of what was there, not the lost samples.")
    if s.totals.invented_px:
        names = ", ".join(a.name for a in s.totals.invented)
        yield f"Pixels made up (by {names}) are plausible and nothing more. They are no evidence of what was there."
    if s.invent is False:
        yield "The recipe forbade making anything up (policy.invent = false)."
    yield "This is not a diagnostic device. Nothing it has filled may be used to judge a patient, a person or an event."


def _colophon() -> Iterator[Markup]:
    yield el("p", "Frames and pixels are counted from 0; pixels are counted on the grid of the picture's brightness. "
                  "report.json, beside this page, holds every number here and the record of every step.")
