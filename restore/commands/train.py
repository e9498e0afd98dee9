"""`lacuna train`: the networks that ship with the program, trained again or on your own footage."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from restore.commands.options import FOLDER, THING

if TYPE_CHECKING:
    from restore.train.subjects import Subject

LINES = Path(__file__).parents[1] / "train" / "lines"
"""Each file in there is a filler that can be trained; it is read when that is asked for."""


@click.group()
def train() -> None:
    """Train the networks that ship with the program, from scenes it generates."""


def training(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options of a training."""
    for option in (
        click.option("--workers", default=1, show_default=True, help="Processes that make lessons; 0 makes them here."),
        click.option("--threads", default=1, show_default=True, help="Of the network."),
        click.option("--device", default="cpu", show_default=True, help="cpu, or cuda."),
        click.option("--minutes", default=0.0, help="Stop after so long, to be resumed. [no limit]"),
        click.option("--rounds", default=160, show_default=True, type=click.IntRange(1), help="Of the whole training."),
        click.option("--seed", default=1, show_default=True, help="Of weights and lessons."),
    ):
        command = option(command)
    return command


@train.command("detector")
@click.option("-o", "--output", "folder", default="training/detector", show_default=True, type=FOLDER,
              help="Where state, log and weights are kept.")
@training
def train_detector(folder: Path, **plan: Any) -> None:
    """Train the network of the detector `net`; killed or stopped, the same command goes on.

    \b
    Example:
      lacuna train detector --minutes 55
    """
    from restore.train.subjects import FILM

    learn(FILM, folder, **plan)


@train.command("stills")
@click.option("-o", "--output", "folder", default="training/stills", show_default=True, type=FOLDER,
              help="Where state, log and weights are kept.")
@click.option("--textures", type=click.Path(exists=True, file_okay=False, path_type=Path),
              help="A folder of photographs to cut some of the lessons out of.")
@training
def train_stills(folder: Path, textures: Path | None, **plan: Any) -> None:
    """Train the network of the detector `photo`; killed or stopped, the same command goes on.

    \b
    Example:
      lacuna train stills --minutes 55
    """
    from restore.train.subjects import still

    try:
        subject = still(textures)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    learn(subject, folder, **plan)


def learn(subject: Subject, folder: Path, seed: int, rounds: int, **plan: Any) -> None:
    """Train a network and say how it goes."""
    from restore.train.course import Course
    from restore.train.detector import Plan
    from restore.train.detector import train as begin

    begin(Plan(subject, Course(seed, rounds), **plan), folder, click.echo)


def filler_training(name: str) -> click.Command:
    """Return the command that trains a filler's network."""

    @click.command(name, help=f"""Train the network of the filler `{name}`; killed or stopped, the same command goes on.

        \b
        Example:
          lacuna train {name} --photographs pictures --minutes 55
        """)
    @click.option("-o", "--output", "folder", default=f"training/{name}", show_default=True, type=FOLDER,
                  help="Where state, log, events for TensorBoard, sample sheets and weights are kept.")
    @click.option("--photographs", type=click.Path(path_type=Path, file_okay=False),
                  help="A folder of photographs to learn texture from. [generated scenes only]")
    @click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of weights, crops and holes.")
    @click.option("--steps", default=0, type=click.IntRange(0), help="Of the whole training. [the network's own]")
    @click.option("--minutes", default=0.0, help="Stop after so long, to be resumed. [no limit]")
    @click.option("--device", default="cpu", show_default=True, help="cpu, or cuda.")
    @click.option("--threads", default=1, show_default=True, help="Of the network.")
    @click.option("--features", type=click.Path(path_type=Path, dir_okay=False, exists=True),
                  help="Weights of a VGG-19 (.safetensors) to compare textures by, where the network's loss does.")
    def command(folder: Path, **plan: Any) -> None:
        from restore.train.filler import Plan
        from restore.train.filler import train as begin
        from restore.train.lines import line

        try:
            begin(Plan(line(name), **plan), folder, click.echo)
        except ValueError as error:
            raise click.UsageError(str(error)) from error

    return command


for found in pkgutil.iter_modules([str(LINES)]):
    train.add_command(filler_training(found.name))


