"""`lacuna undo`: the source's pictures back from an output, bit for bit."""

from __future__ import annotations

from pathlib import Path

import click

from restore.commands.options import THING, tell


@click.command()
@click.argument("output")
@click.option("--project", required=True, type=THING, help="The project that made OUTPUT.")
@click.option("-o", "--output", "file", required=True, help="What to write: a name of the same kind as OUTPUT's.")
@click.option("--overwrite", is_flag=True, help="Replace a file that exists.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
def undo(output: str, project: Path, file: str, overwrite: bool, as_json: bool) -> None:
    """Give the source back from OUTPUT, bit for bit; the source itself is not needed.

    Puts the samples that were replaced, which the project keeps, back in their places, and proves that every frame has
    the fingerprint of the source's. Needs a lossless OUTPUT (.mkv, pictures) of a run without --no-keep-originals.

    Example: lacuna undo clean.mkv --project clean.mkv.lacuna -o as_it_was.mkv
    """
    from restore.answers import in_json
    from restore.progress import show_frames
    from restore.undo import sentence
    from restore.undo import undo as give_back

    with show_frames("undo", as_json) as on_frame:
        undone = give_back(output, project, file, overwrite, on_frame)
    tell(in_json(undone) if as_json else [sentence(undone)])
