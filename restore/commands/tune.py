"""`lacuna tune`: the filler of thin holes, tuned to your own film, where a hold-out says that it gains."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from restore.commands.options import FOLDER, THING, tell


@click.command()
@click.argument("project", required=False, type=THING)
@click.option("--restored", nargs=2, metavar="DAMAGED RESTORED",
              help="Learn from a film and what a person made of it, instead of what looks clean.")
@click.option("--minutes", default=10.0, show_default=True, type=click.FloatRange(0, min_open=True),
              help="Of learning, in all; stopped and started again it goes on.")
@click.option("--steps", default=0, type=click.IntRange(0), help="So many steps instead: repeatable to the byte.")
@click.option("--seed", default=1, show_default=True, type=click.IntRange(0), help="Of crops, holes and hold-out.")
@click.option("--device", default="cpu", show_default=True, help="cpu, or cuda.")
@click.option("--threads", default=1, show_default=True, type=click.IntRange(1), help="Of the network.")
@click.option("-o", "--output", type=FOLDER, help="Where it is kept. [PROJECT/tuned, or RESTORED.tuned]")
@click.option("--anew", is_flag=True, help="Forget what an earlier tuning learnt, and begin again.")
@click.option("--dry-run", is_flag=True, help="Only look at the footage and say what there is to learn.")
@click.option("--json", "as_json", is_flag=True, help="The result as JSON.")
def tune(
    project: Path | None, restored: tuple[str, str] | None, output: Path | None, anew: bool, dry_run: bool,
    as_json: bool, **plan: Any,
) -> None:
    """Tune the filler `thin` to the film of PROJECT.

    Makes holes, in the shapes of the film's own damage, where nothing was detected, and learns to fill them; needs no
    clean copy. Frames and places held back judge it: what is not better there than the weights that ship (by twice the
    standard error) is refused and not kept. Killed, the same command goes on.

    \b
    Examples:
      lacuna tune clean.mkv.lacuna
      lacuna tune clean.mkv.lacuna --minutes 30 --json
      lacuna tune --restored scan.mkv by_hand.mkv --minutes 5
    """
    from restore.answers import in_json
    from restore.progress import show_frames
    from restore.train.adapter import Wish, carry_out
    from restore.train.tuning import Plan

    if project is None and not restored:
        raise click.UsageError("give a PROJECT (the folder OUTPUT.lacuna), or --restored DAMAGED RESTORED.")
    wish = Wish(project, restored or None, output, Plan(**plan), anew, dry_run)
    outcome = carry_out(
        wish, lambda line: click.echo(line, err=True), lambda label: show_frames(label, as_json)
    )
    tell(in_json(outcome.plain()) if as_json else outcome.told())
