"""The command line, `lacuna`: the only module that prints and exits."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from restore import __version__, recipe
from restore.errors import RestoreError
from restore.parts import names as part_names
from restore.parts import nearest
from restore.sensitivity import STEPS
from restore.written import counted, frame_range, frame_rate, size_bytes

if TYPE_CHECKING:
    from restore.restoration import Prepared, Wish

F = TypeVar("F", bound=Callable[..., Any])
INTERRUPTED, FAILED = 130, 1


class Written(click.ParamType[Any]):
    """A value as people write it, read by one of the functions of `restore.written`."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        """Take the name that help shows, and what reads the text or raises ValueError."""
        self.name, self.read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what was meant."""
        try:
            return self.read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SIZE, FRAMES, RATE = Written("size", size_bytes), Written("A:B", frame_range), Written("rate", frame_rate)
FOLDER, THING = click.Path(path_type=Path, file_okay=False), click.Path(path_type=Path)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="lacuna")
def lacuna() -> None:
    """Restore damaged film, video and stills.

    Finds scratches and dirt, fills them with real pixels of neighbouring frames first, and leaves every other sample
    of the file exactly as it was. What was done is kept beside the output, pixel by pixel, in OUTPUT.lacuna.

    \b
    Examples:
      lacuna run reel.mkv -o clean.mkv
      lacuna run scans/ -o clean/ --rate 18
      lacuna verify reel.mkv clean.mkv --project clean.mkv.lacuna
    """


def wishing(command: F) -> F:
    """Give a command the source, the output and the options that say what is to be done, joined into a Wish."""
    options = [
        click.argument("source"),
        click.option("-o", "--output", required=True, help="What to write: .mkv .mov .mp4, a folder, a picture."),
        click.option("--workflow", default="", help="Name of a recipe (see `workflows list`) or a TOML file. [film]"),
        click.option("--project", default="", help="Where the work is kept. [OUTPUT.lacuna]"),
        click.option("--masks", default="", help="Folder of PNG masks (white = fill): fill those, detect nothing."),
        click.option("--sensitivity", type=click.Choice(STEPS), default=None, help="How much finding dares. [normal]"),
        click.option("--set", "settings", multiple=True, metavar="PART.FIELD=VALUE", help="Change one recipe value."),
        click.option("--frames", type=FRAMES, help="Only frames A to B-1, as an excerpt without sound."),
        click.option("--until", type=click.Choice(["detect", "fill", "blend", "encode"]), help="Stop after a stage."),
        click.option("--rate", type=RATE, help="Frames a second of an image sequence: 18, 24000/1001. [24]"),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
                     help="What to compute on."),
        click.option("--workers", type=click.IntRange(0), default=0, help="Processes here; 0 works in this one."),
        click.option("--scheduler", default="", metavar="ADDR", help="An existing Dask cluster, tcp://host:port."),
        click.option("--memory", type=SIZE, help="Most memory to use, e.g. 8G. [three quarters of the machine]"),
        click.option("--overwrite", is_flag=True, help="Replace an output that exists."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs."),
    ]

    @functools.wraps(command)
    def with_wish(as_json: bool, **words: Any) -> None:
        from restore.restoration import Wish

        words["until"], words["sensitivity"] = words["until"] or "join", words["sensitivity"] or ""
        words["memory_bytes"] = words.pop("memory")
        command(Wish(**words), as_json)

    return functools.reduce(lambda f, option: option(f), reversed(options), with_wish)  # type: ignore[return-value]


@lacuna.command()
@wishing
def run(wish: Wish, as_json: bool) -> None:
    """Restore SOURCE into OUTPUT.

    Stop it with Ctrl-C or lose the power: the same command goes on where it was.

    \b
    Examples:
      lacuna run reel.mkv -o clean.mkv
      lacuna run reel.mov -o test.mkv --frames 1000:1100 --set dirt.contrast_levels=25
      lacuna run reel.mkv -o clean.mkv --sensitivity cautious
      lacuna run scans/reel_%06d.tif -o clean/ --rate 16 --workflow dust
      lacuna run photo.tif -o clean.tif --workflow stills --masks painted/
    """
    from restore.restoration import prepare

    prepared = prepare(wish)
    for note in prepared.notes:
        click.echo(f"note: {note}", err=True)
    sys.exit(0 if done(prepared, as_json) else FAILED)


