"""`lacuna bench`: how well it finds and fills, and how fast, on your own reel and on known damage."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import click

from restore.commands.options import FOLDER, RATE, THING, tell


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
