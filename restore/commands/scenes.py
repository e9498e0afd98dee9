"""`lacuna scenes`: a look at what networks are trained on."""

from __future__ import annotations

from pathlib import Path

import click


@click.group()
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
