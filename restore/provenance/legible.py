"""Text in, text that every document can hold out: what XML and UTF-8 have no place for is written as its code."""

from __future__ import annotations


def legible(text: str) -> str:
    r"""Return text without control characters and halves of characters, which file names may have: \u0007, \udc80."""
    if text.isascii() and text.isprintable():
        return text
    return "".join(c if _allowed(c) else f"\\u{ord(c):04x}" for c in text)


def _allowed(c: str) -> bool:
    """Tell whether XML 1.0 (section 2.2) allows a character; carriage returns are left out, which it would change."""
    return c in "\n\t" or (c >= " " and not "\ud800" <= c <= "\udfff" and c not in "\ufffe\uffff")
