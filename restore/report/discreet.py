"""The text of a report on medical images in, the same without names of files and folders out: people name them.

Nothing of what is written in a medical file reaches a report; its name does, and may be a patient's. Pictures stay: a
report without them is none, so whoever passes it on looks at them first.
"""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

from restore.source import Source

FEWEST_LETTERS = 3
"""Names with fewer letters (0001.dcm, 12) are taken out as parts of paths only: as words they say nothing."""

PLAIN = re.compile("[a-z]+")


def without_names(text: str, source: Source, places: tuple[str, ...]) -> str:
    """Return text in which the source, its files and `places` (output, project) are called by what they are.

    Names are found as they are, as JSON has them and as HTML has them; `source` is told apart by its digest.
    """
    named = _names(source, places)
    forms = {form: said for name, said in named.items() for form in (name, json.dumps(name)[1:-1], html.escape(name))}
    any_of = re.compile("|".join(_pattern(form) for form in sorted(forms, key=len, reverse=True)))
    return any_of.sub(lambda found: forms[found.group()], text)


def label(source: Source) -> str:
    """Return what a source is called where its name is not told."""
    return f"SOURCE-{source.sha256[:12]}"


def _pattern(name: str) -> str:
    """Return the expression that finds a name: paths anywhere, words as words, and plain words where a path may stand.

    A folder may be called "in", and so are other things.
    """
    if "/" in name:
        return re.escape(name)
    return rf"(?<![\w.-]){re.escape(name)}" + (r"(?=[:/])" if PLAIN.fullmatch(name) else r"(?![\w-])")


def _names(source: Source, places: tuple[str, ...]) -> dict[str, str]:
    whole = dict.fromkeys(places, "OUTPUT-OR-PROJECT") | {source.path: label(source)}
    whole |= {file: f"{label(source)}/{n}" for n, file in enumerate(dict.fromkeys(source.files))}
    out = {}
    for path, said in whole.items():
        for form in {path, str(Path(path).absolute()), str(Path(path).resolve())}:
            out[form] = said
            out.setdefault(str(Path(form).parent), "FOLDER")
        name = Path(path).name
        if sum(map(str.isalpha, Path(path).stem)) >= FEWEST_LETTERS:
            out.setdefault(name, said)
    return {name: said for name, said in out.items() if len(name) > 1}
