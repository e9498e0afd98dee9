"""Fixtures every test may ask for."""

from __future__ import annotations

import gc
import os
from pathlib import Path

import cv2
import pytest
from hypothesis import HealthCheck, settings

from .media_made import make_video
from .runs import scene, true_masks

# The machine's speed is not what is tested, and two levels of threads only get in each other's way.
settings.register_profile("lacuna", deadline=None, suppress_health_check=[HealthCheck.too_slow], max_examples=20)
settings.load_profile("lacuna")
cv2.setNumThreads(1)

MEDIA = Path(os.environ.get("LACUNA_MEDIA", Path(__file__).parents[2] / "shared" / "media"))


def pytest_unconfigure() -> None:
    """Give back what `heap` froze: libraries of compiled code complain at the end of what nobody collected."""
    gc.unfreeze()


@pytest.fixture(scope="session")
def media() -> Path:
    """Real material, which is not part of the repository; the tests that look at it are skipped without it."""
    if not MEDIA.is_dir():
        pytest.skip(f"no real material at {MEDIA}; set LACUNA_MEDIA to where it is")
    return MEDIA


@pytest.fixture(scope="session")
def reel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small damaged film that every frame of can be decoded by itself; not to be written to."""
    return make_video(tmp_path_factory.mktemp("reel") / "reel.mkv", scene("yuv422p10le"), "yuv422p10le", rate=24, gop=1)


@pytest.fixture(scope="session")
def masks(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of its true masks, one PNG a frame; not to be written to."""
    return true_masks(tmp_path_factory.mktemp("masks") / "m")
