"""A name in a recipe in, the part it stands for out: a file of this package, an installed entry point, or ./my_part.py.

The file name is the part's name: `detect/dirt.py` holds `Dirt`, `fill/navier_stokes.py` holds `NavierStokes`.
Installed packages offer parts under the entry point group `lacuna.parts`, named `detect.mine`. Names are resolved
once, when a recipe is read; nothing else in the program looks anything up by name.
"""

from __future__ import annotations

import ast
import dataclasses
import difflib
import hashlib
import importlib.util
import inspect
import itertools
import json
import pkgutil
import re
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from types import ModuleType
from typing import Any

from restore.errors import PartError, RecipeError

ROOMS = ("detect", "fill", "blend", "encode")
GROUP = "lacuna.parts"
WRITTEN = {
    "int": "a whole number", "float": "a number", "bool": "true or false", "str": 'text (in a recipe file: in quotes)'
}
"""What a person is told to write for a field of a type."""


@dataclass(frozen=True)
class Part:
    """A part with its parameters, ready to use."""

    room: str
    name: str
    made: Any
    """The part itself: a frozen dataclass instance that satisfies the room's Protocol."""
    code: str = ""
    """sha256 of a part that came from a file of the user's; the package's own parts have a version instead."""

    @property
    def params(self) -> dict[str, Any]:
        """Return the parameters, defaults filled in, as plain values."""
        return {f.name: _plain(getattr(self.made, f.name)) for f in dataclasses.fields(self.made) if f.init}

    @cached_property
    def digest(self) -> str:
        """Return a short name for exactly this part: what it is, its version, every parameter, every file it reads.

        A parameter that a part was given later (a field with `metadata={"later": True}`) does not count while it has
        its default: the results are those of before, and work done before stays valid.
        """
        later = {f.name: _plain(f.default) for f in dataclasses.fields(self.made) if f.metadata.get("later")}
        params = {k: v for k, v in self.params.items() if k not in later or v != later[k]}
        facts = [self.room, self.name, self.made.version, self.code, params, self.read]
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]

    @cached_property
    def read(self) -> str:
        """Return the digest of the files a part reads, weights above all; empty for one that reads none."""
        return str(self.made.fingerprint()) if hasattr(self.made, "fingerprint") else ""

    @property
    def layer(self) -> str:
        """Return the name of the part's layer in the store: its own, without a path."""
        return Path(self.name.partition(".py")[0]).name

    def record(self) -> dict[str, Any]:
        """Return what the ledger writes down about the part."""
        return {"room": self.room, "name": self.name, "version": self.made.version, "code": self.code} | {
            "params": self.params, "read": self.read
        }

    @property
    def reach_frames(self) -> int:
        """Return how many frames to either side the part may look at."""
        return int(getattr(self.made, "reach_frames", 0))


def make(room: str, spec: str, params: Mapping[str, Any], where: str = "recipe") -> Part:
    """Return the part `spec` of a room with its parameters set; `where` names the recipe in errors.

    Raises PartError where there is no such part, RecipeError where it has no such parameter or refuses the value.
    """
    cls, code = find(room, spec)
    known = {f.name: f for f in dataclasses.fields(cls) if f.init}
    for key, value in params.items():
        if key not in known:
            raise RecipeError(unknown(f"{where}: {room}.{spec}", key, list(known)))
        check_type(f"{where}: {room}.{spec}.{key}", known[key], value)
    values = {k: tuple(v) if isinstance(v, list) else v for k, v in params.items()}
    try:
        return Part(room, spec, cls(**values), code)
    except (TypeError, ValueError) as error:
        raise RecipeError(f"{where}: {room}.{spec} cannot be set up: {error}") from error


def find(room: str, spec: str) -> tuple[type, str]:
    """Return the class behind a name and, for a file of the user's, the sha256 of the file."""
    if spec.endswith(".py") or ".py:" in spec:
        return _from_file(spec)
    if (room, spec) in {(r, n) for r, n in names()}:
        return getattr(import_module(f"restore.{room}.{spec}"), camel(spec)), ""
    for point in entry_points(group=GROUP, name=f"{room}.{spec}"):
        return point.load(), f"{point.dist.name} {point.dist.version}" if point.dist else ""
    known = [n for r, n in names() if r == room]
    raise PartError(f"there is no part {room}.{spec}.{nearest(spec, known)} Known: {', '.join(known)}.")


