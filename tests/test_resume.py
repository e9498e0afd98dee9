"""Runs that are stopped, killed, fail or come again: what is finished is kept, and only what is missing is done."""

from __future__ import annotations

import functools
import json
import signal
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from restore.probe import probe
from restore.restoration import Wish, carry_out, prepare
from restore.store import ORIGINAL, Store

from .runs import FRAMES, ROOT, command, restore_it


def killed_after(count: int, command: list[str], how: signal.Signals) -> tuple[set[str], int]:
    """Start a run, stop it after some steps; return the steps it had finished and its exit status."""
    pipe = subprocess.PIPE
    # What a shell runs in the background has Ctrl-C switched off, and its children inherit that.
    ready = functools.partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(command, cwd=ROOT, stdout=pipe, stderr=pipe, text=True, preexec_fn=ready) as process:
        assert process.stdout
        seen: set[str] = set()
        for line in process.stdout:
            event = json.loads(line)
            if event["event"] == "step":
                seen.add(event["step"])
            if len(seen) >= count:
                process.send_signal(how)
                break
        process.communicate(timeout=60)
    return seen, process.returncode


@pytest.mark.parametrize("count", [1, 6, 14])
def test_kill_it_anywhere_and_it_goes_on(count: int, reel: Path, tmp_path: Path) -> None:
    whole, out = tmp_path / "whole.mkv", tmp_path / "out.mkv"
    restore_it(Wish(str(reel), str(whole)), 4)
    Store.create(tmp_path / "out.mkv.lacuna", probe(reel), 4)
    finished, _ = killed_after(count, command(reel, out), signal.SIGKILL)
    assert not out.exists()
    again = subprocess.run(command(reel, out), cwd=ROOT, capture_output=True, text=True, check=True)
    repeated = {e["step"] for e in map(json.loads, again.stdout.splitlines())
                if e["event"] == "step" and not e["reused"]}
    assert not finished & repeated
    assert out.read_bytes() == whole.read_bytes()
    stores = [Store.open(tmp_path / f"{name}.mkv.lacuna") for name in ("whole", "out")]
    kept, again_kept = ([store.patch(ORIGINAL, t).digest for t in range(FRAMES)] for store in stores)
    assert kept == again_kept


def test_ctrl_c_keeps_what_is_finished(reel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    Store.create(tmp_path / "out.mkv.lacuna", probe(reel), 2)
    _, status = killed_after(3, command(reel, out), signal.SIGINT)
    assert status == 130
    assert not out.exists()
    assert not list(tmp_path.glob(".*")), "no half-written file is left behind"
    assert restore_it(Wish(str(reel), str(out)))["join"] == 1


def test_a_second_run_does_nothing_and_says_so(reel: Path, tmp_path: Path) -> None:
    wish = Wish(str(reel), str(tmp_path / "out.mkv"))
    restore_it(wish)
    written = (tmp_path / "out.mkv").stat().st_mtime_ns
    assert sum(restore_it(wish).values()) == 0
    assert (tmp_path / "out.mkv").stat().st_mtime_ns == written


def test_a_parameter_that_changes_no_mask_stops_there(reel: Path, tmp_path: Path) -> None:
    restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), settings=("policy.strict=false",)))
    done = restore_it(Wish(str(reel), str(tmp_path / "out.mkv"), settings=("policy.strict=true",)))
    assert set(done) == {"detect"}


FAILING = '''
"""A window in, trouble out."""
import pathlib
from dataclasses import dataclass
from typing import ClassVar
import numpy as np
from restore.detect import Detection

@dataclass(frozen=True)
class Failing:
    """Fails on frame 9 while its trigger file exists."""
    version: ClassVar[int] = 1
    trigger: str = ""
    reach_frames: int = 0

    def detect(self, window, t):
        if t == 9 and pathlib.Path(self.trigger).exists():
            raise ValueError("frame 9 is cursed")
        mask = np.zeros(window.size, bool)
        mask[10:14, 10:14] = True
        return Detection(mask)
'''


def failing_recipe(tmp_path: Path) -> tuple[Path, Path]:
    part, trigger, recipe = tmp_path / "failing.py", tmp_path / "trigger", tmp_path / "mine.toml"
    part.write_text(FAILING)
    trigger.touch()
    recipe.write_text(
        f'name = "mine"\n[[detect]]\npart = "{part}"\ntrigger = "{trigger}"\n[[fill]]\npart = "harmonic"\n'
    )
    return recipe, trigger


def test_a_step_that_fails_stops_no_other_and_is_tried_again(reel: Path, tmp_path: Path) -> None:
    recipe, trigger = failing_recipe(tmp_path)
    wish = Wish(str(reel), str(tmp_path / "out.mkv"), workflow=str(recipe))
    Store.create(tmp_path / "out.mkv.lacuna", probe(reel), 4)
    outcome = carry_out(prepare(wish))
    assert not outcome.ok
    assert {f"{r.stage}-{r.span}" for r in outcome.failed} == {
        "detect-000008-000012", "fill-000008-000012", "encode-000008-000012", "join-000000-000020"
    }
    assert "cursed" in outcome.failed[0].failed
    assert not (tmp_path / "out.mkv").exists()
    trigger.unlink()
    assert restore_it(wish) == Counter(detect=1, fill=1, encode=1, join=1)


def test_a_full_disk_is_said_plainly_and_loses_nothing(reel: Path, tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    limit = ["bash", "-c", f"ulimit -f 40; exec {' '.join(command(reel, out))}"]
    done = subprocess.run(limit, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert not out.exists()
    assert not list(tmp_path.rglob("*.part"))
    assert restore_it(Wish(str(reel), str(out)))["join"] == 1
