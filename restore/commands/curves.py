"""`lacuna curves`: scratches as lines that can be moved."""

from __future__ import annotations

from pathlib import Path

import click

from restore.commands.options import FRAMES, THING, tell
from restore.written import counted


@click.group()
def curves() -> None:
    """Scratches as lines that can be moved: list them, take them out, put edited ones in."""


@curves.command("list")
@click.argument("project", type=THING)
@click.option("--frames", type=FRAMES, help="Frames A to B-1. [all]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, for programs.")
def curves_list(project: Path, frames: tuple[int, int] | None, as_json: bool) -> None:
    """List the scratches of PROJECT, one track each: where it runs, how wide it is, in how many frames it is filled.

    \b
    Example:
      lacuna curves list clean.mkv.lacuna
    """
    from restore import tracks
    from restore.curve_list import listed
    from restore.store import Store

    found = tracks.summed(listed(Store.open(project), frames))
    tell(tracks.in_json(found) if as_json else tracks.in_lines(found))


@curves.command("export")
@click.argument("project", type=THING)
@click.argument("file", type=THING)
@click.option("--frames", type=FRAMES, help="Frames A to B-1. [all]")
@click.option("--track", "names", multiple=True, help="This track alone; may be given again. [all]")
def curves_export(project: Path, file: Path, frames: tuple[int, int] | None, names: tuple[str, ...]) -> None:
    """Write PROJECT's curves into FILE, .csv or .jsonl: one line a scratch and frame.

    \b
    Example:
      lacuna curves export clean.mkv.lacuna scratches.csv --track track-120-0-512
    """
    from restore.curve_list import export, listed
    from restore.store import Store

    written = export(listed(Store.open(project), frames, names), file)
    click.echo(f"{counted(written, 'curve')} written to {file}")


@curves.command("import")
@click.argument("project", type=THING)
@click.argument("file", type=THING)
def curves_import(project: Path, file: Path) -> None:
    """Take the curves in FILE as an edit of PROJECT.

    Each takes the place of the one with its id; those without an id are new, and what FILE leaves out stays as it is.
    Status "rejected" fills nothing. `run` again, and just what sees those frames is done again.

    \b
    Example:
      lacuna curves import clean.mkv.lacuna scratches.csv
    """
    from restore.curve_list import read
    from restore.progress import show_frames
    from restore.redrawn import redraw, sentences
    from restore.store import Store

    with show_frames("import", as_json=False) as on_frame:
        done = redraw(Store.open(project), read(file), on_frame=on_frame)
    tell(sentences(done))


@curves.command("decide")
@click.argument("project", type=THING)
@click.argument("names", nargs=-1, required=True, metavar="TRACK...")
@click.option("--accept/--reject", "accept", required=True, help="Fill these scratches in every frame, or in none.")
def curves_decide(project: Path, names: tuple[str, ...], accept: bool) -> None:
    """Decide about whole scratches of PROJECT.

    \b
    Example:
      lacuna curves decide clean.mkv.lacuna track-120-0-512 --accept
    """
    from restore.progress import show_frames
    from restore.redrawn import decide_tracks, sentences
    from restore.store import Store

    with show_frames("accept" if accept else "reject", as_json=False) as on_frame:
        done = decide_tracks(Store.open(project), names, accept, on_frame=on_frame)
    tell(sentences(done))
