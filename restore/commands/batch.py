"""`lacuna batch`: many reels, albums or series, one after the other, whatever becomes of any of them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore.commands.options import RATE, SIZE, THING
from restore.errors import RestoreError
from restore.sensitivity import STEPS
from restore.written import counted

if TYPE_CHECKING:
    from restore.batch import Item, Row
    from restore.restoration import Prepared
    from restore.run import Progress


@click.command()
@click.argument("place", metavar="MANIFEST|FOLDER", type=THING)
@click.option("-o", "--output", "folder", required=True, type=click.Path(path_type=Path, file_okay=False),
              help="Folder for outputs, projects and the table.")
@click.option("--workflow", default="", help="Recipe of the items that name none. [film, stills for a picture]")
@click.option("--sensitivity", type=click.Choice(STEPS), default=None, help="How much finding dares. [normal]")
@click.option("--set", "settings", multiple=True, metavar="PART.FIELD=VALUE", help="Change one recipe value.")
@click.option("--rate", type=RATE, help="Frames a second of image sequences: 18, 24000/1001. [24]")
@click.option("--album", is_flag=True, help="Every picture is one by itself; numbered ones are no series.")
@click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto", show_default=True,
              help="What to compute on.")
@click.option("--workers", type=click.IntRange(0), default=0, help="Processes here; 0 works in this one.")
@click.option("--scheduler", default="", metavar="ADDR", help="An existing Dask cluster, tcp://host:port.")
@click.option("--memory", "memory_bytes", type=SIZE, help="Most memory to use. [three quarters of the machine]")
@click.option("--overwrite", is_flag=True, help="Replace outputs that exist.")
@click.option("--not-for-diagnosis", is_flag=True,
              help="For DICOM and NIfTI, which are refused without: nobody will be judged by the outputs.")
@click.option("--keep-originals/--no-keep-originals", default=True, show_default=True,
              help="Keep the samples that are replaced in the projects, for `undo`.")
@click.option("--operator", default="", metavar="NAME", help="Who restores, for the record.")
@click.option("--bag", is_flag=True, help="Also make a BagIt bag of each output and its documents.")
@click.option("--c2pa", nargs=2, metavar="CERT KEY", help="Sign content credentials with these PEM files.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object an item, for programs.")
def batch(place: Path, folder: Path, album: bool, as_json: bool, sensitivity: str | None, **words: Any) -> None:
    """Restore every film, series and picture that a manifest or a folder names.

    MANIFEST is a CSV file with the column source, and if wanted output, workflow, settings (PART.FIELD=VALUE; ...),
    sensitivity, masks and rate; or TOML with the same names under [[item]]. Paths in it are relative to it. Each item
    is a project of its own. What fails is reported and stops nothing; killed, the same command goes on, and what is
    done is not done again. The table is in batch.csv and batch.html. Exits with 1 where an item failed.

    \b
    Examples:
      lacuna batch vault/ -o restored/
      lacuna batch albums/ -o restored/ --album --workflow stills
      lacuna batch reels.csv -o restored/ --sensitivity cautious
    """
    from restore.batch import items, work, write_tables
    from restore.batch.table import sentence
    from restore.restoration import Wish

    usual = Wish("", "", sensitivity=sensitivity or "", **words)
    wanted = items(place, folder, usual, album)
    rows: list[Row] = []
    for row in work(wanted, folder, _steps(as_json), _begins(len(wanted), as_json)):
        rows.append(row)
        click.echo(json.dumps({"event": "item", **asdict(row)}) if as_json else _line(row))
    tables = write_tables(rows, folder)
    failed = sum(row.state == "failed" for row in rows)
    if as_json:
        facts = {"event": "done", "items": len(rows), "failed": failed, "tables": list(map(str, tables))}
        click.echo(json.dumps(facts))
    else:
        click.echo(f"{sentence(rows)}\ntable    {tables[1]}")
    if failed:
        raise RestoreError(f"{failed} of {counted(len(rows), 'item')} failed; {tables[1]} says why. The same command "
                           "tries again what failed, and nothing else.")


def _begins(total: int, as_json: bool) -> Any:
    def begins(number: int, item: Item) -> None:
        if not as_json:
            click.echo(f"[{number + 1}/{total}] {item.wish.source}", err=True)

    return begins


def _steps(as_json: bool) -> Any:
    from restore.progress import show

    @contextmanager
    def shown(prepared: Prepared) -> Iterator[Progress]:
        if as_json:
            yield lambda _: None
            return
        with show(prepared, as_json=False) as on_result:
            yield on_result

    return shown


def _line(row: Row) -> str:
    if row.state == "failed":
        return f"failed   {row.name}: {row.why}"
    return f"{row.state:8} {row.name}: {counted(row.frames, 'frame')}, {100 * row.share_frac:.3f} % damaged"
