from __future__ import annotations

import re

import pytest

from restore.report.palette import LEFT, SHADES
from restore.report.style import sheet

RULES = sheet()
LIGHT = dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", RULES.partition("@media")[0]))
DARK = dict(re.findall(r"--(\w+):(#[0-9a-f]{6})", RULES.partition("@media")[2].partition("}}")[0]))


def luminance(colour: str) -> float:
    """Return the relative luminance of WCAG 2.2."""
    parts = [int(colour[k:k + 2], 16) / 255 for k in (1, 3, 5)]
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted((luminance(one), luminance(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", ["ink", "quiet", "accent"])
def test_words_can_be_read_in_both_schemes(scheme: dict[str, str], name: str) -> None:
    assert contrast(scheme[name], scheme["paper"]) >= 4.5
    assert contrast(scheme[name], scheme["sheet"]) >= 4.5


@pytest.mark.parametrize("scheme", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("name", [n for n in SHADES if n != LEFT])
def test_shades_stand_out_in_both_schemes(scheme: dict[str, str], name: str) -> None:
    assert contrast("#" + bytes(SHADES[name]).hex(), scheme["paper"]) >= 3


def test_the_sheet_reaches_for_nothing_outside() -> None:
    assert "http" not in RULES
    assert "@import" not in RULES
    assert RULES.count("{") == RULES.count("}")
