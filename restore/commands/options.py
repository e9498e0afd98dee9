"""What options are written like, and how commands say what they have to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import click

from restore.written import frame_range, frame_rate, size_bytes


class Written(click.ParamType[Any]):
    """A value as people write it, read by one of the functions of `restore.written`."""

    def __init__(self, name: str, read: Callable[[str], Any]) -> None:
        """Take the name that help shows, and what reads the text or raises ValueError."""
        self.name, self.read = name, read

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return what was meant."""
        try:
            return self.read(str(value))
        except ValueError as error:
            self.fail(str(error), param, ctx)


SIZE, FRAMES, RATE = Written("size", size_bytes), Written("A:B", frame_range), Written("rate", frame_rate)
FOLDER, THING = click.Path(path_type=Path, file_okay=False), click.Path(path_type=Path)
FILE = click.Path(path_type=Path, dir_okay=False)


def tell(lines: Iterable[str]) -> None:
    """Print lines, each as soon as it is there."""
    for line in lines:
        click.echo(line)