def names() -> list[tuple[str, str]]:
    """Return (room, name) of every part of the package, in the pipeline's order."""
    out = []
    for room in ROOMS:
        package = import_module(f"restore.{room}")
        for found in pkgutil.iter_modules(package.__path__):
            source = Path(package.__path__[0], f"{found.name}.py")
            if not found.name.startswith("_") and source.exists() and _holds_part(source, found.name):
                out.append((room, found.name))
    return out


def about(cls: type) -> str:
    """Return the first sentence of a part's docstring: what it is good at and what it cannot do."""
    return " ".join((inspect.getdoc(cls) or "").split("\n\n")[0].split())


def parameters(cls: type) -> list[str]:
    """Return a line for each parameter of a part: its name, type and default, and what its docstring says of it."""
    words = _field_words(cls)
    return [
        f"{f.name}: {f.type} = {f.default!r}" + (f"   {words[f.name]}" if f.name in words else "")
        for f in dataclasses.fields(cls) if f.init
    ]


def _field_words(cls: type) -> dict[str, str]:
    """Return the string that stands under each field, inherited ones too: fields have their docstring there."""
    words: dict[str, str] = {}
    for base in reversed(cls.__mro__):
        if dataclasses.is_dataclass(base):
            words |= _own_words(base)
    return words


def _own_words(cls: type) -> dict[str, str]:
    body = ast.parse(textwrap.dedent(inspect.getsource(cls))).body[0]
    lines = getattr(body, "body", [])
    return {
        field.target.id: " ".join(words.value.value.split())
        for field, words in itertools.pairwise(lines)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        and isinstance(words, ast.Expr) and isinstance(words.value, ast.Constant) and isinstance(words.value.value, str)
    }


def camel(name: str) -> str:
    """Return the class name that a file name stands for."""
    return "".join(piece.capitalize() for piece in name.split("_"))


def unknown(where: str, key: str, known: list[str]) -> str:
    """Return the message for a key nobody knows, with the nearest one that exists."""
    return f"{where} has no field {key!r}.{nearest(key, known)} Fields: {', '.join(known) or 'none'}."


def check_type(where: str, field: dataclasses.Field[Any], value: Any) -> None:
    """Raise RecipeError where a value cannot be what the field is declared to be."""
    kind = str(field.type)
    wanted = {"int": int, "float": (int, float), "bool": bool, "str": str}.get(kind)
    if wanted is None:
        return
    if not isinstance(value, wanted) or (isinstance(value, bool) and kind != "bool"):  # type: ignore[arg-type]
        raise RecipeError(f"{where} is {value!r}; it needs to be {WRITTEN[kind]}.")


def _holds_part(source: Path, name: str) -> bool:
    text = source.read_text(encoding="utf-8")
    return bool(re.search(rf"^class {camel(name)}\b.*?^    version: ClassVar\[int\]", text, re.MULTILINE | re.DOTALL))


def _from_file(spec: str) -> tuple[type, str]:
    path, _, name = spec.partition(".py:")
    file = Path(path if path.endswith(".py") else path + ".py")
    if not file.is_file():
        raise PartError(f"the part file {file} does not exist; give its path relative to where you are, or in full.")
    module = _load(file)
    cls = getattr(module, name or camel(file.stem), None)
    if not dataclasses.is_dataclass(cls) or not isinstance(cls, type):
        raise PartError(
            f"{file} holds no dataclass {name or camel(file.stem)}; "
            f"name the class after the file, or write {file}:Name."
        )
    return cls, hashlib.sha256(file.read_bytes()).hexdigest()


def _load(file: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"lacuna_part_{file.stem}", file)
    if spec is None or spec.loader is None:
        raise PartError(f"{file} cannot be read as Python; a part is a file that ends in .py.")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:  # it is a stranger's code, and may raise anything
        why = f"{type(error).__name__}: {error}"
        raise PartError(f"{file} cannot be loaded as a part ({why}). Correct it, or install what it needs.") from error
    return module


def nearest(word: str, known: list[str]) -> str:
    """Return " Did you mean ...?" with the one of the known words that is like a word, or nothing."""
    close = difflib.get_close_matches(word, known, 1)
    return f" Did you mean {close[0]!r}?" if close else ""


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, (tuple, list)) else value
