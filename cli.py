"""The command line, `lacuna`: the only module that prints and exits."""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Callable
from dataclasses import asdict
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from restore import __version__

if TYPE_CHECKING:
    from restore.restoration import Prepared, Wish

F = TypeVar("F", bound=Callable[..., Any])
INTERRUPTED, FAILED = 130, 1


class SizeType(click.ParamType[int]):
    """Bytes as people write them: 8G, 1500M."""

    name = "size"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Return bytes."""
        units = {"k": 10, "m": 20, "g": 30, "t": 40}
        text = str(value).lower().removesuffix("b").removesuffix("i")
        try:
            return int(float(text[:-1]) * 2 ** units[text[-1]]) if text[-1] in units else int(text)
        except (ValueError, IndexError):
            self.fail(f"{value!r} is not a size; write 8G or 1500M.", param, ctx)


class FramesType(click.ParamType[tuple[int, int]]):
    """A half-open range of frames: 100:250."""

    name = "A:B"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Return (first, one past the last)."""
        try:
            first, stop = (int(piece) for piece in str(value).split(":"))
        except ValueError:
            self.fail(f"{value!r} is not a range of frames; write 100:250 for frames 100 to 249.", param, ctx)
        return first, stop


class RateType(click.ParamType[Fraction]):
    """Frames a second as an exact fraction: 24, 24000/1001, 16.67 is taken literally."""

    name = "rate"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Fraction:
        """Return the rate."""
        try:
            rate = Fraction(str(value))
        except (ValueError, ZeroDivisionError):
            rate = Fraction(0)
        if rate <= 0:
            self.fail(f"{value!r} is not a frame rate; write 24 or 24000/1001.", param, ctx)
        return rate


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
        click.option("--set", "settings", multiple=True, metavar="PART.FIELD=VALUE", help="Change one recipe value."),
        click.option("--frames", type=FramesType(), help="Only frames A to B-1, as an excerpt without sound."),
        click.option("--until", type=click.Choice(["detect", "fill", "blend", "encode"]), help="Stop after a stage."),
        click.option("--rate", type=RateType(), help="Frames a second of an image sequence: 18, 24000/1001. [24]"),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True),
        click.option("--workers", type=click.IntRange(0), default=0, help="Processes here; 0 works in this one."),
        click.option("--scheduler", default="", metavar="ADDR", help="An existing Dask cluster, tcp://host:port."),
        click.option("--memory", type=SizeType(), help="Most memory to use, e.g. 8G. [three quarters of the machine]"),
        click.option("--overwrite", is_flag=True, help="Replace an output that exists."),
        click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs."),
    ]

    @functools.wraps(command)
    def with_wish(as_json: bool, **words: Any) -> None:
        from restore.restoration import Wish

        words["until"] = words["until"] or "join"
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
      lacuna run reel.mov -o test.mkv --frames 1000:1100 --set dirt.threshold=25
      lacuna run scans/reel_%06d.tif -o clean/ --rate 16 --workflow dust
      lacuna run photo.tif -o clean.tif --workflow stills --masks painted/
    """
    from restore.progress import show
    from restore.restoration import carry_out, prepare

    prepared = prepare(wish)
    for note in prepared.notes:
        click.echo(f"note: {note}", err=True)
    with show(prepared, as_json) as on_result:
        outcome = carry_out(prepared, on_result)
    if as_json:
        emit({"event": "done", "ok": outcome.ok, "steps": outcome.done, "reused": outcome.reused,
              "failed": [f"{r.stage}-{r.span}: {r.failed}" for r in outcome.failed],
              "decoded_frames": outcome.decoded_frames, "output": str(prepared.output),
              "project": str(prepared.project), "report": str(prepared.project / "report.html")})
    else:
        tell(prepared, outcome)
    sys.exit(0 if outcome.ok else FAILED)


@lacuna.command()
@wishing
def plan(wish: Wish, as_json: bool) -> None:
    """Say what `run` with the same words would do; write nothing."""
    from restore.restoration import prepare

    prepared = prepare(wish)
    p = prepared.plan
    facts = {
        "source": prepared.source.path, "output": str(prepared.output), "project": str(prepared.project),
        "recipe": prepared.recipe.name, "frames": len(p.frames), "spans": p.count("detect"),
        "span_frames": p.span_frames, "steps": len(p.steps), "threads": p.threads,
        "peak_memory_bytes": p.peak_bytes, "disk_bytes": p.disk_bytes, "estimated_seconds": round(p.seconds, 1),
        "notes": list(prepared.notes),
    }
    if as_json:
        emit(facts)
        return
    lines = {
        "source": f"{prepared.source.path} ({len(p.frames)} frames)",
        "recipe": f"{prepared.recipe.name}: " + " -> ".join(x.name for r in ("detect", "fill", "blend")
                                                            for x in getattr(prepared.recipe, r)),
        "output": f"{prepared.output} ({prepared.encoder.name})",
        "project": str(prepared.project),
        "work": f"{len(p.steps)} steps on {p.count('detect')} spans of {p.span_frames} frames, {p.threads} at a time",
        "memory": f"{p.peak_bytes / 2**20:,.0f} MB at the peak",
        "disk": f"{p.disk_bytes / 1e9:,.2f} GB at the fullest",
        "time": f"about {duration(p.seconds)} (an estimate from the size of the picture)",
    }
    click.echo("\n".join(f"{k:>8}  {v}" for k, v in lines.items()))
    for note in prepared.notes:
        click.echo(f"    note  {note}")


@lacuna.command()
@click.argument("source")
@click.option("--rate", type=RateType(), help="Frames a second of an image sequence.")
@click.option("--json", "as_json", is_flag=True, help="All facts, for programs.")
def probe(source: str, rate: Fraction | None, as_json: bool) -> None:
    """Say what SOURCE is, without decoding it."""
    from restore.probe import probe as look

    found = look(source, rate)
    if as_json:
        emit({**found.to_json(), "frames": found.frames})
        return
    h, w = found.size
    pixels = found.pixels
    lines = {
        "file": f"{found.path} ({found.byte_count:,} bytes)",
        "picture": f"{w}x{h}, pixel aspect {found.sample_aspect}, {pixels.name}, {pixels.depth} bit",
        "codec": f"{found.codec} in {found.container}",
        "frames": f"{found.frames:,} at {found.rate} a second" + (" (variable)" if found.variable_rate else ""),
        "fields": found.field_order,
        "sha256": found.sha256,
    }
    click.echo("\n".join(f"{k:>8}  {v}" for k, v in lines.items()))
    for stream in found.other_streams:
        click.echo(f"{stream.kind:>8}  {stream.codec} {stream.language} {stream.title}".rstrip())
    for note in found.notes:
        click.echo(f"    note  {note}")


@lacuna.group()
def masks() -> None:
    """Take masks out of a project, or put painted ones in."""


@masks.command("export")
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
@click.option("--layer", default="", help="One detector's layer; without it the mask that counts, edits and all.")
def masks_export(project: Path, folder: Path, layer: str) -> None:
    """Write one 8-bit PNG a frame into FOLDER: 000000.png counted from 0, 255 = filled, 0 = untouched."""
    from restore.masks import export_masks
    from restore.restoration import open_session

    click.echo(f"{export_masks(open_session(project), folder, layer)} masks written to {folder}")


@masks.command("import")
@click.argument("project", type=click.Path(path_type=Path))
@click.argument("folder", type=click.Path(path_type=Path))
def masks_import(project: Path, folder: Path) -> None:
    """Take the masks in FOLDER as an edit; `run` again to have just the touched frames done again."""
    from restore.masks import import_masks
    from restore.store import Store

    edit = import_masks(Store.open(project), folder)
    click.echo(f"edit {edit.number}: {len(edit.digests)} frames. Run the same `lacuna run` again to apply it.")


@lacuna.command()
@click.argument("source")
@click.argument("output")
@click.option("--project", required=True, type=click.Path(path_type=Path), help="The project that made OUTPUT.")
@click.option("--json", "as_json", is_flag=True, help="The proof as JSON.")
def verify(source: str, output: str, project: Path, as_json: bool) -> None:
    """Prove that OUTPUT differs from SOURCE only where the project's masks are.

    Decodes both again and compares every sample. Exits with 1 where anything else changed.
    """
    from restore.proof import prove, sentence

    proof = prove(source, output, project)
    click.echo(sentence(proof)) if not as_json else emit(asdict(proof))
    sys.exit(0 if proof.holds else FAILED)


@lacuna.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True)
def status(project: Path, as_json: bool) -> None:
    """Say how far a project is and what failed."""
    from restore.progress import standing

    found = standing(project)
    if as_json:
        emit(asdict(found))
        return
    click.echo(f"  source  {found.source}\n  output  {found.output}\n  recipe  {found.workflow}")
    for stage, (done, total) in found.stages.items():
        click.echo(f"{stage:>8}  {done} of {total} steps")
    for name, why in found.failed.items():
        click.echo(f"  failed  {name}: {why}")


@lacuna.command()
@click.argument("project", type=click.Path(path_type=Path))
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), help="Folder to write to. [PROJECT]")
def report(project: Path, folder: Path | None) -> None:
    """Write report.html and report.json of a project."""
    from restore.restoration import report as write

    for path in write(project, folder):
        click.echo(path)


@lacuna.command()
@click.argument("name", default="")
def parts(name: str) -> None:
    """List the parts a recipe can name; with NAME, one part and its parameters."""
    from restore import parts as rooms

    listed = [(room, part) for room, part in rooms.names() if name in ("", part)]
    if not listed:
        raise click.UsageError(f"there is no part {name!r}; `lacuna parts` lists them.")
    for room, part in listed:
        cls, _ = rooms.find(room, part)
        click.echo(f"{room}.{part:16} {rooms.about(cls)}")
        if name:
            for line in rooms.parameters(cls):
                click.echo(f"    {line}")


@lacuna.group()
def workflows() -> None:
    """The recipes that come with the program."""


@workflows.command("list")
def workflows_list() -> None:
    """List the recipes."""
    from restore.recipe import load, shipped

    for name in shipped():
        click.echo(f"{name:10} {load(name).about}")


@workflows.command("show")
@click.argument("name")
@click.option("--set", "settings", multiple=True, metavar="PART.FIELD=VALUE")
def workflows_show(name: str, settings: tuple[str, ...]) -> None:
    """Print a recipe with every default filled in: a file to start your own from."""
    from restore.recipe import load

    click.echo(load(name, settings).to_toml(), nl=False)


@lacuna.command()
@click.argument("folder", default="demo", type=click.Path(path_type=Path))
def demo(folder: Path) -> None:
    """Make a damaged reel in FOLDER, restore it, and say what came of it."""
    from restore.report.sheet import before_and_after
    from restore.restoration import Wish, carry_out, open_session, prepare
    from restore.scenes.reel import Reel, make_reel

    folder.mkdir(parents=True, exist_ok=True)
    reel, output = folder / "damaged.mkv", folder / "restored.mkv"
    if not reel.exists():
        click.echo(f"making a damaged reel of {Reel().frames} frames: {reel}")
        make_reel(reel, Reel())
    prepared = prepare(Wish(str(reel), str(output)))
    from restore.progress import show

    with show(prepared, False) as on_result:
        outcome = carry_out(prepared, on_result)
    tell(prepared, outcome)
    sheet = before_and_after(open_session(prepared.project), folder / "before_after.png")
    click.echo(f"picture  {sheet}")
    sys.exit(0 if outcome.ok else FAILED)


@lacuna.group()
def bench() -> None:
    """Measure the program on this machine: quality against known damage, speed against a plain transcode."""


@bench.command("quality")
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path))
@click.option("--frames", default=16, show_default=True, help="Frames judged in each piece of a clip.")
@click.option("--seed", "seeds", multiple=True, type=int, default=(101, 102, 103), show_default=True,
              help="Seeds of the damage; one piece of each clip a seed.")
@click.option("--workflow", default="film", show_default=True)
@click.option("--kind", "kinds", multiple=True, help="Kinds of damage, e.g. dust dirt blotch scratch. [all]")
def bench_quality(
    clips: tuple[Path, ...], frames: int, seeds: tuple[int, ...], workflow: str, kinds: tuple[str, ...]
) -> None:
    """Damage clean CLIPS in a known way and print how well that is filled and found (scenes of its own without CLIPS).

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
@click.argument("clips", nargs=-1, type=click.Path(path_type=Path))
@click.option("--frames", default=12, show_default=True, help="Frames judged in each piece of a clip.")
@click.option("--seed", "seeds", multiple=True, type=int, default=(21, 22, 23, 24), show_default=True)
@click.option("--part", "parts", multiple=True, metavar="NAME",
              help="A detector, or several as one: dirt+scratch. [those of film as one, and every baseline]")
