"""BagIt bags and content credentials: valid as they are made, found out when a bit is changed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
import tifffile

from restore.errors import OutputError
from restore.proof import prove
from restore.provenance import bag
from restore.provenance.c2pa import Signer
from restore.provenance.record import ENHANCED
from restore.restoration import Wish, prepare
from restore.store import Store
from tests.media_made import make_video
from tests.runs import planes_of, restore_it, scene, true_masks
from tests.test_undo import same

c2pa = pytest.importorskip("c2pa")
signers = pytest.importorskip("tests.provenance.signers")


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    return signers.make_signer(tmp_path_factory.mktemp("signer"))  # type: ignore[no-any-return]


def film(folder: Path) -> tuple[Path, Path]:
    return (make_video(folder / "in.mkv", scene("yuv420p", 6), "yuv420p", rate=24), true_masks(folder / "m", 6))


def picture(folder: Path, kind: str) -> tuple[Path, Path]:
    rgb = np.random.default_rng(0).integers(0, 65535, (48, 64, 3)).astype(np.uint16)
    mask = np.zeros((48, 64), np.uint8)
    mask[20:30, 20:30] = 255
    cv2.imwrite(str(folder / f"in.{kind}"), rgb)
    (folder / "m").mkdir()
    cv2.imwrite(str(folder / "m" / "000000.png"), mask)
    return folder / f"in.{kind}", folder / "m"


def state(mime: str, data: bytes, manifest: bytes | None) -> tuple[str, dict[str, object]]:
    reader = c2pa.Reader(mime, io.BytesIO(data), manifest_data=manifest)
    try:
        told = json.loads(reader.json())
        return str(reader.get_validation_state()), told["manifests"][told["active_manifest"]]
    finally:
        reader.close()


def within_the_picture(path: Path) -> int:
    """Return a place in a file where samples lie: what the manifest does not speak of may be flipped unseen."""
    if path.suffix == ".tif":
        with tifffile.TiffFile(path) as tiff:
            return int(tiff.pages.first.dataoffsets[0]) + 40
    return path.read_bytes().index({".mkv": b"\x1f\x43\xb6\x75", ".mp4": b"mdat", ".png": b"IDAT"}[path.suffix]) + 90


MAKERS: dict[str, Callable[[Path], tuple[Path, Path]]] = {
    "out.mkv": film, "out.mp4": film, "out.png": lambda f: picture(f, "png"), "out.tif": lambda f: picture(f, "tif"),
}


@pytest.mark.parametrize(("name", "mime"), [("out.mkv", "application/octet-stream"), ("out.mp4", "video/mp4"),
                                            ("out.png", "image/png"), ("out.tif", "image/tiff")])
def test_credentials_are_valid_until_a_bit_flips(
    name: str, mime: str, signer: tuple[str, str], tmp_path: Path
) -> None:
    source, masks = MAKERS[name](tmp_path)
    out, project = tmp_path / name, tmp_path / f"{name}.lacuna"
    wish = Wish(str(source), str(out), "masks", masks=str(masks), c2pa=signer)
    restore_it(wish)
    signed = out.read_bytes()
    assert sum(restore_it(wish).values()) == 0
    assert out.read_bytes() == signed, "a second run does not sign again"
    beside = project / "provenance" / "c2pa" / f"{name}.c2pa"
    manifest = beside.read_bytes() if name == "out.mkv" else None
    found, told = state(mime, signed, manifest)
    assert found == "Valid"
    (actions,) = (a["data"]["actions"] for a in told["assertions"] if a["label"].startswith("c2pa.actions"))  # type: ignore[attr-defined]
    assert [a["action"] for a in actions] == ["c2pa.opened", "c2pa.edited"]
    assert actions[1].get("digitalSourceType") == ENHANCED, list(Store.open(project).ledger.stamps(("detect", "fill")))
    assert told["ingredients"][0]["title"] == source.name  # type: ignore[index]
    spoilt = bytearray(signed)
    spoilt[within_the_picture(out)] ^= 1
    assert state(mime, bytes(spoilt), manifest)[0] == "Invalid"
    assert prove(str(source), str(out), project).holds
    joined = Store.open(project).ledger.read("join", Store.open(project).source.span)
    assert joined
    assert f'"sha256": "{joined.facts["sha256"]}"' in (project / "provenance" / "restoration.json").read_text()


def test_a_key_that_does_not_fit_is_refused_and_the_output_stays(signer: tuple[str, str], tmp_path: Path) -> None:
    source, masks = picture(tmp_path, "png")
    out = tmp_path / "out.png"
    other = signers.make_signer(tmp_path)
    with pytest.raises(OutputError, match="could not be signed"):
        restore_it(Wish(str(source), str(out), "masks", masks=str(masks), c2pa=(signer[0], other[1])))
    assert out.stat().st_size > 1000
    assert not list(tmp_path.glob(".*partial"))
    assert not same(planes_of(out), planes_of(source))


def test_what_signs_is_looked_at_before_the_work(signer: tuple[str, str], tmp_path: Path) -> None:
    source, _ = picture(tmp_path, "png")
    for certificate, key, says in ((signer[0], "no.pem", "cannot be read"), (signer[1], signer[1], "no certificate"),
                                   (signer[0], str(source), "no private key")):
        with pytest.raises(OutputError, match=says):
            prepare(Wish(str(source), str(tmp_path / "o.png"), c2pa=(certificate, key)))


@pytest.mark.parametrize(("missing", "wish"), [("bagit", {"bag": True}), ("c2pa", {"c2pa": ("a", "b")})])
def test_a_missing_extra_is_named_with_the_line_that_installs_it(
    missing: str, wish: dict[str, object], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, missing, None)
    source, _ = picture(tmp_path, "png")
    with pytest.raises(OutputError, match=r"pip install 'lacuna\[provenance\]'"):
        prepare(Wish(str(source), str(tmp_path / "o.png"), **wish))  # type: ignore[arg-type]


def valid(folder: Path) -> bool:
    command = [sys.executable, "-m", "bagit", "--validate", "--quiet", str(folder)]
    return subprocess.run(command, capture_output=True).returncode == 0


def test_a_bag_is_valid_until_a_bit_flips(tmp_path: Path) -> None:
    source, masks = film(tmp_path)
    out = tmp_path / "out.mkv"
    wish = Wish(str(source), str(out), masks=str(masks), bag=True, operator="N. N.")
    restore_it(wish)
    made = bag.place(out)
    assert valid(made)
    assert (made / "data" / "out.mkv").read_bytes() == out.read_bytes()
    papers = {p.name for p in (made / "data" / "provenance").iterdir()}
    assert papers >= {"premis.xml", "restoration.json", "output.xmp", "source.framemd5", "output.framemd5"}
    assert "Contact-Name: N. N." in (made / "bag-info.txt").read_text()
    before = made.stat().st_ino, (made / "bag-info.txt").stat().st_mtime_ns
    restore_it(wish)
    assert (made.stat().st_ino, (made / "bag-info.txt").stat().st_mtime_ns) == before, "it is there already"
    data = bytearray((made / "data" / "out.mkv").read_bytes())
    data[700] ^= 1
    (made / "data" / "out.mkv").write_bytes(data)
    assert not valid(made)


def test_what_is_no_bag_is_not_replaced(tmp_path: Path) -> None:
    source, masks = picture(tmp_path, "png")
    bag.place(tmp_path / "out.png").mkdir()
    with pytest.raises(OutputError, match="in the way"):
        restore_it(Wish(str(source), str(tmp_path / "out.png"), "masks", masks=str(masks), bag=True))


def test_a_signer_knows_its_algorithm(signer: tuple[str, str]) -> None:
    assert Signer(Path(signer[0]), Path(signer[1])).algorithm() == "es256"
