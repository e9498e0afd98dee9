"""A folder in, a damaged reel to restore in it out, and after that a picture of what came of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from restore.report.sheet import before_and_after
from restore.restoration import Prepared, Wish, open_session
from restore.scenes.reel import Reel, make_reel


def damaged_reel(folder: Path, say: Callable[[str], None] = lambda _: None, reel: Reel | None = None) -> Wish:
    """Make the reel in `folder` where it is not there yet; return the wish to have it restored beside it."""
    reel = reel or Reel()
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "damaged.mkv"
    if not path.exists():
        say(f"making a damaged reel of {reel.frames} frames: {path}")
        make_reel(path, reel)
    return Wish(str(path), str(folder / "restored.mkv"))


def picture(prepared: Prepared) -> Path:
    """Write before, mask and after side by side beside the output and return the path."""
    session = open_session(prepared.project)
    try:
        return before_and_after(session, prepared.output.with_name("before_after.png"))
    finally:
        session.close()
