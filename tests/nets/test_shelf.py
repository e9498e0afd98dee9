from __future__ import annotations

import subprocess
import sys

import pytest

from restore.errors import PartError
from restore.nets import shelf


def test_only_the_shipped_file_itself_is_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(shelf, "SHIPPED", tmp_path)
    path = tmp_path / "mine.safetensors"
    path.write_bytes(b"weights")
    (tmp_path / shelf.SUMS).write_text(f"{shelf.sha256(path)}  mine.safetensors\n")
    assert shelf.shipped("mine") == path
    path.write_bytes(b"other weights")
    with pytest.raises(PartError, match="not the file that was shipped"):
        shelf.shipped("mine")
    with pytest.raises(PartError, match="'other' were asked for; this installation has mine"):
        shelf.shipped("other")


def test_all_that_is_shipped_is_what_was_shipped():
    sums = dict(reversed(line.split()) for line in (shelf.SHIPPED / shelf.SUMS).read_text().splitlines())
    there = {p.name for p in shelf.SHIPPED.iterdir() if p.suffix in (".safetensors", ".json")}
    assert there == set(sums)
    assert all(shelf.sha256(shelf.SHIPPED / name) == digest for name, digest in sums.items())


def test_finding_dirt_does_not_load_torch():
    code = "import sys, restore.detect.dirt; print('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "False\n"
