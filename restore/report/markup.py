"""Words in, safe HTML out: every string is escaped unless it is Markup already, so forgetting is not possible."""

from __future__ import annotations

import html
import unicodedata
from collections.abc import Iterable, Sequence

Piece = str | int
"""A child of an element; whatever is not Markup is text and is escaped."""
VOID = frozenset({"meta", "img", "br", "path", "rect", "line"})
BIDI = frozenset("\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
"""Characters that could make a file's name read as another."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def text(value: Piece) -> Markup:
    """Return a value as HTML text; what cannot be seen or written (controls, lone surrogates) shows as its code."""
    if isinstance(value, Markup):
        return value
    words = str(value)
    if not (words.isascii() and words.isprintable()):  # pictures come as text too, and are long
        words = "".join(_visible(c) for c in words)
    return Markup(html.escape(words))


def el(tag: str, *children: Piece, **attributes: Piece | None) -> Markup:
    """Return an element. `class_` and `for_` lose their underscore, others become hyphens; None is left out."""
    written = "".join(
        f' {name.rstrip("_").replace("_", "-")}="{text(value)}"'
        for name, value in attributes.items() if value is not None
    )
    if tag in VOID:
        return Markup(f"<{tag}{written}>" if tag in ("meta", "img", "br") else f"<{tag}{written}/>")
    return Markup(f"<{tag}{written}>{join(children)}</{tag}>")


def join(pieces: Iterable[Piece], between: str = "") -> Markup:
    """Return pieces one after the other."""
    return Markup(text(between).join(text(p) for p in pieces))


def section(name: str, title: str, *children: Piece) -> Markup:
    """Return a section with a heading of its own."""
    return el("section", el("h2", title, id=name), *children, aria_labelledby=name)


def facts(caption: str, rows: Iterable[tuple[str, Piece]]) -> Markup:
    """Return a table of names and values; rows with nothing to say are left out."""
    body = [el("tr", el("th", name, scope="row"), el("td", value)) for name, value in rows if value != ""]
    return _table("facts", caption, (), body)


def table(caption: str, heads: Sequence[str], rows: Iterable[Sequence[Piece]], numeric: Sequence[int] = ()) -> Markup:
    """Return a table with a heading a column; the columns `numeric` are set to the right."""
    def cell(k: int, value: Piece) -> Markup:
        return el("td", value, class_="number" if k in numeric else None)

    body = [el("tr", *(cell(k, v) for k, v in enumerate(row))) for row in rows]
    return _table("list", caption, [el("th", h, scope="col", class_="number" if k in numeric else None)
                                    for k, h in enumerate(heads)], body)


def _table(kind: str, caption: str, heads: Sequence[Markup], body: Sequence[Markup]) -> Markup:
    head = [el("thead", el("tr", *heads))] if heads else []
    inner = el("table", el("caption", caption), *head, el("tbody", *body), class_=kind)
    return el("div", inner, class_="wide", tabindex=0, role="region", aria_label=caption)


def _visible(c: str) -> str:
    unseen = unicodedata.category(c) in ("Cc", "Cs") and c not in "\n\t"
    return c.encode("unicode_escape").decode() if unseen or c in BIDI else c
