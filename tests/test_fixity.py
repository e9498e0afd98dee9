from __future__ import annotations

import hashlib
import subprocess
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.decode import open_decoder
from restore.encode.ffv1 import Ffv1
from restore.encode.h264 import H264
from restore.encode.prores import Prores
from restore.encode.sequence import Sequence
from restore.errors import OutputError
from restore.fixity import Proof, Verdict, framemd5, verify
from restore.frames import Bits, Picture, support
from restore.probe import probe
from restore.source import Source
from restore.span import Span
from tests.encode.films import film, need, noise, through, waves
from tests.media_made import flip_bit

SIZE = (40, 56)


def write(
    path: Path, name: str, frames: int = 6, change: dict[tuple[int, int], tuple[int, int]] | None = None
) -> Source:
    """Write a film of noise, with single samples changed: {(frame, plane): (y, x)}."""
    told = film(name, frames, SIZE)
    pictures = noise(told)
    for (t, p), (y, x) in (change or {}).items():
        planes = [q.copy() for q in pictures[t].planes]
        planes[p][y, x] ^= 1
        pictures[t] = replace(pictures[t], planes=tuple(planes))
    through(Ffv1(), told, pictures, path)
    return probe(path)


def nothing(_: int) -> Bits:
    return np.zeros(SIZE, bool)


def blot(y: int, x: int, size: tuple[int, int] = SIZE) -> Bits:
    mask = np.zeros(size, bool)
    mask[y, x] = True
    return mask