@lacuna.command()
@wishing
def plan(wish: Wish, as_json: bool) -> None:
    """Say what `run` with the same words would do; write nothing.

    Example: lacuna plan reel.mkv -o clean.mkv --memory 8G
    """
    from restore.answers import about_plan, forecast, in_json
    from restore.restoration import prepare

    prepared = prepare(wish)
    tell(in_json(forecast(prepared)) if as_json else about_plan(prepared))


@lacuna.command()
@click.argument("source")
@click.option("--rate", type=RATE, help="Frames a second of an image sequence: 18, 24000/1001. [24]")
@click.option("--json", "as_json", is_flag=True, help="All facts, for programs.")
def probe(source: str, rate: Fraction | None, as_json: bool) -> None:
    """Say what SOURCE is, without decoding it.

    Example: lacuna probe scans/ --rate 18
    """
    from restore.answers import about_source, in_json
    from restore.probe import probe as look

    found = look(source, rate)
    tell(in_json({**found.to_json(), "frames": found.frames}) if as_json else about_source(found))


@lacuna.group()
def masks() -> None:
    """Take masks out of a project, or put painted ones in."""


@masks.command("export")
@click.argument("project", type=THING)
@click.argument("folder", type=FOLDER)
@click.option("--layer", default="", help="One detector's layer; without it the mask that counts, edits and all.")
def masks_export(project: Path, folder: Path, layer: str) -> None:
    """Write PROJECT's masks into FOLDER, one PNG a frame.

    000000.png is the first; 8 bits, 255 = filled, 0 = untouched. FOLDER must be new or empty.

    Example: lacuna masks export clean.mkv.lacuna masks/ --layer dirt
    """
    from restore.masks import export_masks, unsearched
    from restore.progress import show_frames
    from restore.restoration import open_session

    session = open_session(project)
    with show_frames("export", as_json=False) as on_frame:
        written = export_masks(session, folder, layer, on_frame)
    click.echo(f"{counted(written, 'mask')} written to {folder}")
    if missing := unsearched(session.store):
        click.echo(
            f"note: {counted(missing, 'frame')} not searched yet; their masks are black because nobody looked. "
            "Finish the run first, or do not import them: black would count as your word.", err=True,
        )


@masks.command("import")
@click.argument("project", type=THING)
@click.argument("folder", type=FOLDER)
def masks_import(project: Path, folder: Path) -> None:
    """Take the masks in FOLDER as an edit of PROJECT.

    Each frame that has a PNG there gets exactly that mask. `run` again, and just what sees the edit is done again.

    Example: lacuna masks import clean.mkv.lacuna painted/
    """
    from restore.masks import import_masks
    from restore.progress import show_frames
    from restore.store import Store

    with show_frames("import", as_json=False) as on_frame:
        edit = import_masks(Store.open(project), folder, on_frame)
    frames = counted(len(edit.digests), "frame")
    click.echo(f"edit {edit.number}: {frames}. To apply it: the same `lacuna run` again, with --overwrite.")


@lacuna.command()
@click.argument("project", type=THING)
@click.argument("ids", nargs=-1, metavar="[ID]...")
@click.option("--status", type=click.Choice(["confirmed", "undecided", "rejected", "all"]), default="all",
              show_default=True, help="confirmed: is filled. undecided, rejected: is left alone.")
@click.option("--kind", "kinds", multiple=True, help="dirt, scratch ... [all]")
@click.option("--frames", type=FRAMES, help="Frames A to B-1. [all]")
@click.option("--sort", "order", type=click.Choice(["frame", "area", "confidence"]), default="frame",
              show_default=True, help="area: the largest first; confidence: the least sure first.")
