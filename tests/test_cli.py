"""The command line as a person meets it: help, words, errors without tracebacks."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

import cli
from restore import parts, recipe

from .media_made import make_video, scene_planes

ROOT = Path(__file__).parents[1]


def commands(group: click.Group = cli.lacuna, path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    for name, command in group.commands.items():
        if isinstance(command, click.Group):
            yield from commands(command, (*path, name))
        else:
            yield (*path, name)


def said(*words: str) -> str:
    result = CliRunner().invoke(cli.lacuna, list(words))
    assert result.exit_code == 0, result.output
    return result.output


def run_main(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr("sys.argv", ["lacuna", *words])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    return int(stopped.value.code or 0)


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    planes = [scene_planes("yuv420p", (48, 64), t) for t in range(6)]
    return make_video(tmp_path_factory.mktemp("clip") / "clip.mkv", planes, "yuv420p", rate=24)


def test_the_commands_are_those_that_were_promised() -> None:
    assert {" ".join(c) for c in commands()} >= {
        "run", "plan", "probe", "masks export", "masks import", "verify", "status", "defects", "report", "parts",
        "workflows list", "workflows show", "demo", "bench quality", "bench speed", "scenes sheet",
    }


@pytest.mark.parametrize("path", list(commands()), ids=" ".join)
def test_every_command_has_help_and_is_in_the_readme(path: tuple[str, ...]) -> None:
    assert len(said(*path, "--help")) > 80
    assert f"lacuna {' '.join(path)}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_every_option_has_help() -> None:
    for path in commands():
        command: click.Command = cli.lacuna
        for name in path:
            assert isinstance(command, click.Group)
            command = command.commands[name]
        assert [p.name for p in command.params if isinstance(p, click.Option) and not p.help] == []


def test_what_the_help_shows_as_an_example_can_be_said() -> None:
    shown = [line.strip().removeprefix("Example: ") for path in [(), *commands()]
             for line in said(*path, "--help").splitlines() if re.match(r" +(Example: )?lacuna \w", line)]
    assert len(shown) > 10
    for words in (shlex.split(line.partition(" >")[0])[1:] for line in shown):
        command, context = cli.lacuna, click.Context(cli.lacuna, info_name="lacuna")
        while isinstance(command, click.Group):
            command = command.commands[words.pop(0)]
        said_so = command.make_context("x", words, parent=context).params
        workflow = said_so.get("workflow")
        named = workflow if isinstance(workflow, str) and workflow else "film"
        assert recipe.load(named, said_so.get("settings", ()))


def test_a_path_that_cannot_be_used_is_named_without_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    (tmp_path / "file").touch()
    assert run_main(monkeypatch, "demo", str(tmp_path / "file" / "demo")) == 1
    assert capsys.readouterr().err.startswith(f"lacuna: {tmp_path / 'file' / 'demo'}: ")


def test_a_project_is_found_by_its_output(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out.mkv"
    assert run_main(monkeypatch, "run", str(clip), "-o", str(out), "--until", "detect") == 0
    assert "stopped after detect" in capsys.readouterr().out
    assert run_main(monkeypatch, "status", str(out)) == 1
    assert f"Give {out}.lacuna." in capsys.readouterr().err


def test_every_part_is_listed_with_its_parameters_explained() -> None:
    listing = said("parts")
    for room, name in parts.names():
        assert f"{room}.{name}" in listing
        cls, _ = parts.find(room, name)
        for line in parts.parameters(cls):
            assert line.partition(":")[0] in said("parts", name)


def test_recipes_are_listed_and_shown_complete() -> None:
    listing = said("workflows", "list")
    for name in recipe.shipped():
        assert name in listing
        assert recipe.loads(said("workflows", "show", name)) == recipe.load(name)


def test_probe_says_what_a_file_is(clip: Path) -> None:
    facts = json.loads(said("probe", str(clip), "--json"))
    assert (facts["frames"], facts["rate"], facts["size"]) == (6, "24", [48, 64])
    assert "64x48" in said("probe", str(clip))


def test_plan_writes_nothing(clip: Path, tmp_path: Path) -> None:
    facts = json.loads(said("plan", str(clip), "-o", str(tmp_path / "out.mkv"), "--json"))
    assert facts["frames"] == 6
    assert facts["peak_memory_bytes"] > 0
    assert "memory" in said("plan", str(clip), "-o", str(tmp_path / "out.mkv"))
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["run", "nowhere.mkv", "-o", "out.mkv"], "nowhere.mkv"),
        (["run", "{clip}", "-o", "{tmp}/out.avi"], ".mkv"),
        (["run", "{clip}", "-o", "{tmp}/out.mkv", "--set", "dirt.treshold=3"], "Fields"),
        (["run", "{clip}", "-o", "{tmp}/out.mkv", "--workflow", "fim"], "film"),
        (["run", "{clip}", "-o", "{tmp}/out.mkv", "--memory", "20M"], "--memory"),
        (["run", "{clip}", "-o", "{tmp}/out.mkv", "--masks", "{tmp}"], "mask"),
        (["run", "{clip}", "-o", "{tmp}/out.mkv", "--workflow", "{clip}"], "no recipe"),
        (["run", "{clip}", "-o", "{tmp}/out.mkv", "--project", "{clip}"], "--project"),
        (["plan", "{clip}", "-o", "{tmp}/out.mkv", "--project", "{clip}"], "--project"),
        (["plan", "{clip}", "-o", "{tmp}/out.mkv", "--project", "{tmp}/no/p"], "--project"),
        (["bench", "quality", "{clip}"], "longer clip"),
        (["bench", "quality", "{clip}", "--workflow", "masks"], "--workflow"),
        (["report", "{tmp}", "-o", "{tmp}/r"], "OUTPUT.lacuna"),
        (["status", "{tmp}"], "project"),
        (["verify", "{clip}", "{clip}", "--project", "{tmp}"], "project"),
        (["masks", "import", "{tmp}", "{tmp}"], "project"),
    ],
    ids=lambda v: " ".join(v) if isinstance(v, list) else v,
)
def test_errors_are_said_plainly_and_end_with_one(
    words: list[str], says: str, clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = run_main(monkeypatch, *(w.format(clip=clip, tmp=tmp_path) for w in words))
    err = capsys.readouterr().err
    assert status == 1
    assert says in err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    "words",
    [["run"], ["run", "a", "-o", "b", "--frames", "9"], ["run", "a", "-o", "b", "--rate", "0"],
     ["run", "a", "-o", "b", "--memory", "lots"], ["parts", "nothing"], ["run", "a", "-o", "b", "--memory", "-8G"],
     ["bench", "quality", "--frames", "0"], ["bench", "quality", "--kind", "rust"], ["bench", "speed", "--long", "-1"]],
    ids=" ".join,
)
def test_wrong_words_are_usage_errors(
    words: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_main(monkeypatch, *words) == 2
    assert capsys.readouterr().err


def test_a_run_from_the_command_line(
    clip: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, project = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna"
    assert run_main(monkeypatch, "run", str(clip), "-o", str(out), "--json") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert events[-1]["event"] == "done"
    assert events[-1]["ok"]
    assert {e["stage"] for e in events[:-1]} == {"detect", "fill", "blend", "encode", "join"}
    assert run_main(monkeypatch, "verify", str(clip), str(out), "--project", str(project)) == 0
    assert "identical" in capsys.readouterr().out
    status = json.loads(said("status", str(project), "--json"))
    assert status["stages"]["join"] == [1, 1]
    said("masks", "export", str(project), str(tmp_path / "masks"))
    assert len(list((tmp_path / "masks").iterdir())) == 6
    said("report", str(project), "-o", str(tmp_path / "report"))
    assert (tmp_path / "report" / "report.html").exists()


def test_defects_are_listed_rejected_and_accepted(reel: Path, tmp_path: Path) -> None:
    project = str(tmp_path / "out.mkv.lacuna")
    said("run", str(reel), "-o", str(tmp_path / "out.mkv"), "--until", "detect", "--sensitivity", "thorough")
    assert 'sensitivity = "thorough"' in (tmp_path / "out.mkv.lacuna" / "recipe.toml").read_text(encoding="utf-8")
    rows = [json.loads(line) for line in said("defects", project, "--json").splitlines()]
    assert f"{sum(r['status'] == 'confirmed' for r in rows)} dirt" in said("status", project)
    one, two = (r["id"] for r in rows[:2])
    assert "2 defects rejected" in said("defects", project, "--reject", one, two)
    assert "1 defect accepted" in said("defects", project, "--accept", two)
    assert one in said("defects", project, "--status", "rejected")
    assert two not in said("defects", project, "--status", "rejected")
    table = said("defects", project, "--csv", "-", "--kind", "dirt", "--sort", "area").splitlines()
    assert len(table) == 1 + sum(r["kind"] == "dirt" for r in rows)
    said("defects", project, "--csv", str(tmp_path / "found.csv"))
    assert (tmp_path / "found.csv").read_text(encoding="utf-8").startswith("id,kind")
    piped = CliRunner().invoke(cli.lacuna, ["defects", project, "--accept", "-"], input=f"{one}\n{two}\n")
    assert "1 defect accepted" in piped.output
    assert f"so already: {two}" in piped.output
    assert "needs the IDs" in CliRunner().invoke(cli.lacuna, ["defects", project, "--reject"]).output
