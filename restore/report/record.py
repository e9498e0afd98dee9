"""A Summary in, the sections of the page that are tables out: doubts, faults, edits, material, methods, shots."""

from __future__ import annotations

import json

from restore.report.facts import Layer, Summary
from restore.report.markup import Markup, Piece, el, facts, join, section, table
from restore.report.words import clock, likeliest, size_of, time_of
from restore.source import Source
from restore.written import counted

ROWS = 200
"""Most rows of a table; report.json holds the rest."""
ROOMS = {"detect": "finding", "fill": "filling", "blend": "blending", "encode": "encoding", "join": "joining"}


def undecided(source: Source, s: Summary, *views: Markup) -> Markup:
    """Return the finds that the program did not decide; `views` are pictures of some of them."""
    if not s.undecided:
        return Markup("")
    rows = [
        (f"{u.frame:,}", time_of(source, u.frame), f"{u.layer}: {u.kind}" if u.kind != u.layer else u.kind,
         f"{u.box[0]}–{u.box[2] - 1}, {u.box[1]}–{u.box[3] - 1}" if len(u.box) == 4 else "",
         f"{u.area_px:,}", f"{u.confidence:.2f}", u.id, u.why)
        for u in likeliest(s.undecided, ROWS)
    ]
    heads = ("frame", "time", "what", "rows, columns", "area, px", "confidence", "id", "why undecided")
    about = el("p", "The program found these and did not dare to call them losses. It left them alone. To have one "
                    "filled, accept it by its id (", el("code", "lacuna defects PROJECT --accept ID"), ").")
    caption = _first("find", len(s.undecided)).replace("The first", "The likeliest")
    return section("undecided", "Undecided", about, *views,
                   el("div", table(caption, heads, rows, (4, 5)), class_="tall"))


def _first(one: str, total: int) -> str:
    """Return the caption of a table that may not hold all."""
    return f"The first {ROWS:,} of {counted(total, one)}; report.json has all" if total > ROWS else counted(total, one)


def faults(source: Source, s: Summary) -> Markup:
    """Return the frames that did not decode soundly."""
    if not s.faults:
        return Markup("")
    rows = [(f"{f.frame:,}", time_of(source, f.frame), f.why) for f in s.faults[:ROWS]]
    return section("faults", "Frames at fault",
                   el("p", "The decoder does not vouch for these frames. They were not searched, not filled, and no "
                           "other frame copied from them."),
                   table(_first("frame", len(s.faults)), ("frame", "time", "what is wrong"), rows))


def failures(s: Summary) -> Markup:
    """Return the steps that failed, and why."""
    if not s.failures:
        return Markup("")
    rows = [(f.step, f.started, f.why) for f in s.failures[:ROWS]]
    return section("failures", "Steps that failed",
                   table(_first("step", len(s.failures)), ("step", "begun", "why"), rows))


def edits(s: Summary) -> Markup:
    """Return what people decided."""
    if not s.edits:
        return Markup("")
    rows = [
        (f"{e.number}", e.verb, f"{e.first:,} to {e.last:,} ({counted(e.frames, 'frame')})", e.by or "not said",
         e.made, e.note)
        for e in s.edits[:ROWS]
    ]
    return section("edits", "Decided by people",
                   table(_first("edit", len(s.edits)), ("no.", "masks", "frames", "by", "when", "note"), rows))


def material(s: Summary) -> Markup:
    """Return what the source is and what the output is."""
    o = s.source
    source = facts("Source", (
        ("file", el("bdi", o.path)), ("sha256", el("span", o.sha256, class_="hash")), ("bytes", size_of(o.byte_count)),
        ("format", ", ".join(filter(None, (o.container, o.codec)))),
        ("picture", f"{o.width_px} × {o.height_px} pixels, {o.pixels}, {o.depth_bits} bits a sample"),
        ("pixel aspect", o.sample_aspect), ("colour", o.colour), ("fields", o.field_order),
        ("length", f"{counted(o.frames, 'frame')}, {clock(o.seconds)}"),
        ("rate", f"{o.rate} frames a second{', variable' if o.variable_rate else ''}"),
        ("other streams", lines(o.streams)), ("notes", lines(o.notes)),
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
        ("joined", o.started), ("notes", lines(o.notes)),
    ))


