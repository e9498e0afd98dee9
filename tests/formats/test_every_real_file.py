"""Every file of the collections of odd, old and hostile ones: it comes back as itself, or is refused with why."""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest

from .round_trip import LIMIT_S

ROOT = Path(__file__).parents[2]
LIBRARIES = ("imagecodecs", "OpenImageIO", "pydicom", "pylibjpeg", "openjpeg", "rle", "jpeg_ls", "gdcm")
AT_LEAST = {".tif": 32, ".tiff": 9, ".dpx": 20, ".cin": 1, ".exr": 21, ".dcm": 88, ".nii": 4, ".gz": 15}
"""How many of each kind come back as themselves where all libraries are there."""


@pytest.mark.parametrize("collection", ["formats", "medical"])
def test_every_file_comes_back_as_itself_or_is_refused(media: Path, tmp_path: Path, collection: str) -> None:
    files = sorted(p for p in (media / collection).rglob("*") if p.is_file())
    command = [sys.executable, "-m", "tests.formats.round_trip", str(tmp_path), *map(str, files)]
    ran = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True, timeout=LIMIT_S * len(files))
    found = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(found) == len(files) > 150
    assert not [f for f in found if f["how"] == "wrong"]
    assert all(f["why"].startswith(f["file"]) and len(f["why"]) > len(f["file"]) + 20
               for f in found if f["how"] == "refused")
    if all(map(find_spec, LIBRARIES)):
        fine = Counter(Path(f["file"]).suffix.lower() for f in found if f["how"] == "fine" and f["why"][:4] != "read")
        kinds = {Path(f).suffix.lower() for f in files}
        assert all(fine[kind] >= count for kind, count in AT_LEAST.items() if kind in kinds)
