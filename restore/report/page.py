"""A Summary and a few frames in, report.html out: one file that needs no network, no script and no other file."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from restore.errors import RestoreError
from restore.frames import Picture
from restore.ledger import write_atomic
from restore.report.facts import Summary
from restore.report.markup import Markup, Piece, el, facts, join, section, table
from restore.report.plot import bands, legend, plot, sections
from restore.report.style import sheet
from restore.report.views import Closeup, closeups
from restore.report.words import clock, count, percent, size_of, time_of, verdict
from restore.source import Source
from restore.store import Store

ROWS = 200
"""Most rows of a table; report.json holds the rest."""
POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
ROOMS = {"detect": "finding", "fill": "filling", "blend": "blending", "encode": "encoding", "join": "joining"}


def write_page(store: Store, s: Summary, path: Path, picture_of: Callable[[int], Picture]) -> None:
    """Write the page; `picture_of` gives a decoded frame of the source and is asked for a few only.

    Where the source cannot be read any more the page says so in the pictures' place.
    """
    write_atomic(path, page(store, s, picture_of))


def page(store: Store, s: Summary, picture_of: Callable[[int], Picture]) -> str:
    """Return the page as HTML."""
    said = verdict(s)
    title = f"Restoration report: {Path(s.source.path).name}"
    head = el(
        "head", el("meta", charset="utf-8"), el("meta", name="viewport", content="width=device-width, initial-scale=1"),
        el("meta", http_equiv="Content-Security-Policy", content=POLICY), el("title", title),
        el("style", Markup(sheet())),
    )
    top = el("header", el("p", "Restoration report for ", el("bdi", Path(s.source.path).name), class_="kicker"),
             el("h1", said.headline), *(el("p", line, class_="lede") for line in said.sentences),
             _person(said.urgent))
    parts = (
        _amounts(store.source, s), _pictures(store, s, picture_of), _undecided(store.source, s),
        _faults(store.source, s), _failures(s), _edits(s), _material(s), _proof(store, s), _methods(s),
        _shots(store.source, s),
    )
    body = el("body", top, el("main", *parts), el("footer", *_colophon(s)))
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
                             f"with {count(px, 'pixel')} ({percent(px / area)} of it)."))
    named = [f"{b.label}, px" for b in bands(s)]
    numbers = table("The same in numbers", ["frames", *named], sections(s), range(1, 1 + len(named)))
    marks = [name for name, there in (("short strokes under the plot are cuts", s.cuts),
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


def _pictures(store: Store, s: Summary, picture_of: Callable[[int], Picture]) -> Markup:
    """Show the worst frames; the pictures need the source, which may have gone since."""
    if not s.totals.masked_px:
        return Markup("")
    title = "Largest repairs" if s.totals.frames > 1 else "The largest repair"
    try:
        views = closeups(store, s, picture_of)
    except (RestoreError, OSError) as error:
        return section("pictures", title, el("p", f"The source could not be read for pictures: {error}"))
    about = el("p", "The frames with most repaired pixels, each close up around its largest repair and enlarged "
                    "without smoothing. Outlines tell where each pixel came from; the picture inside is as it was.")
    return section("pictures", title, about, legend(s, sums=False), *(_figure(store.source, s, v) for v in views))


def _figure(source: Source, s: Summary, v: Closeup) -> Markup:
    k = v.frame - s.start
    amounts = ", ".join(f"{b.px[k]:,} {b.label}" for b in bands(s) if b.px[k])
    donors = " (" + ", ".join(f"{o:+d}" for o in v.donors).replace("-", "−") + ")" if v.donors else ""
    amounts = amounts.replace("copied from other frames", f"copied from other frames{donors}")
    caption = el("figcaption", el("h3", f"Frame {v.frame:,}, {time_of(source, v.frame)}"),
                 f"{count(s.series.masked_px[k], 'pixel')}: {amounts}. ",
                 el("span", f"Rows {v.box[0]} to {v.box[2] - 1}, columns {v.box[1]} to {v.box[3] - 1}, "
                            f"{v.scale} times enlarged.", class_="quiet"))
    panels = ((v.before, "before"), (v.mask, "mask, outlined by origin"), (v.after, "after"))
    views = el("div", *(el("div", img, el("span", label)) for img, label in panels), class_="views")
    return el("figure", v.thumb, caption, views, class_="repair")


def _undecided(source: Source, s: Summary) -> Markup:
    if not s.undecided:
        return Markup("")
    rows = [
        (f"{u.frame:,}", time_of(source, u.frame), f"{u.layer}: {u.kind}" if u.kind != u.layer else u.kind,
         f"{u.box[0]}–{u.box[2] - 1}, {u.box[1]}–{u.box[3] - 1}" if len(u.box) == 4 else "",
         f"{u.area_px:,}", f"{u.confidence:.2f}", u.why)
        for u in s.undecided[:ROWS]
    ]
    heads = ("frame", "time", "what", "rows, columns", "area, px", "confidence", "why undecided")
    return section("undecided", "Undecided",
                   el("p", "The program found these and did not dare to call them losses. It left them alone. To have "
                           "one filled, draw it in a mask and import it (", el("code", "lacuna masks import"), ")."),
                   table(_first("find", len(s.undecided)), heads, rows, (4, 5)))


def _first(one: str, total: int) -> str:
    """Return the caption of a table that may not hold all."""
    return f"The first {ROWS:,} of {count(total, one)}; report.json has all" if total > ROWS else count(total, one)


def _faults(source: Source, s: Summary) -> Markup:
    if not s.faults:
        return Markup("")
    rows = [(f"{f.frame:,}", time_of(source, f.frame), f.why) for f in s.faults[:ROWS]]
    return section("faults", "Frames at fault",
                   el("p", "The decoder does not vouch for these frames. They were not searched, not filled, and no "
                           "other frame copied from them."),
                   table(_first("frame", len(s.faults)), ("frame", "time", "what is wrong"), rows))


def _failures(s: Summary) -> Markup:
    if not s.failures:
        return Markup("")
    rows = [(f.step, f.started, f.why) for f in s.failures[:ROWS]]
    return section("failures", "Steps that failed",
                   table(_first("step", len(s.failures)), ("step", "begun", "why"), rows))


def _edits(s: Summary) -> Markup:
    if not s.edits:
        return Markup("")
    rows = [
        (f"{e.number}", e.verb, f"{e.first:,} to {e.last:,} ({count(e.frames, 'frame')})", e.by or "not said",
         e.made, e.note)
        for e in s.edits[:ROWS]
    ]
    return section("edits", "Decided by people",
                   table(_first("edit", len(s.edits)), ("no.", "masks", "frames", "by", "when", "note"), rows))


def _material(s: Summary) -> Markup:
    o = s.source
    source = facts("Source", (
        ("file", el("bdi", o.path)), ("sha256", el("span", o.sha256, class_="hash")), ("bytes", size_of(o.byte_count)),
        ("format", ", ".join(filter(None, (o.container, o.codec)))),
        ("picture", f"{o.width_px} × {o.height_px} pixels, {o.pixels}, {o.depth_bits} bits a sample"),
        ("pixel aspect", o.sample_aspect), ("colour", o.colour), ("fields", o.field_order),
        ("length", f"{count(o.frames, 'frame')}, {clock(o.seconds)}"),
        ("rate", f"{o.rate} frames a second{', variable' if o.variable_rate else ''}"),
        ("other streams", _lines(o.streams)), ("notes", _lines(o.notes)),
    ))
    return section("material", "Source and output", source, _output(s))


def _output(s: Summary) -> Markup:
    if (o := s.output) is None:
        return el("p", "There is no output yet.")
    whole = o.stop - o.start == s.source.frames
    held = "all frames" if whole else f"frames {o.start:,} to {o.stop - 1:,} of the source"
    return facts("Output", (
        ("file", el("bdi", o.path)), ("bytes", size_of(o.byte_count)), ("holds", held), ("encoder", o.encoder),
        ("samples", "kept exactly (lossless)" if o.lossless else "altered by the encoder (lossy)"),
        ("joined", o.started), ("notes", _lines(o.notes)),
    ))


def _lines(lines: tuple[str, ...]) -> Piece:
    return el("span", *(join((line, el("br"))) for line in lines)) if lines else ""


def _proof(store: Store, s: Summary) -> Markup:
    out = s.output.path if s.output else "OUTPUT"
    command = shlex.join(["lacuna", "verify", s.source.path, out, "--project", str(store.folder)])
    return section(
        "proof", "Proof, and what this is not",
        el("p", "This page reports what the program wrote down while it worked. It is not itself a proof. The proof "
                "that nothing outside the repairs was changed is made by decoding both files again and comparing "
                "every sample; anyone who holds the two files and the project can repeat it:"),
        el("pre", command), _verified(store.folder / "verify.json"),
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


def _verified(path: Path) -> Markup:
    """Show the record that `lacuna verify` left, as it stands; its fields are its own affair."""
    if not path.is_file():
        return el("p", "No comparison has been recorded in the project yet.", class_="quiet")
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        rows = [(str(k).replace("_", " "), _value(v)) for k, v in record.items()]
    except (OSError, ValueError, AttributeError) as error:
        return el("p", f"The project's record of a comparison, {path}, cannot be read: {error}")
    return facts("The last comparison, as recorded in the project", rows)


def _value(value: Any) -> Piece:
    if isinstance(value, bool) or value is None:
        return {True: "yes", False: "no", None: ""}[value]
    if isinstance(value, int):
        return f"{value:,}"
    written = value if isinstance(value, str) else json.dumps(value)
    return written if len(written) <= 400 else f"{written[:400]}… ({len(value):,} in all)"


def _methods(s: Summary) -> Markup:
    pieces: list[Piece] = []
    if s.layers:
        rows = [(la.name, f"{la.frames:,}", f"{la.masked_px:,}", f"{la.confirmed:,}", f"{la.undecided:,}")
                for la in s.layers]
        pieces.append(table("What each detector found, before edits; detectors may overlap",
                            ("detector", "frames", "pixels", "finds", "undecided"), rows, (1, 2, 3, 4)))
    if s.parts:
        rows = [(ROOMS.get(p.room, p.room), el("bdi", p.name), p.version,
                 ", ".join(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in p.params.items()) or "none",
                 el("span", p.code or "the program's own", class_="hash" if p.code else None)) for p in s.parts]
        pieces.append(table("Parts that had a say, exactly as they worked",
                            ("for", "part", "version", "parameters", "code"), rows))
    if s.stages:
        rows = [(ROOMS.get(d.stage, d.stage), f"{d.frames:,} of {s.totals.frames:,}", f"{d.steps:,}",
                 f"{d.failed:,}", clock(d.seconds)) for d in s.stages]
        pieces.append(table("How far each stage has come, and the time its steps took, added up",
                            ("stage", "frames", "steps", "failed", "time"), rows, (1, 2, 3, 4)))
    if s.recipe:
        pieces += [el("h3", "The recipe, with every default"), el("pre", s.recipe)]
    pieces.append(facts("Versions and digests", (
        ("recipe sha256", el("span", s.recipe_sha256, class_="hash") if s.recipe_sha256 else ""),
        ("ledger", el("span", s.ledger_digest, class_="hash")), ("program", _lines(s.code)),
        ("machines", _lines(s.hosts)), ("first step", s.first_started), ("last step", s.last_started),
    )))
    return section("methods", "How it was done", *pieces)


def _shots(source: Source, s: Summary) -> Markup:
    if s.totals.frames < 2 or not s.stages:
        return Markup("")
    if not s.cuts:
        return section("shots", "Shots", el("p", "No cut was found: one shot throughout."))
    rows = [(f"{t:,}", time_of(source, t)) for t in s.cuts[:ROWS]]
    return section("shots", "Shots", el("p", "No pixel is ever copied across a cut."),
                   table(_first("cut", len(s.cuts)), ("first frame of a shot", "time"), rows))


def _colophon(s: Summary) -> Iterator[Markup]:
    yield el("p", "Frames and pixels are counted from 0; pixels are counted on the grid of the picture's brightness. "
                  "report.json, beside this page, holds every number here and the record of every step.")
