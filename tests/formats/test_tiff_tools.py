"""A changed TIFF as other programs see it: exiftool and tiffinfo find in it what they found before."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from restore.formats import Deed
from restore.formats.tiff import FORMAT

from .tiffs_made import changed_in, noise, write


def tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def said(*command: str | Path) -> list[str]:
    ran = subprocess.run(command, capture_output=True, text=True, check=False, errors="replace")
    moving = ("File", "Directory", "StripOffsets", "StripByteCounts", "TileOffsets", "TileByteCounts")
    lines = [line for line in (ran.stdout + ran.stderr).splitlines() if "TIFF Directory at" not in line]
    return [line for line in lines if not line.split("]")[-1].split("\t")[-1].strip().startswith(moving)]


@pytest.fixture
def scan(tmp_path: Path) -> tuple[Path, Path]:
    """A scan with Exif, GPS, IPTC and XMP, and its changed copy."""
    exiftool = tool("exiftool")
    pages = [noise((40, 50, 3), np.uint16, n) for n in range(3)]
    file = write(tmp_path / "a.tif", pages, photometric="rgb", compression="zlib", predictor=2, rowsperstrip=16,
                 byteorder=">")
    subprocess.run(
        [exiftool, "-q", "-m", "-overwrite_original", "-ExposureTime=1/60", "-ISO=100", "-GPSLatitude=48",
         "-GPSLatitudeRef=N", "-XMP-dc:Creator=A. Photographer", "-IPTC:Caption-Abstract=Leaf", str(file)], check=True,
    )
    FORMAT.write(tmp_path / "b.tif", file, changed_in(file, 0, 2), Deed())
    return file, tmp_path / "b.tif"


def test_exiftool_finds_the_same_tags_and_no_new_fault(scan: tuple[Path, Path]) -> None:
    exiftool = tool("exiftool")
    before, after = (said(exiftool, "-G1", "-s", "-a", "-u", "-ee", f) for f in scan)
    assert after == before
    assert sum("GPS" in line or "IPTC" in line or "XMP" in line or "ExifIFD" in line for line in before) > 5
    warned = [set(said(exiftool, "-validate", "-warning", "-a", f)) for f in scan]
    assert warned[1] <= warned[0]


def test_tiffinfo_reads_it_as_before(scan: tuple[Path, Path]) -> None:
    tiffinfo = tool("tiffinfo")
    before, after = (said(tiffinfo, "-D", f) for f in scan)
    assert [line.replace(str(scan[1]), str(scan[0])) for line in after] == before
    assert not any("rror" in line for line in after)