@click.option("--kind", "kinds", multiple=True, help="Kinds of damage, e.g. dust dirt blotch scratch. [all]")
@click.option("--severity", default=0.4, show_default=True, help="0 for a film that was cared for, 1 for the contrary.")
@click.option("--overlays", multiple=True, type=click.Path(path_type=Path, file_okay=False, exists=True),
              help="Folder of real damage to use instead: RGBA overlays in one folder a class, or *labels.png.")
@click.option("-o", "--output", "folder", type=click.Path(path_type=Path), help="Folder for detect.csv and detect.svg.")
def bench_detect(clips: tuple[Path, ...], folder: Path | None, **choice: Any) -> None:
    """Damage clean CLIPS in a known way and print what each detector finds (scenes of its own without CLIPS).

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
@click.option("-o", "--output", "folder", default="bench", show_default=True, type=click.Path(path_type=Path),
              help="Where the reels are made and kept.")
@click.option("--frames", default=48, show_default=True)
@click.option("--long", "long_repeats", default=10, show_default=True, help="Length of the long reel in reels, or 0.")
def bench_speed(folder: Path, frames: int, long_repeats: int) -> None:
    """Print time, memory, disk and decodes on a generated 1920x1080 10-bit reel beside a plain transcode of it."""
    from restore.benchmark import Speed, speeds
    from restore.measure.speed import table

    rows = speeds(folder, Speed(frames=frames, long_repeats=long_repeats), lambda line: click.echo(line, err=True))
    click.echo(table(rows))


def tell(prepared: Prepared, outcome: Any) -> None:
    """Print what a run came to, for people."""
    from restore.progress import closing

    for line in closing(prepared, outcome):
        click.echo(line)


def emit(facts: Any) -> None:
    """Print one JSON object on a line of its own."""
    click.echo(json.dumps(facts, default=str))


def duration(seconds: float) -> str:
    """Write seconds as people do."""
    minutes = round(seconds / 60)
    return f"{seconds:.0f} s" if seconds < 90 else f"{minutes} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def main() -> None:
    """Run the command line; errors raised on purpose are printed without a traceback."""
    from restore.errors import RestoreError

    try:
        lacuna.main(standalone_mode=False)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except RestoreError as error:
        click.echo(f"lacuna: {error}", err=True)
        sys.exit(FAILED)
    except (click.Abort, KeyboardInterrupt):
        click.echo("\ninterrupted; what is finished is kept, and the same command goes on from there.", err=True)
        sys.exit(INTERRUPTED)


if __name__ == "__main__":
    main()