def judging(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the arguments of fitting a judge."""
    for add in (
        click.option("--workers", default=2, show_default=True, type=click.IntRange(0), help="Processes; 0 for none."),
        click.option("--rides", default=48, show_default=True, type=click.IntRange(0),
                     help="Shots over photographs: driven into, panned, shaken, zoomed."),
        click.option("--photographs", type=click.Path(path_type=Path, file_okay=False, exists=True),
                     help="A folder of photographs to ride over. [none]"),
        click.option("--films", default=60, show_default=True, type=click.IntRange(0), help="Generated films."),
        click.option("--pieces", default=16, show_default=True, type=click.IntRange(1), help="Pieces of each clip."),
        click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of films, damage and fit."),
        click.option("-o", "--output", "folder", default="training/judge", show_default=True, type=FOLDER,
                     help="Folder for what is seen of each piece, and for the judge."),
        click.argument("clips", nargs=-1, type=THING),
    ):
        command = add(command)
    return command


@train.command("judge")
@judging
def train_judge(clips: tuple[Path, ...], folder: Path, **plan: Any) -> None:
    """Fit the judge of the detector `dirt` to clean CLIPS, photographs and films.

    They are damaged in a known way; footage like your own teaches what moves
    in it and is no dirt. Killed, the same command goes on.

    \b
    Example:
      lacuna train judge clean/*.mov -o judge
      lacuna run reel.mov -o clean.mov --set dirt.judge=judge/dirt.json
    """
    from restore.train.judge import Plan
    from restore.train.judge import train as learn

    learn(Plan(clips, **plan), folder, click.echo)


@train.command("lines")
@judging
def train_lines(clips: tuple[Path, ...], folder: Path, **plan: Any) -> None:
    """Fit the judge of the detector `scratch` to clean CLIPS, photographs and films.

    They are scratched in a known way; footage like your own teaches which
    lines belong to its scenes, and so do photographs that are ridden over.
    Films are generated. Killed, the same command goes on.

    \b
    Example:
      lacuna train lines clean/*.mov -o lines
      lacuna run reel.mov -o clean.mov --set scratch.judge=lines/lines.json
    """
    from restore.train.judge import Plan
    from restore.train.judge import train as learn
    from restore.train.line_judge import LINES

    learn(Plan(clips, **plan), folder, click.echo, LINES)


@train.command("again")
@judging
def train_again(clips: tuple[Path, ...], folder: Path, **plan: Any) -> None:
    """Fit the second judge of the detector `dirt` to clean CLIPS, photographs and films.

    They are damaged in a known way; what `dirt` leaves open on them is
    learnt from. Killed, the same command goes on.

    \b
    Example:
      lacuna train again clean/*.mov -o again
      lacuna run reel.mov -o clean.mov --set dirt.second_judge=again/again.json
    """
    from restore.train.judge import Plan
    from restore.train.judge import train as learn
    from restore.train.second import AGAIN

    learn(Plan(clips, **plan), folder, click.echo, AGAIN)


@train.command("second")
@click.option("--weights", default="", help="The network's, by `lacuna train detector`. [those that ship]")
@judging
def train_second(clips: tuple[Path, ...], folder: Path, weights: str, **plan: Any) -> None:
    """Fit the second judge of the detector `net` to clean CLIPS, photographs and films.

    They are damaged in a known way; what `dirt` leaves open on them, and
    what the network says of it, is learnt from. Killed, the same command
    goes on. In a recipe of yours the part net has it as second_judge.

    \b
    Example:
      lacuna train second clean/*.mov -o second
    """
    from restore.train.judge import Plan
    from restore.train.judge import train as learn
    from restore.train.second import trade

    learn(Plan(clips, **plan), folder, click.echo, trade(weights))


@train.command("flaws")
@click.option("--weights", default="", help="The network's, by `lacuna train stills`. [those that ship]")
@judging
def train_flaws(clips: tuple[Path, ...], folder: Path, weights: str, **plan: Any) -> None:
    """Fit the judge of the detector `photo` to pictures out of clean CLIPS, photographs and films.

    They are made sharp, soft and grainy, and damaged in a known way as
    prints are; what the network of `photo` finds on them is learnt from.
    Killed, the same command goes on.

    \b
    Example:
      lacuna train flaws clean/*.mov -o flaws
      lacuna run scan.tif -o clean.tif --workflow stills --set photo.judge=flaws/flaws.json
    """
    from restore.train.flaws import trade
    from restore.train.judge import Plan
    from restore.train.judge import train as learn

    learn(Plan(clips, **plan), folder, click.echo, trade(weights))


@train.command("diffusion")
@click.option("-o", "--output", "folder", default="training/diffusion", show_default=True, type=FOLDER,
              help="Where state, log, sheets and weights are kept.")
@click.option("--photographs", type=click.Path(path_type=Path, file_okay=False),
              help="A folder of photographs to learn from, beside generated scenes. [generated scenes only]")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of weights, crops and noise.")
@click.option("--coder-steps", default=3000, show_default=True, type=click.IntRange(1), help="Of the autoencoder.")
@click.option("--steps", default=4000, show_default=True, type=click.IntRange(1), help="Of the denoiser, after that.")
@click.option("--minutes", default=0.0, help="Stop after so long, to be resumed. [no limit]")
@click.option("--device", default="cpu", show_default=True, help="cpu, or cuda.")
@click.option("--threads", default=1, show_default=True, help="Of the networks.")
def train_diffusion(folder: Path, **plan: Any) -> None:
    """Train the small model of the filler `diffusion`; killed or stopped, the same command goes on.

    \b
    Example:
      lacuna train diffusion --photographs pictures --minutes 55
    """
    from restore.train.diffusion import Plan
    from restore.train.diffusion import train as learn

    try:
        learn(Plan(**plan), folder, click.echo)
    except ValueError as error:
        raise click.UsageError(str(error)) from error
