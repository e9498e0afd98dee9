"""Films with everything a container can carry, made once a session by ffmpeg."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.encode.films import need

SRT = "1\n00:00:00,100 --> 00:00:00,600\nBonjour <i>le</i> monde\n\n2\n00:00:00,700 --> 00:00:01,200\nFin\n\n"
CHAPTERS = (
    ";FFMETADATA1\ntitle=Un film\nartist=Somebody\nARCHIVE_ID=X-12\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=0\nEND=500\ntitle=One\n"
    "[CHAPTER]\nTIMEBASE=1/1000\nSTART=500\nEND=1500\ntitle=Two\n"
)


def run(folder: Path, arguments: str, output: str) -> Path:
    subprocess.run([need("ffmpeg"), "-y", "-v", "error", *arguments.split(), output], cwd=folder, check=True)
    return folder / output


@pytest.fixture(scope="session")
def carrier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with what the films below are made from."""
    folder = tmp_path_factory.mktemp("carrier")
    (folder / "s.srt").write_text(SRT)
    (folder / "m.txt").write_text(CHAPTERS)
    (folder / "font.ttf").write_bytes(bytes(range(256)) * 9)
    return folder


@pytest.fixture(scope="session")
def rich_mkv(carrier: Path) -> Path:
    """PAL shape, 23.976, two sounds, subtitles, chapters, a font, timecode, colour tags."""
    return run(
        carrier,
        "-f lavfi -i testsrc2=s=96x80:r=24000/1001:d=1.5 -f lavfi -i sine=440:d=1.5 -f lavfi -i sine=880:d=1.5 "
        "-i s.srt -f ffmetadata -i m.txt -map 0:v -map 1:a -map 2:a -map 3:s -map_metadata 4 -map_chapters 4 -c:v ffv1 "
        "-level 3 -g 1 -pix_fmt yuv422p10le -vf setsar=16/15 -c:a:0 pcm_s24le -c:a:1 flac -c:s srt "
        "-metadata:s:a:0 language=fra -metadata:s:a:0 title=Piste -metadata:s:a:1 language=deu "
        "-metadata:s:s:0 language=fra -disposition:a:1 0 -disposition:a:0 default -disposition:s:0 forced "
        "-metadata:s:v:0 timecode=10:00:00:00 "
        "-metadata:s:v:0 language=eng -attach font.ttf -metadata:s:t:0 mimetype=application/x-truetype-font "
        "-color_range tv -colorspace bt470bg -color_primaries bt470bg -color_trc gamma28 -chroma_sample_location left",
        "rich.mkv",
    )


@pytest.fixture(scope="session")
def rich_mp4(carrier: Path) -> Path:
    """AAC with its priming before 0, mov_text, chapters, reordered H.264."""
    return run(
        carrier,
        "-f lavfi -i testsrc2=s=96x80:r=25:d=1.5 -f lavfi -i sine=440:d=1.5 -i s.srt -f ffmetadata -i m.txt -map 0:v "
        "-map 1:a -map 2:s -map_metadata 3 -map_chapters 3 -c:v libx264 -pix_fmt yuv420p -c:a aac -c:s mov_text "
        "-metadata:s:a:0 language=fra -metadata:s:s:0 language=fra",
        "rich.mp4",
    )


@pytest.fixture(scope="session")
def rich_mov(carrier: Path) -> Path:
    """ProRes with a real timecode track."""
    return run(
        carrier,
        "-f lavfi -i testsrc2=s=96x80:r=25:d=1 -f lavfi -i sine=440:d=1 -map 0:v -map 1:a -c:v prores_ks -profile:v 3 "
        "-pix_fmt yuv422p10le -vf setsar=64/45 -c:a pcm_s24le -timecode 10:00:00:00 -metadata:s:a:0 language=fra",
        "rich.mov",
    )


@pytest.fixture(scope="session")
def uneven_mkv(carrier: Path) -> Path:
    """A film whose frames do not come at even times."""
    return run(
        carrier,
        r"-f lavfi -i testsrc2=s=96x80:r=25:d=2 -vf select='not(mod(n\,3))+not(mod(n\,7))' -vsync vfr -c:v libx264 "
        "-pix_fmt yuv420p",
        "uneven.mkv",
    )