@click.option("--limit", "most", type=click.IntRange(1), help="No more than so many.")
@click.option("--csv", "table", metavar="FILE", help="Write a CSV table; - prints it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
@click.option("--reject", "verdict", flag_value="reject", help="Leave the defects of these IDs as they are.")
@click.option("--accept", "verdict", flag_value="accept", help="Fill the defects of these IDs.")
def defects(
    project: Path, ids: tuple[str, ...], table: str | None, as_json: bool, verdict: str | None, **choice: Any
) -> None:
    """List what was found in PROJECT, and decide about it.

    An ID names kind, frame, top and left. `--reject` and `--accept` take the IDs after them; - reads them from the
    standard input. `run` again, and just what sees those frames is done again.

    \b
    Examples:
      lacuna defects clean.mkv.lacuna --status undecided --sort area --limit 40
      lacuna defects clean.mkv.lacuna --kind dirt --frames 0:500 --csv found.csv
      lacuna defects clean.mkv.lacuna --reject dirt-1204-88-310 scratch-7-0-512
    """
    from restore import inventory
    from restore.store import Store

    named = tuple(one for word in ids for one in (sys.stdin.read().split() if word == "-" else [word]))
    if verdict:
        if not named:
            raise click.UsageError(f"--{verdict} needs the IDs of defects; `lacuna defects {project}` lists them.")
        tell(decided(project, named, verdict == "accept"))
        return
    found = inventory.chosen(Store.open(project), inventory.Choice(ids=named, **choice))
    if table and table != "-":
        click.echo(f"{inventory.write_csv(found, Path(table)):,} written to {table}")
    elif table:
        tell(inventory.in_csv(found))
    else:
        tell(inventory.in_json(found) if as_json else inventory.in_lines(found))


def decided(project: Path, ids: tuple[str, ...], accept: bool) -> Iterable[str]:
    """Decide about defects and return what came of it."""
    from restore.decisions import decide, sentences
    from restore.progress import show_frames
    from restore.restoration import open_session

    session = open_session(project, held_pictures=64)
    try:
        with show_frames("accept" if accept else "reject", as_json=False) as on_frame:
            decision = decide(session, ids, accept, on_frame=on_frame)
    finally:
        session.close()
    return sentences(decision)


@lacuna.command()
@click.argument("source")
@click.argument("output")
@click.option("--project", required=True, type=THING, help="The project that made OUTPUT.")
@click.option("--json", "as_json", is_flag=True, help="The proof as JSON.")
def verify(source: str, output: str, project: Path, as_json: bool) -> None:
    """Prove that only what was filled differs.

    Decodes SOURCE and OUTPUT again and compares every sample. Exits with 1 where anything else changed.

    Example: lacuna verify reel.mkv clean.mkv --project clean.mkv.lacuna
    """
    from restore.answers import in_json
    from restore.progress import show_frames
    from restore.proof import prove, sentence

    with show_frames("verify", as_json) as on_frame:
        proof = prove(source, output, project, on_frame)
    tell(in_json(proof) if as_json else [sentence(proof)])
    sys.exit(0 if proof.holds else FAILED)


@lacuna.command()
@click.argument("project", type=THING)
@click.option("--json", "as_json", is_flag=True, help="The same as JSON.")
def status(project: Path, as_json: bool) -> None:
    """Say how far PROJECT is and what failed.

    Example: lacuna status clean.mkv.lacuna
    """
    from restore.answers import about_standing, in_json, standing

    found = standing(project)
    tell(in_json(found) if as_json else about_standing(found))


@lacuna.command()
@click.argument("project", type=THING)
@click.option("-o", "--output", "folder", type=FOLDER, help="Folder to write to. [PROJECT]")
def report(project: Path, folder: Path | None) -> None:
    """Write report.html and report.json of PROJECT.

    Example: lacuna report clean.mkv.lacuna -o delivery/
    """
    from restore.restoration import report as write

    tell(map(str, write(project, folder)))


@lacuna.command()
@click.argument("name", default="")
def parts(name: str) -> None:
    """List the parts a recipe can name.

    With NAME, one part and its parameters. Example: lacuna parts dirt
    """
    from restore.answers import about_parts

    lines = list(about_parts(name))
    if not lines:
        known = [part for _, part in part_names()]
        raise click.UsageError(f"there is no part {name!r}.{nearest(name, known)} `lacuna parts` lists them.")
    tell(lines)


@lacuna.group()
def workflows() -> None:
    """The recipes that come with the program."""


@workflows.command("list")
def workflows_list() -> None:
    """List the recipes."""
    tell(f"{name:10} {recipe.load(name).about}" for name in recipe.shipped())


@workflows.command("show")
@click.argument("name")
@click.option("--set", "settings", multiple=True, metavar="PART.FIELD=VALUE", help="Change one recipe value.")
def workflows_show(name: str, settings: tuple[str, ...]) -> None:
    """Print a recipe with every default filled in.

    A file to start your own from. Example: lacuna workflows show film > mine.toml
    """
    click.echo(recipe.load(name, settings).to_toml(), nl=False)


@lacuna.command()
@click.argument("folder", default="demo", type=FOLDER)
def demo(folder: Path) -> None:
    """Make a damaged reel and restore it.

    Everything goes into FOLDER [demo]: the reel, its restoration, the report, and a picture of both.
    """
    from restore.demo import damaged_reel, picture
    from restore.restoration import prepare

    prepared = prepare(damaged_reel(folder, click.echo))
    ok = done(prepared, as_json=False)
    click.echo(f"picture  {picture(prepared)}")
    sys.exit(0 if ok else FAILED)


class PathGroup(click.Group):
    """A group whose command `reel` may be left out where its first word is a file or a folder: `bench reel.mkv`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words mean, and what is left of them."""
        meant = args if args[0] in self.commands or not Path(args[0]).exists() else ["reel", *args]
        return super().resolve_command(ctx, meant)


@lacuna.group(cls=PathGroup)
def bench() -> None:
    """Measure quality and speed on this machine.

    `lacuna bench FILE` is short for `lacuna bench reel FILE`.
    """


@bench.command("reel")
@click.argument("source")
@click.option("--workflow", "workflows", multiple=True, default=("film", "dust"), show_default=True,
              help="A recipe to judge, a name or a TOML file; may be said again.")
@click.option("--pieces", type=click.IntRange(1), default=4, show_default=True,
              help="Stretches looked at, spread over the reel, each within a shot.")
@click.option("--frames", type=click.IntRange(1), default=6, show_default=True, help="Frames judged in a stretch.")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the planted damage.")
@click.option("--rate", type=RATE, help="Frames a second of an image sequence: 18, 24000/1001. [24]")
@click.option("--project", type=THING, help="A project of SOURCE: the figures go into its ledger and report.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
def bench_reel(source: str, workflows: tuple[str, ...], as_json: bool, **choice: Any) -> None:
    """Say how well SOURCE itself will do.

    Plants known damage where the reel looks clean, lets each recipe find and fill it, and recommends a setting. SOURCE
    is only read.

    \b
    Example:
      lacuna bench reel reel.mkv --workflow film --pieces 6
    """
    from restore.answers import in_json
    from restore.measure.advice import plain, told
    from restore.progress import show_frames
    from restore.self_test import SelfTest, on_own_reel

    with show_frames("bench", as_json) as on_frame:
        reel = on_own_reel(source, SelfTest(workflows, **choice), on_frame)
    tell(in_json(plain(reel)) if as_json else told(reel))


@bench.command("quality")
@click.argument("clips", nargs=-1, type=THING)
@click.option("--frames", type=click.IntRange(1), default=16, show_default=True, help="Frames judged in a piece.")
@click.option("--seed", "seeds", multiple=True, type=int, default=(101, 102, 103), show_default=True,
              help="Seeds of the damage; one piece of each clip a seed.")
@click.option("--workflow", default="film", show_default=True, help="The recipe to judge: a name or a TOML file.")
@click.option("--kind", "kinds", multiple=True, help="Kinds of damage, e.g. dust dirt blotch scratch. [all]")
def bench_quality(
    clips: tuple[Path, ...], frames: int, seeds: tuple[int, ...], workflow: str, kinds: tuple[str, ...]
) -> None:
    """Judge filling and finding on known damage.

    Damages clean CLIPS, or scenes of its own without CLIPS, and prints how well that is filled and found.

    \b
    Example:
      lacuna bench quality holiday.mp4 street.mp4 --frames 24
    """
    from restore.benchmark import quality
    from restore.measure.bench import table
    from restore.scenes.wear import KINDS

    wanted = kinds or KINDS
    if unknown := set(wanted) - set(KINDS):
        raise click.UsageError(f"there is no kind of damage {', '.join(unknown)}; there are {', '.join(KINDS)}.")
    say = functools.partial(click.echo, err=True)
    fills, finds = quality(clips, frames, seeds, workflow, wanted, lambda row: say(f"{row.clip} done"))
    click.echo(f"Filling, true masks given:\n{table(fills)}\n")
    click.echo(f"Finding, and harm on the undamaged clip:\n{table(finds)}")


@bench.command("detect")
@click.argument("clips", nargs=-1, type=THING)
@click.option("--frames", type=click.IntRange(1), default=12, show_default=True, help="Frames judged in a piece.")
@click.option("--seed", "seeds", multiple=True, type=int, default=(21, 22, 23, 24), show_default=True,
              help="Seeds of the damage; one piece of each clip a seed.")
@click.option("--part", "parts", multiple=True, metavar="NAME",
              help="A detector, or several as one: dirt+scratch. [those of film as one, and every baseline]")
@click.option("--kind", "kinds", multiple=True, help="Kinds of damage, e.g. dust dirt blotch scratch. [all]")
@click.option("--severity", type=click.FloatRange(0, 1), default=0.4, show_default=True, help="0: a film cared for.")
@click.option("--overlays", multiple=True, type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Folder of real damage to use instead: RGBA overlays in one folder a class, or *labels.png.")
@click.option("-o", "--output", "folder", type=FOLDER, help="Folder for detect.csv and detect.svg.")
def bench_detect(clips: tuple[Path, ...], folder: Path | None, **choice: Any) -> None:
    """Judge detectors on known damage.

    Damages clean CLIPS, or scenes of its own without CLIPS, and prints what each detector finds of it.

    \b
    Example:
      lacuna bench detect holiday.mp4 --part dirt --part sdip --kind dirt --kind dust -o figures
    """
    from restore.benchmark import Trial, findings, record
    from restore.measure.findings import means, table

    trial = Trial(**{k: v for k, v in choice.items() if v != ()})
    verdicts = findings(clips, trial, functools.partial(click.echo, err=True))
    rows = [v.row for v in verdicts]
    click.echo(f"{table(rows)}\n\nMean over clips:\n{table(means(rows))}")
    if folder is not None:
        click.echo("Written: " + ", ".join(str(p) for p in record(verdicts, folder)))


@bench.command("speed")
@click.option("-o", "--output", "folder", default="bench", show_default=True, type=FOLDER,
              help="Where the reels are made and kept.")
@click.option("--frames", type=click.IntRange(1), default=48, show_default=True, help="Length of the reel.")
@click.option("--long", "long_repeats", type=click.IntRange(0), default=10, show_default=True,
              help="Length of the long reel in reels, or 0.")
def bench_speed(folder: Path, frames: int, long_repeats: int) -> None:
    """Time it beside a plain transcode.

    Prints time, memory, disk and decodes on a generated 1920x1080 10-bit reel.
    """
    from restore.benchmark import Speed, speeds
    from restore.measure.speed import table

    rows = speeds(folder, Speed(frames=frames, long_repeats=long_repeats), lambda line: click.echo(line, err=True))
    click.echo(table(rows))


@lacuna.group()
def train() -> None:
    """Train the networks that ship with the program, from scenes it generates."""


@train.command("detector")
@click.option("-o", "--output", "folder", default="training/detector", show_default=True, type=FOLDER,
              help="Where state, log and weights are kept.")
@click.option("--seed", default=1, show_default=True, help="Of weights and lessons.")
@click.option("--rounds", default=160, show_default=True, type=click.IntRange(1), help="Of the whole training.")
@click.option("--minutes", default=0.0, help="Stop after so long, to be resumed. [no limit]")
@click.option("--device", default="cpu", show_default=True, help="cpu, or cuda.")
@click.option("--threads", default=1, show_default=True, help="Of the network.")
@click.option("--workers", default=1, show_default=True, help="Processes that make lessons; 0 makes them here.")
def train_detector(folder: Path, seed: int, rounds: int, **plan: Any) -> None:
    """Train the network of the detector `net`; killed or stopped, the same command goes on.

    \b
    Example:
      lacuna train detector --minutes 55
    """
    from restore.train.course import Course
    from restore.train.detector import Plan
    from restore.train.detector import train as learn
    from restore.train.subjects import FILM

    learn(Plan(FILM, Course(seed, rounds), **plan), folder, click.echo)


@train.command("thin")
@click.option("-o", "--output", "folder", default="training/thin", show_default=True, type=FOLDER,
              help="Where state, log, sample sheets and weights are kept.")
@click.option("--photographs", type=click.Path(path_type=Path, file_okay=False),
              help="A folder of photographs to learn texture from. [generated scenes only]")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of weights, crops and holes.")
@click.option("--steps", default=8000, show_default=True, type=click.IntRange(1), help="Of the whole training.")
@click.option("--minutes", default=0.0, help="Stop after so long, to be resumed. [no limit]")
@click.option("--device", default="cpu", show_default=True, help="cpu, or cuda.")
@click.option("--threads", default=1, show_default=True, help="Of the network.")
def train_thin(folder: Path, **plan: Any) -> None:
    """Train the network of the filler `thin`; killed or stopped, the same command goes on.

    \b
    Example:
      lacuna train thin --photographs pictures --minutes 55
    """
    from restore.train.filler import Plan
    from restore.train.filler import train as learn

    try:
        learn(Plan(**plan), folder, click.echo)
    except ValueError as error:
        raise click.UsageError(str(error)) from error


@train.command("judge")
@click.argument("clips", nargs=-1, type=THING)
@click.option("-o", "--output", "folder", default="training/judge", show_default=True, type=FOLDER,
              help="Folder for what is seen of each piece, and for the judge.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of films, damage and fit.")
@click.option("--pieces", default=16, show_default=True, type=click.IntRange(1), help="Pieces of each clip.")
@click.option("--films", default=60, show_default=True, type=click.IntRange(0), help="Generated films.")
@click.option("--workers", default=2, show_default=True, type=click.IntRange(0), help="Processes; 0 for none.")
def train_judge(clips: tuple[Path, ...], folder: Path, **plan: Any) -> None:
    """Fit the judge of the detector `dirt` to clean CLIPS and generated films.

    They are damaged in a known way; footage like your own teaches what moves
    in it and is no dirt. Killed, the same command goes on.

    \b
    Example:
      lacuna train judge clean/*.mov -o judge
      lacuna run reel.mov --set dirt.judge=judge/dirt.json
    """
    from restore.train.judge import Plan
    from restore.train.judge import train as learn

    learn(Plan(clips, **plan), folder, click.echo)


@lacuna.group()
def scenes() -> None:
    """Look at the generated scenes that detectors and fillers are trained on."""


@scenes.command("sheet")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="First lesson shown.")
@click.option("--rows", type=click.IntRange(1, 200), default=10, show_default=True, help="Lessons shown.")
@click.option("-o", "--output", default="sheet.png", show_default=True, type=click.Path(path_type=Path),
              help="The PNG to write.")
@click.option("--stills", is_flag=True, help="Photographs and documents instead of film.")
@click.option("--textures", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="A folder of photographs to cut some of the scenes out of.")
def scenes_sheet(seed: int, rows: int, output: Path, stills: bool, textures: Path | None) -> None:
    """Draw a contact sheet of lessons: as damaged, clean, and what befell each pixel in colours.

    \b
    Example:
      lacuna scenes sheet --seed 40 -o lessons.png
    """
    from restore.scenes.sheet import save_sheet, sheet

    try:
        click.echo(save_sheet(output, sheet(seed, rows, stills, textures)))
    except ValueError as error:
        raise click.UsageError(str(error)) from error


def done(prepared: Prepared, as_json: bool) -> bool:
    """Carry out what was prepared, show it going on and tell what came of it; return whether all of it succeeded."""
    from restore.answers import about_run, ending, in_json
    from restore.progress import show
    from restore.restoration import carry_out

    with show(prepared, as_json) as on_result:
        outcome = carry_out(prepared, on_result)
    tell(in_json(ending(prepared, outcome)) if as_json else about_run(prepared, outcome))
    return outcome.ok


def tell(lines: Iterable[str]) -> None:
    """Print lines, each as soon as it is there."""
    for line in lines:
        click.echo(line)


def main() -> None:
    """Run the command line; errors raised on purpose are printed without a traceback."""
    try:
        lacuna.main(prog_name="lacuna", standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except RestoreError as error:
        click.echo(f"lacuna: {error}", err=True)
        sys.exit(FAILED)
    except OSError as error:
        if error.filename is None:
            raise
        click.echo(f"lacuna: {error.filename}: {error.strerror}. Check the path, who may write there, and the space on "
                   "its disk.", err=True)
        sys.exit(FAILED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted; what is finished is kept, and the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
