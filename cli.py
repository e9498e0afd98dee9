"""The command line, `lacuna`. Nothing below it prints or exits but `restore.commands`."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from restore import __version__, recipe
from restore.commands import bench, curves, scenes, train
from restore.commands.batch import batch
from restore.commands.options import FOLDER, FRAMES, RATE, SIZE, THING, tell
from restore.commands.tune import tune
from restore.commands.undo import undo
from restore.errors import RestoreError
from restore.parts import names as part_names
from restore.parts import nearest
from restore.sensitivity import STEPS
from restore.written import counted

if TYPE_CHECKING:
    from restore.restoration import Prepared, Wish

F = TypeVar("F", bound=Callable[..., Any])
INTERRUPTED, FAILED = 130, 1


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
        click.option("--rate", type=RATE, help="Frames a second of a sequence: 18, 24000/1001. [its own, or 24]"),
        click.option("--fields", type=click.Choice(["auto", "on", "off"]), default="auto", show_default=True,
                     help="Restore each field of interlaced material on its own; auto: where the file says so."),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
                     help="What to compute on."),
        click.option("--workers", type=click.IntRange(0), default=0, help="Processes here; 0 works in this one."),
        click.option("--scheduler", default="", metavar="ADDR", help="An existing Dask cluster, tcp://host:port."),
        click.option("--memory", type=SIZE, help="Most memory to use, e.g. 8G. [three quarters of the machine]"),
        click.option("--overwrite", is_flag=True, help="Replace an output that exists."),
        click.option("--keep-originals/--no-keep-originals", default=True, show_default=True,
                     help="Keep the samples that are replaced in the project, for `undo`."),
        click.option("--operator", default="", metavar="NAME", help="Who restores, for the record."),
        click.option("--bag", is_flag=True, help="Also make OUTPUT.bag: output and documents as a BagIt bag."),
        click.option("--c2pa", nargs=2, metavar="CERT KEY", help="Sign content credentials with these PEM files."),
        click.option("--not-for-diagnosis", is_flag=True,
                     help="For DICOM and NIfTI, which are refused without: nobody will be judged by the output."),
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
@click.option("--rate", type=RATE, help="Frames a second of an image sequence: 18, 24000/1001. [its own, or 24]")
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
@click.option("--as", "kind", type=click.Choice(["png", "seg", "nifti"]), default="png", show_default=True,
              help="seg: one DICOM Segmentation, of DICOM; nifti: one label volume, of NIfTI.")
def masks_export(project: Path, folder: Path, layer: str, kind: str) -> None:
    """Write PROJECT's masks into FOLDER, one PNG a frame.

    000000.png is the first; 8 bits, 255 = filled, 0 = untouched. FOLDER must be new or empty.

    Example: lacuna masks export clean.mkv.lacuna masks/ --layer dirt
    """
    from restore.masks import export_masks, unsearched
    from restore.progress import show_frames
    from restore.restoration import open_session

    session = open_session(project)
    with show_frames("export", as_json=False) as on_frame:
        written = export_masks(session, folder, layer, on_frame, kind)
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


def done(prepared: Prepared, as_json: bool) -> bool:
    """Carry out what was prepared, show it going on and tell what came of it; return whether all of it succeeded."""
    from restore.answers import about_run, ending, in_json
    from restore.progress import show
    from restore.restoration import carry_out

    with show(prepared, as_json) as on_result:
        outcome = carry_out(prepared, on_result)
    tell(in_json(ending(prepared, outcome)) if as_json else about_run(prepared, outcome))
    return outcome.ok


for group in (batch, bench.bench, curves.curves, scenes.scenes, train.train, tune, undo):
    lacuna.add_command(group)


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
