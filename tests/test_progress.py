"""What is seen of work while it goes on: bars on a terminal, lines in a log, nothing between lines of JSON."""

from __future__ import annotations

import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from restore import progress
from restore.restoration import Wish, prepare
from restore.span import Span
from restore.steps import Result

from .runs import FRAMES, ROOT, restore_it


@pytest.fixture(scope="module")
def verified(reel: Path, masks: Path, tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """The command that verifies a finished restoration."""
    out = tmp_path_factory.mktemp("verified") / "out.mkv"
    restore_it(Wish(str(reel), str(out), masks=str(masks)))
    return [sys.executable, "-m", "cli", "verify", str(reel), str(out), "--project", f"{out}.lacuna"]


def on_a_terminal(command: list[str]) -> tuple[str, str]:
    """Run a command with standard error on a terminal; return (standard output, what the terminal was sent)."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=theirs, text=True,
        env={**os.environ, "TERM": "xterm", "COLUMNS": "100"},
    ) as process:
        os.close(theirs)
        sent = b""
        while True:
            try:
                piece = os.read(ours, 4096)
            except OSError:  # the other end is closed
                piece = b""
            if not piece:
                break
            sent += piece
        out = process.communicate(timeout=60)[0]
        assert process.returncode == 0
    os.close(ours)
    return out, re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", sent.decode())


def test_verify_draws_a_bar_on_a_terminal(verified: list[str]) -> None:
    out, seen = on_a_terminal(verified)
    assert out.startswith("proved:")
    last = [line for line in re.split(r"[\r\n]+", seen) if line.strip()][-1]
    assert re.fullmatch(rf" *verify ━+ {FRAMES}/{FRAMES} frames [\d.]+/s 0:00:00 *", last)


def test_verify_with_json_says_nothing_else_even_on_a_terminal(verified: list[str]) -> None:
    out, seen = on_a_terminal([*verified, "--json"])
    assert json.loads(out)["frames"] == FRAMES
    assert seen == ""


def test_verify_writes_plain_lines_to_a_log(verified: list[str]) -> None:
    done = subprocess.run(verified, cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.startswith("proved:")
    assert re.fullmatch(rf"{FRAMES} of {FRAMES} frames, [\d.]+ a second, 0 s left\n", done.stderr)


def test_a_log_gets_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    clock = [100.0]
    monkeypatch.setattr("restore.progress.time.monotonic", lambda: clock[0])
    with progress.show_frames("verify", as_json=False) as told:
        for done in range(1, 31):
            clock[0] += 1.0
            told(done, 30)
    assert capsys.readouterr().err.splitlines() == [
        "10 of 30 frames, 1.00 a second, 20 s left", "20 of 30 frames, 1.00 a second, 10 s left",
        "30 of 30 frames, 1.00 a second, 0 s left",
    ]


def test_a_log_of_a_run_counts_its_last_stage_and_names_failures(
    reel: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    prepared = prepare(Wish(str(reel), str(tmp_path / "out.mkv")))
    with progress.show(prepared, as_json=False) as listener:
        listener(Result("detect", Span(0, FRAMES), failed="ValueError: cursed"))
        listener(Result("encode", Span(0, 8)))
        listener(Result("encode", Span(8, FRAMES)))
    first, last = capsys.readouterr().err.splitlines()
    assert first == f"failed: detect-{Span(0, FRAMES)}: ValueError: cursed"
    assert last.startswith(f"{FRAMES} of {FRAMES} frames")


def test_an_excerpt_is_counted_from_its_own_first_frame(reel: Path, tmp_path: Path) -> None:
    from restore.proof import prove

    out, told = tmp_path / "part.mkv", []
    restore_it(Wish(str(reel), str(out), frames=(5, 9)))
    prove(str(reel), str(out), Path(f"{out}.lacuna"), lambda done, total: told.append((done, total)))
    assert told == [(1, 4), (2, 4), (3, 4), (4, 4)]
