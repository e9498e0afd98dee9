"""TOML in, a Recipe out: which parts, in which order, with which parameters. Complete, without inheritance.

Resources (memory, workers, device) are not in it: they must not change a pixel.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import resources
from pathlib import Path
from typing import Any

from restore.errors import RecipeError
from restore.parts import ROOMS, Part, check_type, find, make, names, nearest, unknown
from restore.sensitivity import NORMAL, fields_at, require

PRESETS = ("ultrafast", "fast", "medium")
NOTES = {"sensitivity": "  # for what is not written under [[detect]]; --sensitivity goes before both"}
"""What a recipe that is written out in full says beside a value."""


@dataclass(frozen=True)
class Policy:
    """What the work may do to the material, whatever the parts could."""

    invent: bool = True
    """Whether fillers that make up samples are allowed; without them what no frame can give back stays as it is."""
    strict: bool = False
    """Whether a frame that does not decode soundly stops the run instead of being listed and left alone."""
    sensitivity: str = NORMAL
    """How much detectors dare: cautious, normal or thorough. Fields written under a detector go before it."""

    def __post_init__(self) -> None:
        """Refuse steps that do not exist."""
        require(self.sensitivity)


@dataclass(frozen=True)
class Motion:
    """How motion is measured, for every part alike."""

    preset: str = "fast"
    """OpenCV DIS preset: ultrafast, fast or medium."""

    def __post_init__(self) -> None:
        """Refuse presets that do not exist."""
        if self.preset not in PRESETS:
            raise RecipeError(f"motion.preset is {self.preset!r}; it needs to be one of {', '.join(PRESETS)}.")


@dataclass(frozen=True)
class Recipe:
    """One way of working, with nothing left implicit."""

    name: str
    about: str = ""
    detect: tuple[Part, ...] = ()
    fill: tuple[Part, ...] = ()
    blend: tuple[Part, ...] = ()
    encode: tuple[Part, ...] = ()
    policy: Policy = field(default_factory=Policy)
    motion: Motion = field(default_factory=Motion)

    def encoder(self, name: str) -> Part:
        """Return the encoder `name` with the recipe's settings, or with its defaults where the recipe is silent."""
        return next((p for p in self.encode if p.name == name), None) or make("encode", name, {}, self.name)

    @property
    def ladder(self) -> tuple[Part, ...]:
        """Return the fillers the policy allows, in order."""
        return tuple(p for p in self.fill if self.policy.invent or not p.made.invents)

    @property
    def digest(self) -> str:
        """Return the sha256 of the complete text."""
        return hashlib.sha256(self.to_toml().encode()).hexdigest()

    def to_toml(self) -> str:
        """Return the recipe as TOML with every default filled in."""
        lines = [f"name = {_toml(self.name)}", f"about = {_toml(self.about)}"]
        for room, settings in (("policy", self.policy), ("motion", self.motion)):
            values = dataclasses.asdict(settings).items()
            lines += ["", f"[{room}]", *(f"{k} = {_toml(v)}{NOTES.get(k, '')}" for k, v in values)]
        for room in ("detect", "fill", "blend"):
            for part in getattr(self, room):
                lines += ["", f"[[{room}]]", f"part = {_toml(part.name)}"]
                lines += [f"{k} = {_toml(v)}" for k, v in part.params.items()]
        for part in self.encode:
            lines += ["", f"[encode.{part.name}]", *(f"{k} = {_toml(v)}" for k, v in part.params.items())]
        return "\n".join(lines) + "\n"


def load(name_or_path: str, settings: Sequence[str] = (), masks: Path | None = None) -> Recipe:
    """Return the recipe of a name ("film") or a TOML file, with `part.field=value` settings applied.

    With `masks` the pictures of that folder take the place of every detector. Raises RecipeError for an unknown
    recipe, key or value.
    """
    text, where = _read(name_or_path)
    return loads(text, where, settings, masks)


