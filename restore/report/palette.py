"""The colours of where pixels came from: one set for the plot, the legend and the outlines on pictures."""

from __future__ import annotations

from collections.abc import Sequence

RGB = tuple[int, int, int]

COPIED, LEFT = "copied", "left"
SHADES: dict[str, RGB] = {
    COPIED: (0x22, 0x8E, 0x84),
    "made0": (0xCB, 0x3F, 0x33),
    "made1": (0xC4, 0x7A, 0x12),
    "made2": (0x96, 0x55, 0xAE),
    "made3": (0x86, 0x80, 0x1C),
    LEFT: (0xFF, 0xFF, 0xFF),
}
"""CSS class to colour: verdigris for real picture, madder and its neighbours for what was made up, in the order of the
ladder. All keep 3:1 against both grounds of the page (WCAG 2.2, 1.4.11)."""


def made(place: int) -> str:
    """Return the class of the inventing filler at a place, counted from 0; the fourth and later share one."""
    return f"made{min(place, 3)}"


def shade_of_origin(origin: int, ladder: Sequence[str], inventors: Sequence[str]) -> str:
    """Return the class of an origin layer's value: 0 wanted and left, 1 copied, 2 + k filled by `ladder[k]`."""
    if origin < 2:
        return COPIED if origin else LEFT
    name = ladder[origin - 2] if origin - 2 < len(ladder) else ""
    return made(inventors.index(name) if name in inventors else len(inventors))


def css() -> str:
    """Return the rules that colour swatches and bands."""
    rules = [f".{name}{{--shade:#{r:02x}{g:02x}{b:02x}}}" for name, (r, g, b) in SHADES.items() if name != LEFT]
    return "\n".join(rules)
