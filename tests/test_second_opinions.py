"""Independent programs look at what a run made: Debian's ffprobe and ffmpeg, mediainfo, mediaconch."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from restore.restoration import Wish, carry_out, prepare

FACTS = (
    "codec_type", "codec_name", "width", "height", "pix_fmt", "sample_aspect_ratio", "display_aspect_ratio",
    "r_frame_rate", "avg_frame_rate", "color_range", "color_space", "color_transfer", "color_primaries",
    "chroma_location", "field_order", "sample_rate", "channels",
)


def tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def said(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.fixture(scope="module")
def tape(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A PAL tape as an archive keeps it: FFV1, oblong pixels, two sound tracks, subtitles, a chapter, a timecode."""
    folder = tmp_path_factory.mktemp("tape")
    (folder / "words.srt").write_text("1\n00:00:00,100 --> 00:00:00,900\nlacuna\n", encoding="utf-8")
    (folder / "chapters.txt").write_text(
        ";FFMETADATA1\ntitle=Reel 3\n[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=Leader\n", encoding="utf-8"
    )
    path = folder / "tape.mkv"
    subprocess.run(
        [
            tool("ffmpeg"), "-v", "error", "-y",
            "-f", "lavfi", "-i", "testsrc2=size=180x144:rate=25:duration=1,noise=alls=6",
            "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000:duration=1",
            "-f", "lavfi", "-i", "sine=frequency=880:sample_rate=44100:duration=1",
            "-i", str(folder / "words.srt"), "-i", str(folder / "chapters.txt"),
            "-map", "0:v", "-map", "1:a", "-map", "2:a", "-map", "3:s", "-map_metadata", "4",
            "-vf", "format=yuv422p10le,setsar=16/15,setparams=range=tv:colorspace=bt470bg:color_primaries=bt470bg"
            ":color_trc=bt709", "-c:v", "ffv1", "-level", "3", "-g", "1", "-slices", "4", "-slicecrc", "1",
            "-c:a:0", "pcm_s24le", "-c:a:1", "flac", "-c:s", "srt", "-metadata:s:a:0", "language=deu",
            "-metadata:s:a:1", "language=eng", "-metadata:s:s:0", "language=fra", "-metadata", "timecode=10:00:00:00",
            str(path),
        ],
        check=True,
    )
    return path


@pytest.fixture(scope="module")
def restored(tape: Path) -> Path:
    out = tape.with_name("restored.mkv")
    assert carry_out(prepare(Wish(str(tape), str(out)))).ok
    return out


def facts(path: Path) -> list[dict[str, object]]:
    streams = json.loads(said(tool("ffprobe"), "-v", "error", "-show_streams", "-of", "json", str(path)))["streams"]
    return [
        {k: s.get(k) for k in FACTS} | {"language": s.get("tags", {}).get("language"), **s["disposition"]}
        for s in streams
    ]


def test_ffprobe_prints_the_same_facts_before_and_after(tape: Path, restored: Path) -> None:
    before, after = facts(tape), facts(restored)
    streams, papers = after[: len(before)], after[len(before) :]
    assert before == streams
    assert [p["codec_type"] for p in papers] == ["attachment"] * 2, "the record of the restoration, and nothing else"
    assert before[0]["sample_aspect_ratio"] == "16:15"
    assert before[0]["color_space"] == "bt470bg"


@pytest.mark.parametrize("stream", ["0:a:0", "0:a:1", "0:s:0"])
def test_sound_and_subtitles_are_the_very_same_bytes(stream: str, tape: Path, restored: Path) -> None:
    hashes = {
        said(tool("ffmpeg"), "-v", "error", "-i", str(p), "-map", stream, "-c", "copy", "-f", "md5", "-")
        for p in (tape, restored)
    }
    assert len(hashes) == 1


def test_title_timecode_and_chapters_are_there(tape: Path, restored: Path) -> None:
    before, after = (
        json.loads(said(tool("ffprobe"), "-v", "error", "-show_format", "-show_chapters", "-of", "json", str(p)))
        for p in (tape, restored)
    )
    tags = [{k.lower(): v for k, v in f["format"]["tags"].items()} for f in (before, after)]
    assert tags[0]["title"] == tags[1]["title"] == "Reel 3"
    assert tags[0]["timecode"] == tags[1]["timecode"]
    assert [(c["start_time"], c["end_time"], c["tags"]) for c in before["chapters"]] == [
        (c["start_time"], c["end_time"], c["tags"]) for c in after["chapters"]
    ]


def test_another_decoder_sees_the_same_frames_where_nothing_was_found(tape: Path, restored: Path) -> None:
    """ffmpeg's own framemd5 of both files differs just in the frames that the project says it changed."""
    from restore.store import Store


    def sums(path: Path) -> list[str]:
        lines = said(tool("ffmpeg"), "-v", "error", "-i", str(path), "-map", "0:v", "-f", "framemd5", "-").splitlines()
        return [line.split(",")[-1].strip() for line in lines if not line.startswith("#")]

    store = Store.open(restored.with_name("restored.mkv.lacuna"))
    changed = {t for t in range(store.source.frames) if store.patch("blend", t).where.size}
    assert {t for t, (a, b) in enumerate(zip(sums(tape), sums(restored), strict=True)) if a != b} <= changed


def test_mediaconch_finds_the_matroska_file_conformant(restored: Path) -> None:
    answer = said(tool("mediaconch"), "-mc", str(restored))
    assert answer.startswith("pass!"), answer


def test_mediainfo_sees_a_preservation_master(restored: Path) -> None:
    tracks = json.loads(said(tool("mediainfo"), "--Output=JSON", str(restored)))["media"]["track"]
    picture = next(t for t in tracks if t["@type"] == "Video")
    assert picture["Format"] == "FFV1"
    assert picture["Format_Version"].startswith("3")
    assert picture["extra"]["ErrorDetectionType"] == "Per slice"
    assert picture["BitDepth"] == "10"
    assert picture["PixelAspectRatio"] == "1.067"
    assert next(t for t in tracks if t["@type"] == "General").get("UniqueID")
