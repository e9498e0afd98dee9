"""The house rules that a machine can check: who imports whom, how large things get, what is documented."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted((ROOT / "restore").rglob("*.py"))
STAGES = {"decode", "detect", "fill", "blend", "encode"}
NOUNS = {
    "errors", "written", "span", "source", "layout", "timing", "stills", "formats", "frames", "colour", "cache",
    "noise", "cuts", "window", "motion", "nets", "maps", "curves", "fields", "slices",
}
OUTSIDE = {
    "av": {"probe", "decode", "encode", "fixity", "measure"},
    "zarr": {"store"},
    "dask": {"run"},
    "distributed": {"run"},
    "rich": {"progress"},
    "torch": {"restoration", "nets", "train"},
    "safetensors": {"nets"},
    "diffusers": {"nets"},
    "transformers": {"nets"},
    "click": {"commands"},
    "OpenImageIO": {"formats"},
    "tifffile": {"formats"},
    "imagecodecs": {"formats"},
    "pydicom": {"formats"},
    "highdicom": {"formats"},
    "nibabel": {"formats"},
}
"""One outside library, one room."""


def room(path: Path) -> str:
    return path.relative_to(ROOT / "restore").parts[0].removesuffix(".py")


def imports(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return found


def rooms_used(path: Path) -> set[str]:
    return {name.split(".")[1] for name in imports(path) if name.startswith("restore.")}


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_outside_libraries_stay_in_their_rooms(path: Path) -> None:
    for name in imports(path):
        library = name.split(".")[0]
        assert room(path) in OUTSIDE.get(library, {room(path)}), f"{path} imports {library}"


@pytest.mark.parametrize("path", [p for p in FILES if room(p) in STAGES], ids=lambda p: str(p.relative_to(ROOT)))
def test_stages_see_nouns_and_motion_only(path: Path) -> None:
    # Blenders look at the frame as it is filled so far, which is what compose makes of a picture and a patch.
    seen = rooms_used(path) - NOUNS - {room(path), "__version__"} - ({"compose"} if room(path) == "blend" else set())
    assert not seen, f"{path}: {seen}"


@pytest.mark.parametrize("path", [p for p in FILES if room(p) in NOUNS], ids=lambda p: str(p.relative_to(ROOT)))
def test_nouns_see_nouns_only(path: Path) -> None:
    assert rooms_used(path) <= NOUNS


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_files_and_functions_stay_small(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 400
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            assert length <= 50, f"{path.name}: {node.name} has {length} lines"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_only_the_command_line_prints_or_exits(path: Path) -> None:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in ("print", "exit", "quit"), f"{path}:{node.lineno}"
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            assert (node.value.id, node.attr) != ("sys", "exit"), f"{path}:{node.lineno}"


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_every_file_says_what_comes_in_and_what_goes_out(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_file_names_say_what_is_in_them() -> None:
    banned = {"utils", "helpers", "common", "base", "manager", "misc", "core"}
    assert not [p for p in FILES if p.stem.strip("_") in banned]


def test_importing_the_library_is_quick_and_light() -> None:
    code = "import sys, restore, restore.errors, restore.recipe, restore.parts; print(*sys.modules)"
    modules = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert not {"torch", "dask", "distributed", "zarr", "av", "rich"} & set(modules.split())
