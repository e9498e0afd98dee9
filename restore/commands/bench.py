"""`lacuna bench`: how well it finds and fills, and how fast, on your own reel and on known damage."""

from __future__ import annotations

import functools
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from restore.commands.options import FILE, FOLDER, RATE, THING, tell


class PathGroup(click.Group):
    """A group whose command `reel` may be left out where its first word is a file or a folder: `bench reel.mkv`."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Return the command that the words mean, and what is left of them."""
        meant = args if args[0] in self.commands or not Path(args[0]).exists() else ["reel", *args]
        return super().resolve_command(ctx, meant)


@click.group(cls=PathGroup)
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
@click.option("--rate", type=RATE, help="Frames a second of an image sequence: 18, 24000/1001. [its own, or 24]")
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


@bench.command("fill")
@click.argument("paths", nargs=-1, type=THING)
@click.option("--filler", "fillers", multiple=True, metavar="NAME",
              help="A filler to judge: its name, or a file of your own (mine.py); may be said again. [all]")
@click.option("--workflow", "workflows", multiple=True, default=("film",), show_default=True,
              help="A recipe whose whole ladder is judged as one, a name or a TOML file; may be said again.")
@click.option("--kind", "kinds", multiple=True, help="Kinds of damage: thin blotch wide object. [all]")
@click.option("--seed", type=click.IntRange(0), default=1, show_default=True, help="Of the damage.")
@click.option("--frames", type=click.IntRange(1), default=4, show_default=True, help="Frames judged in a clip.")
@click.option("--most-pixels", "most_px", type=click.IntRange(4096), default=400_000, show_default=True,
              help="Of larger pictures the middle is judged.")
@click.option("--memory/--no-memory", default=True, show_default=True,
              help="See what memory each filler takes, in a process of its own.")
@click.option("--speed", is_flag=True, help="Time each filler on a 2K film with 1 % thin damage instead.")
@click.option("--csv", "table", type=FILE, help="Write every figure of every clip.")
@click.option("--sheet", type=FILE, help="Write a PNG to look at: damaged, as each fills it, and as it was.")
@click.option("-o", "--output", "folder", type=FOLDER, help="Folder for fill.csv and a sheet for each kind of damage.")
@click.option("--json", "as_json", is_flag=True, help="All figures as JSON.")
def bench_fill(paths: tuple[Path, ...], speed: bool, as_json: bool, **choice: Any) -> None:
    """Judge fillers on known damage.

    Damages photographs and clips (PATHS: files, and folders of them; scenes of its own without PATHS) with scratches,
    spots, wide holes and holes the size of a person, and prints how near every filler comes to what was there, how
    much it flickers, how well seams and grain match, and what time and memory it takes.

    \b
    Example:
      lacuna bench fill photos holiday.mp4 --filler telea --filler thin --sheet fills.png
    """
    from restore.answers import in_json
    from restore.measure.filling.bench import FillTrial, pace_table, paces, require_writable, run, written
    from restore.measure.filling.rows import plain, told
    from restore.progress import show_frames

    table, picture, folder = (choice.pop(k) for k in ("table", "sheet", "folder"))
    require_writable(table, picture)
    trial = FillTrial(**{k: v for k, v in choice.items() if v != ()})
    with show_frames("fill", as_json) as on_frame:
        if speed:
            timed = paces(trial, on_filler=on_frame)
            tell(in_json({"speed": [asdict(p) for p in timed]}) if as_json else pace_table(timed))
            return
        verdict = run(paths, trial, on_frame)
    tell(in_json({"fill": plain(verdict.rows)}) if as_json else told(verdict.rows, verdict.ladders))
    for path in written(verdict, table, picture, folder):
        click.echo(f"Written: {path}", err=as_json)


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