def lines(said: tuple[str, ...]) -> Piece:
    """Return lines one below the other."""
    return el("span", *(join((line, el("br"))) for line in said)) if said else ""


def methods(s: Summary) -> Markup:
    """Return what found what, every part with its parameters, the recipe, versions and digests."""
    pieces: list[Piece] = []
    if s.layers:
        rows = [(la.name, f"{la.frames:,}", f"{la.masked_px:,}", _finds(la), f"{la.undecided:,}") for la in s.layers]
        pieces.append(table("What each detector found, before edits; detectors may overlap",
                            ("detector", "frames", "pixels", "finds", "undecided"), rows, (1, 2, 3, 4)))
    if s.parts:
        rows = [(ROOMS.get(p.room, p.room), el("bdi", p.name), p.version,
                 ", ".join(f"{k} = {json.dumps(v, ensure_ascii=False)}" for k, v in p.params.items()) or "none",
                 el("span", p.code or "built in", class_="hash" if p.code else None)) for p in s.parts]
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
        ("ledger", el("span", s.ledger_digest, class_="hash")), ("program", lines(s.code)),
        ("machines", lines(s.hosts)), ("first step", s.first_started), ("last step", s.last_started),
    )))
    return section("methods", "How it was done", *pieces)


def _finds(la: Layer) -> str:
    """Return how many finds a layer has, kind by kind where they are of several or of another name."""
    if [kind for kind, _ in la.kinds] in ([], [la.name]):
        return f"{la.confirmed:,}"
    return ", ".join(f"{n:,} {kind}" for kind, n in la.kinds)


def self_test(s: Summary) -> Markup:
    """Return what the benchmark on this reel said."""
    if (test := s.self_test) is None:
        return Markup("")
    about = el("p", f"On {test.made} known damage was planted, in memory, on frames of this reel where it looks clean, "
                    f"and each recipe had to find and fill it: {test.planted}.")
    said = el("ul", *(el("li", " ".join(lines)) for lines in test.advice))
    return section(
        "self-test", "How well this reel does", about, said,
        table("Finding: what each setting found of the planted damage, and touches of the reel as it is",
              test.finding[0], test.finding[1:], range(2, 8)),
        table("Filling: the planted damage, against the reel's own pixels", test.filling[0], test.filling[1:],
              range(2, 8)),
    )


def tuning(s: Summary) -> Markup:
    """Return what tuning to this film came to."""
    if (t := s.tuning) is None:
        return Markup("")
    about = el("p", f"On {t.made} the filler thin learnt from this film's own clean areas, {counted(t.steps, 'step')} "
                    f"in {clock(t.seconds)}. Judged on frames and places that it did not learn from, it was "
                    f"{'kept' if t.kept else 'refused'}: {t.why}.")
    return section(
        "tuning", "Tuned to this film", about,
        table("Planted holes, against the film's own pixels", ("filled by", "dB"),
              [(name, f"{v:.2f}") for name, v in t.psnr], (1,)),
        facts("What it was made from", (
            ("seed", str(t.seed)), ("data sha256", el("span", t.data, class_="hash")),
            ("weights kept", el("span", t.in_force, class_="hash") if t.in_force else "none"),
        )),
    )


def shots(source: Source, s: Summary) -> Markup:
    """Return where shots begin."""
    if s.totals.frames < 2 or not s.stages:
        return Markup("")
    if not s.cuts:
        return section("shots", "Shots", el("p", "No cut was found: one shot throughout."))
    rows = [(f"{t:,}", time_of(source, t)) for t in s.cuts[:ROWS]]
    return section("shots", "Shots", el("p", "No pixel is ever copied across a cut."),
                   table(_first("cut", len(s.cuts)), ("first frame of a shot", "time"), rows))