def test_a_copy_is_identical_and_all_frames_are_told(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", "yuv420p")
    seen: list[int] = []
    proof = verify(source, tmp_path / "a.mkv", nothing, True, seen.append)
    assert proof.verdict is Verdict.IDENTICAL
    assert str(proof.verdict) == "identical outside the mask"
    assert proof.holds
    assert (proof.frames, proof.identical_frames, proof.changed_samples) == (6, 6, 0)
    assert proof.samples_outside_mask == 6 * source.pixels.picture_bytes(SIZE)
    assert seen == list(range(6))
    assert all(d.source_md5 == d.output_md5 for d in proof.digests)


@given(
    name=st.sampled_from(["gray16le", "yuv420p", "yuv411p", "yuv422p10le", "gbrp", "yuva444p10le", "gbrap16le"]),
    t=st.integers(0, 2), plane=st.integers(0, 3), y=st.floats(0, 0.99), x=st.floats(0, 0.99),
)
def test_one_changed_sample_in_any_plane_is_caught(
    name: str, t: int, plane: int, y: float, x: float, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("one")
    pixels = film(name, 1).pixels
    plane %= pixels.planes
    h, w = pixels.shape(plane, SIZE)
    at = (int(y * h), int(x * w))
    source = write(folder / "a.mkv", name, 3)
    write(folder / "b.mkv", name, 3, {(t, plane): at})
    proof = verify(source, folder / "b.mkv", nothing, True)
    assert proof.verdict is Verdict.VIOLATED
    assert (proof.samples_outside_mask_changed, proof.changed_samples, proof.identical_frames) == (1, 1, 2)
    first = proof.first_violation
    assert first is not None
    assert (first.frame, first.plane, first.y, first.x) == (t, plane, *at)
    assert int(first.source) ^ 1 == int(first.output)
    # Under a mask that touches the sample it is allowed; alpha is never under a mask.
    sy, sx = pixels.shift(plane)
    mask = blot(min(SIZE[0] - 1, at[0] << sy), min(SIZE[1] - 1, at[1] << sx))
    allowed = verify(source, folder / "b.mkv", lambda u: mask if u == t else nothing(u), True)
    alpha = plane >= pixels.colour_planes
    assert (allowed.verdict is Verdict.VIOLATED) == alpha
    assert allowed.changed_samples == 1


def test_a_mask_on_another_frame_or_pixel_allows_nothing(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", "yuv422p10le")
    write(tmp_path / "b.mkv", "yuv422p10le", change={(2, 1): (8, 9)})
    for mask_of in (
        lambda t: blot(8, 18) if t == 1 else nothing(t), lambda t: blot(8, 17), lambda t: blot(8, 20),
        lambda t: blot(9, 18),
    ):
        assert verify(source, tmp_path / "b.mkv", mask_of, True).samples_outside_mask_changed == 1
    assert verify(source, tmp_path / "b.mkv", lambda t: blot(8, 19), True).verdict is Verdict.IDENTICAL


def test_what_lies_outside_is_counted_plane_by_plane(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", "yuv420p", 2)
    mask = np.zeros(SIZE, bool)
    mask[3:10, 5:21] = True
    proof = verify(source, tmp_path / "a.mkv", lambda t: mask, True)
    inside = sum(int(support(mask, source.pixels, p).sum()) for p in range(3))
    assert proof.samples_outside_mask == 2 * (source.pixels.picture_bytes(SIZE) - inside)


@pytest.mark.parametrize(("change", "words"), [
    ({"frames": 5}, "frames: source 6, output 5"), ({"rate": Fraction(25)}, "rate: source 24, output 25"),
    ({"size": (40, 58)}, "size: source 56x40, output 58x40"), ({"name": "yuv422p"}, "pixel format: source yuv420p"),
    ({"shape": Fraction(16, 15)}, "pixel shape: source 1, output 16/15"),
])
def test_facts_that_differ_are_violations(change: dict[str, object], words: str, tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", "yuv420p")
    told = film(
        str(change.get("name", "yuv420p")), change.get("frames", 6), change.get("size", SIZE),  # type: ignore[arg-type]
        change.get("rate", Fraction(24)), sample_aspect=change.get("shape", Fraction(1)),  # type: ignore[arg-type]
    )
    through(Ffv1(), told, noise(told), tmp_path / "b.mkv")
    proof = verify(source, tmp_path / "b.mkv", nothing, True)
    assert proof.verdict is Verdict.VIOLATED
    assert words in proof.disagreements[0]


def test_damage_in_the_output_is_a_violation(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", "gray")
    (tmp_path / "b.mkv").write_bytes((tmp_path / "a.mkv").read_bytes())
    flip_bit(tmp_path / "b.mkv", 3)
    proof = verify(source, tmp_path / "b.mkv", nothing, True)
    assert proof.verdict is Verdict.VIOLATED
    assert [t for t, _ in proof.faults] == [3]


def test_a_lossy_proof_ends_at_the_encoder(tmp_path: Path) -> None:
    told = film("yuv422p10le", 12, (80, 96))
    pictures = waves(told)
    through(Ffv1(), told, pictures, tmp_path / "a.mkv")
    source = probe(tmp_path / "a.mkv")
    blank = np.zeros((80, 96), bool)
    found: dict[str, Proof] = {}
    for encoder, name in ((Prores(), "b.mov"), (H264(crf=18), "c.mp4"), (H264(crf=45), "d.mp4")):
        through(encoder, source, pictures, tmp_path / name)
        found[name] = verify(source, tmp_path / name, lambda t: blank, False)
        assert str(found[name].verdict) == "ends at the encoder"
        assert found[name].holds
    psnr = [p.psnr_db for p in found.values()]
    assert all(p is not None for p in psnr)
    assert psnr[0] > 40 > psnr[2]  # type: ignore[operator]
    assert psnr[1] > psnr[2] + 5  # type: ignore[operator]


def test_pictures_are_proved_too(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    for i in range(3):
        samples = np.random.default_rng(i).integers(0, 65535, (20, 30, 3), np.uint16)
        cv2.imwrite(str(tmp_path / "in" / f"p{i}.png"), samples)
    source = probe(tmp_path / "in", Fraction(18))
    decoder = open_decoder(source)
    pictures: list[Picture] = [decoder.read(t)[-1] for t in range(3)]
    planes = [p.copy() for p in pictures[1].planes]
    planes[0][4, 4] ^= 1
    pictures[1] = replace(pictures[1], planes=tuple(planes))
    through(Sequence(), source, pictures, tmp_path / "out")
    assert verify(source, tmp_path / "out", lambda t: blot(4, 4, (20, 30)), True).verdict is Verdict.IDENTICAL
    assert verify(source, tmp_path / "out", lambda t: blot(4, 5, (20, 30)), True).samples_outside_mask_changed == 1


def test_an_excerpt_is_compared_with_its_frames(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", "gray", 9)
    told = film("gray", 9, SIZE)
    taken = [replace(p, index=i) for i, p in enumerate(noise(told)[4:7])]
    through(Ffv1(), film("gray", 3, SIZE), taken, tmp_path / "b.mkv")
    asked: list[int] = []

    def mask_of(t: int) -> Bits:
        asked.append(t)
        return nothing(t)

    proof = verify(source, tmp_path / "b.mkv", mask_of, True, frames=Span(4, 7))
    assert proof.verdict is Verdict.IDENTICAL
    assert asked == [4, 5, 6]
    assert verify(source, tmp_path / "b.mkv", mask_of, True, frames=Span(3, 6)).verdict is Verdict.VIOLATED


def test_digests_are_those_of_ffmpeg(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", "yuv422p10le")
    proof = verify(source, tmp_path / "a.mkv", nothing, True)
    command = [need("ffmpeg"), "-v", "error", "-i", str(tmp_path / "a.mkv"), "-map", "0:v", "-f", "framemd5", "-"]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    theirs = [line.split(",")[-1].strip() for line in text.splitlines() if not line.startswith("#")]
    assert [d.output_md5 for d in proof.digests] == theirs
    lines = framemd5(proof, source.rate).splitlines()
    assert lines[-1] == f"5, {theirs[-1]}"
    first = noise(film("yuv422p10le", 6, SIZE))[0]
    assert theirs[0] == hashlib.md5(b"".join(p.tobytes() for p in first.planes)).hexdigest()


def test_an_output_that_is_not_there_or_no_film(tmp_path: Path) -> None:
    source = write(tmp_path / "a.mkv", "gray")
    with pytest.raises(OutputError, match="no such output"):
        verify(source, tmp_path / "b.mkv", nothing, True)
    (tmp_path / "b.mkv").write_bytes(b"no film")
    with pytest.raises(OutputError, match="cannot be read again"):
        verify(source, tmp_path / "b.mkv", nothing, True)
