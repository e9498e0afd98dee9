"""Fixtures every test may ask for."""

from __future__ import annotations

import os
from pathlib import Path

import cv2
import pytest
from hypothesis import HealthCheck, settings

# The machine's speed is not what is tested, and two levels of threads only get in each other's way.
settings.register_profile("lacuna", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=20)
settings.load_profile("lacuna")
cv2.setNumThreads(1)

MEDIA = Path(os.environ.get("LACUNA_MEDIA", Path(__file__).parents[2] / "shared" / "media"))


@pytest.fixture(scope="session")
def media() -> Path:
    """Real material, which is not part of the repository; the tests that look at it are skipped without it."""
    if not MEDIA.is_dir():
        pytest.skip(f"no real material at {MEDIA}; set LACUNA_MEDIA to where it is")
    return MEDIA