def loads(text: str, where: str = "recipe", settings: Sequence[str] = (), masks: Path | None = None) -> Recipe:
    """Return the recipe that a TOML text describes, with the masks and settings applied as in `load`."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RecipeError(
            f"{where} is not valid TOML: {error}. Correct it there; `lacuna workflows show film` prints one that is."
        ) from error
    _require_shape(data, where)
    if masks is not None:
        kept: dict[str, Any] = next((p for p in data.get("detect", ()) if p.get("part") == "matte"), {})
        data["detect"] = [{**kept, "part": "matte", "folder": str(masks)}]
    for setting in sorted(settings, key=lambda s: not _is_step(s)):  # what is set for one part goes before the knob
        _apply(data, setting, where)
    return build(data, where)


def build(data: Mapping[str, Any], where: str = "recipe") -> Recipe:
    """Return the recipe a parsed TOML document describes."""
    known = [f.name for f in dataclasses.fields(Recipe)]
    for key in data:
        if key not in known:
            raise RecipeError(unknown(where, key, known))
    policy = _settings(Policy, data.get("policy", {}), f"{where}: policy")
    return Recipe(
        name=str(data.get("name", Path(where).stem)),
        about=str(data.get("about", "")),
        detect=_parts("detect", {"detect": _at_step(policy.sensitivity, data.get("detect", ()))}, where),
        fill=_parts("fill", data, where),
        blend=_parts("blend", data, where),
        encode=tuple(make("encode", name, params, where) for name, params in dict(data.get("encode", {})).items()),
        policy=policy,
        motion=_settings(Motion, data.get("motion", {}), f"{where}: motion"),
    )


def _require_shape(data: Mapping[str, Any], where: str) -> None:
    """Refuse a document whose rooms are not written as they must be; which keys there are is looked at later."""
    for room in ("detect", "fill", "blend"):
        entries = data.get(room, [])
        odd = [entries] if not isinstance(entries, list) else [e for e in entries if not isinstance(e, dict)]
        odd += [e for e in entries if isinstance(e, dict) and not isinstance(e.get("part"), str)] if not odd else []
        if odd:
            raise RecipeError(
                f"{where}: every part of {room} needs [[{room}]], in double brackets, with part = \"name\" under it; "
                f"found {odd[0]!r}."
            )
    tables = {room: data.get(room, {}) for room in ("policy", "motion", "encode")}
    tables |= {f"encode.{k}": v for k, v in tables["encode"].items()} if isinstance(tables["encode"], dict) else {}
    for room, table in tables.items():
        if not isinstance(table, dict):
            raise RecipeError(f"{where}: {room} is {table!r}; it needs [{room}] with fields under it.")


def shipped() -> list[str]:
    """Return the names of the recipes that come with the program."""
    return sorted(f.name[:-5] for f in resources.files("workflows").iterdir() if f.name.endswith(".toml"))


def _read(name_or_path: str) -> tuple[str, str]:
    if name_or_path in shipped():
        file = resources.files("workflows") / f"{name_or_path}.toml"
        return file.read_text(encoding="utf-8"), f"workflows/{name_or_path}.toml"
    path = Path(name_or_path)
    if path.is_file():
        try:
            return path.read_text(encoding="utf-8"), str(path)
        except UnicodeDecodeError as error:
            raise RecipeError(
                f"{path} is no recipe: its byte {error.start} is not UTF-8 text. A recipe is a TOML file; "
                "`lacuna workflows show film` prints one to start from."
            ) from error
    raise RecipeError(
        f"there is no recipe {name_or_path!r}: neither a file nor one of {', '.join(shipped())}."
        f"{nearest(name_or_path, shipped())} `lacuna workflows list` says what each is for."
    )


def _parts(room: str, data: Mapping[str, Any], where: str) -> tuple[Part, ...]:
    return tuple(
        make(room, entry["part"], {k: v for k, v in entry.items() if k != "part"}, where)
        for entry in data.get(room, ())
    )


def _at_step(step: str, entries: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the detectors' entries with what a step means for them where they do not say it themselves."""
    return [fields_at(find("detect", entry["part"])[0], require(step)) | dict(entry) for entry in entries]


def _is_step(setting: str) -> bool:
    return setting.partition("=")[0].strip() == "policy.sensitivity"


def _settings(cls: type[Any], values: Mapping[str, Any], where: str) -> Any:
    fields = {f.name: f for f in dataclasses.fields(cls)}
    for key, value in values.items():
        if key not in fields:
            raise RecipeError(unknown(where, key, list(fields)))
        check_type(f"{where}.{key}", fields[key], value)
    return cls(**values)


def _apply(data: dict[str, Any], setting: str, where: str) -> None:
    """Set one `part.field=value` in a parsed document; the part may be named alone or with its room."""
    target, equals, text = setting.partition("=")
    owner, _, key = target.strip().rpartition(".")
    if not equals or not owner:
        raise RecipeError(f"--set {setting!r}: write part.field=value, for example dirt.contrast_levels=25.")
    value = _value(text.strip())
    room, _, named = owner.partition(".")
    owner = named if room in ROOMS else owner
    if owner in ("policy", "motion"):
        data.setdefault(owner, {})[key] = value
        if _is_step(setting):  # asked for by itself, it counts for what the recipe's text says of detectors as well
            data["detect"] = [
                entry | fields_at(find("detect", entry["part"])[0], require(str(value)))
                for entry in data.get("detect", ())
            ]
        return
    holders = [p for room in ("detect", "fill", "blend") for p in data.get(room, ()) if p.get("part") == owner]
    if not holders:
        holders = [_encoder_settings(data, owner, setting, where)]
    for holder in holders:
        holder[key] = value


def _encoder_settings(data: dict[str, Any], owner: str, setting: str, where: str) -> dict[str, Any]:
    if ("encode", owner) not in names():
        used = [p["part"] for room in ("detect", "fill", "blend") for p in data.get(room, ())] + ["policy", "motion"]
        known = ", ".join(used)
        raise RecipeError(
            f"--set {setting}: {where} uses no part {owner!r}.{nearest(owner, used)} What can be set: {known}."
        )
    holder: dict[str, Any] = data.setdefault("encode", {}).setdefault(owner, {})
    return holder


def _value(text: str) -> Any:
    try:
        return tomllib.loads(f"v = {text}")["v"]
    except tomllib.TOMLDecodeError:
        return text


def _toml(value: Any) -> str:
    # JSON's strings, numbers, booleans and arrays are TOML's as well.
    return json.dumps(value, ensure_ascii=False)
