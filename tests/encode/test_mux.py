from __future__ import annotations

import subprocess
from collections.abc import Iterator
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from restore.decode import open_decoder
from restore.encode.clock import clock
from restore.encode.ffv1 import Ffv1
from restore.encode.h264 import H264
from restore.encode.prores import Prores
from restore.encode.sequence import Sequence
from restore.errors import MaskError, OutputError
from restore.frames import Picture
from restore.probe import probe
from restore.source import Source
from restore.span import Span
from tests.encode.films import conforms, ffprobe, film, need, same, samples, stream_hashes, through

CODEC_FACTS = {
    "codec_name", "codec_long_name", "profile", "codec_tag", "codec_tag_string", "has_b_frames", "level", "is_avc",
    "id", "nal_length_size", "extradata_size", "bits_per_raw_sample", "bit_rate", "nb_frames", "time_base",
    "duration_ts", "duration", "start_pts", "start_time",
}
"""What a new encoding or another container changes."""


def restored(path: Path) -> tuple[Source, list[Picture]]:
    """Probe and decode a film."""
    source = probe(path)
    decoder = open_decoder(source)
    pictures = [decoder.read(t)[-1] for t in source.span]
    decoder.close()
    return source, pictures


def facts(stream: dict[str, Any]) -> dict[str, Any]:
    told = {k: v for k, v in stream.items() if k not in CODEC_FACTS}
    told["tags"] = {k.lower(): v for k, v in stream.get("tags", {}).items() if k.lower() not in ("encoder", "duration")}
    return told


def test_everything_beside_the_picture_arrives_in_matroska(rich_mkv: Path, tmp_path: Path) -> None:
    source, pictures = restored(rich_mkv)
    output = tmp_path / "out.mkv"
    assert Ffv1().check(source, output) == ()
    assert through(Ffv1(), source, pictures, output) == ()
    assert same(samples(output), [p.planes for p in pictures])
    before, after = (ffprobe(p, "streams", "chapters", "format") for p in (rich_mkv, output))
    assert [facts(s) for s in after["streams"]] == [facts(s) for s in before["streams"]]
    assert after["streams"][0]["sample_aspect_ratio"] == "16:15"
    assert after["streams"][0]["tags"]["TIMECODE"] == "10:00:00:00"
    assert after["chapters"] == before["chapters"]
    kept = {"title": "Un film", "ARTIST": "Somebody", "ARCHIVE_ID": "X-12"}
    assert {k: after["format"]["tags"].get(k) for k in kept} == kept
    for kind in ("a", "s"):
        assert stream_hashes(output, kind) == stream_hashes(rich_mkv, kind)
    with av.open(str(output)) as container:
        assert container.streams.attachments[0].data == bytes(range(256)) * 9
        assert container.streams.attachments[0].mimetype == "application/x-truetype-font"
    assert conforms(output)


def test_two_runs_and_two_ways_of_cutting_give_one_file(rich_mkv: Path, tmp_path: Path) -> None:
    source, pictures = restored(rich_mkv)
    for name, length in (("a", 5), ("b", 5), ("c", 12)):
        through(Ffv1(), source, pictures, tmp_path / f"{name}.mkv", source.span.split(length))
    a = (tmp_path / "a.mkv").read_bytes()
    assert a == (tmp_path / "b.mkv").read_bytes()
    assert a == (tmp_path / "c.mkv").read_bytes()


def test_mp4_sound_before_zero_and_words_arrive_in_matroska(rich_mp4: Path, tmp_path: Path) -> None:
    source, pictures = restored(rich_mp4)
    output = tmp_path / "out.mkv"
    notes = through(Ffv1(), source, pictures, output)
    assert len(notes) == 1
    assert "mov_text, is written as srt" in notes[0]
    assert notes == Ffv1().check(source, output)
    assert stream_hashes(output, "a") == stream_hashes(rich_mp4, "a")
    assert probe(output).pts[0] == 0  # the sound's priming does not push the picture back
    with av.open(str(output)) as container:
        words = [(p.pts, p.duration, bytes(p)) for p in container.demux(subtitles=0) if p.size]
        assert container.streams.subtitles[0].metadata["language"] == "fra"
    assert words == [(100, 500, b"Bonjour <i>le</i> monde"), (700, 500, b"Fin")]
    chapters = ffprobe(output, "chapters")["chapters"]
    assert [(c["start_time"], c["tags"]["title"]) for c in chapters] == [("0.000000", "One"), ("0.500000", "Two")]
    assert conforms(output)


def test_what_mp4_cannot_hold_is_named(rich_mkv: Path, tmp_path: Path) -> None:
    source, pictures = restored(rich_mkv)
    notes = through(H264(), source, pictures, tmp_path / "out.mp4")
    text = "\n".join(notes)
    assert "srt, is written as mov_text" in text
    assert "attachment font.ttf" in text
    assert "ARCHIVE_ID='X-12' of the file" in text
    streams = ffprobe(tmp_path / "out.mp4", "streams")["streams"]
    assert streams[0]["sample_aspect_ratio"] == "16:15"
    assert streams[0]["tags"]["timecode"] == "10:00:00:00"
    assert [s["tags"]["language"] for s in streams[1:4]] == ["fra", "deu", "fra"]
    assert len(ffprobe(tmp_path / "out.mp4", "chapters")["chapters"]) == 2


def test_a_timecode_track_is_made_anew(rich_mov: Path, tmp_path: Path) -> None:
    source, pictures = restored(rich_mov)
    assert through(Prores(), source, pictures, tmp_path / "out.mov") == ()
    streams = ffprobe(tmp_path / "out.mov", "streams")["streams"]
    assert [s["codec_tag_string"] for s in streams] == ["apch", "in24", "tmcd"]
    assert streams[2]["tags"]["timecode"] == "10:00:00:00"
    assert streams[0]["sample_aspect_ratio"] == "64:45"
    assert stream_hashes(tmp_path / "out.mov", "a") == stream_hashes(rich_mov, "a")
    assert through(Ffv1(), source, pictures, tmp_path / "out.mkv") == ()
    assert ffprobe(tmp_path / "out.mkv", "streams")["streams"][0]["tags"]["TIMECODE"] == "10:00:00:00"


@pytest.mark.parametrize(("encoder", "name"), [(Ffv1(), "a.mkv"), (Prores(), "a.mov"), (H264(grid_frames=8), "a.mp4")])
def test_uneven_times_arrive(uneven_mkv: Path, encoder: Any, name: str, tmp_path: Path) -> None:
    source, pictures = restored(uneven_mkv)
    assert source.variable_rate
    assert through(encoder, source, pictures, tmp_path / name) == ()
    written = probe(tmp_path / name)
    assert [t * written.time_base for t in written.pts] == [t * source.time_base for t in source.pts]


def test_an_excerpt_carries_only_the_picture(rich_mkv: Path, tmp_path: Path) -> None:
    source, pictures = restored(rich_mkv)
    part = source.excerpt(Span(10, 20))
    taken = [replace(pictures[t + 10], index=t) for t in range(10)]
    assert through(Ffv1(), part, taken, tmp_path / "out.mkv") == ()
    told = ffprobe(tmp_path / "out.mkv", "streams", "chapters")
    assert [s["codec_type"] for s in told["streams"]] == ["video"]
    assert told["chapters"] == []
    assert "TIMECODE" not in told["streams"][0]["tags"]  # it named the first frame of the whole film
    assert told["streams"][0]["sample_aspect_ratio"] == "16:15"


@pytest.mark.parametrize("rate", [Fraction(24000, 1001), Fraction(50, 3), Fraction(16)])
@pytest.mark.parametrize("container", ["mov", "mp4"])
def test_even_rates_are_counted_exactly(rate: Fraction, container: str) -> None:
    # Matroska rounds to milliseconds; what comes from there must not stay rounded.
    pts = tuple(round(1000 * (i / rate + Fraction(2))) for i in range(60))
    source = film("gray", 60, rate=rate, pts=pts, time_base=Fraction(1, 1000))
    times = clock(source, container)
    assert times.exact
    assert {b - a for a, b in zip(times.ticks, times.ticks[1:], strict=False)} == {times.frame_ticks}
    assert times.frame_ticks * times.unit == 1 / rate
    assert times.seconds(0) == 2


def test_frames_too_close_for_the_container_are_refused() -> None:
    source = film("gray", 9, rate=Fraction(4000))
    with pytest.raises(OutputError, match=r"closer than 0\.001"):
        clock(source, "matroska")


def test_pictures_turned_for_display_stay_turned(tmp_path: Path) -> None:
    with av.open(str(tmp_path / "in.mp4"), "w") as out:
        stream: Any = out.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        stream.set_display_rotation(90)
        for i in range(3):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for plane in frame.planes:
                plane.update(bytes(plane.buffer_size))
            frame.pts = i
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    source, pictures = restored(tmp_path / "in.mp4")
    for encoder, name in ((Ffv1(), "a.mkv"), (H264(), "a.mp4")):
        through(encoder, source, pictures, tmp_path / name)
        with av.open(str(tmp_path / name)) as container:
            assert next(container.decode(video=0)).rotation == 90


def test_tags_in_another_encoding_arrive_as_text(rich_mov: Path, tmp_path: Path) -> None:
    subprocess.run([need("ffmpeg"), "-v", "error", "-i", str(rich_mov), "-map", "0:v", "-c", "copy", "-metadata",
                    "title=Le XX cle", str(tmp_path / "in.mov")], check=True)
    data = (tmp_path / "in.mov").read_bytes()
    assert data.count(b"Le XX cle") == 1
    (tmp_path / "in.mov").write_bytes(data.replace(b"Le XX cle", "Le si\xe8cle".encode("latin-1")))
    source, pictures = restored(tmp_path / "in.mov")
    assert through(Ffv1(), source, pictures, tmp_path / "out.mkv") == ()
    assert ffprobe(tmp_path / "out.mkv", "format")["format"]["tags"]["title"] == "Le si\xe8cle"


def test_a_cover_picture_becomes_an_attachment(rich_mp4: Path, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "cover.png"), np.zeros((8, 8, 3), np.uint8))
    command = [need("ffmpeg"), "-v", "error", "-i", str(rich_mp4), "-i", str(tmp_path / "cover.png"), "-map", "0:v"]
    command += ["-map", "1:v", "-c", "copy", "-disposition:v:1", "attached_pic", str(tmp_path / "in.mp4")]
    subprocess.run(command, check=True)
    source, pictures = restored(tmp_path / "in.mp4")
    assert through(Ffv1(), source, pictures, tmp_path / "out.mkv") == ()
    streams = ffprobe(tmp_path / "out.mkv", "streams")["streams"]
    assert [s["codec_name"] for s in streams] == ["ffv1", "png"]
    assert streams[1]["disposition"]["attached_pic"] == 1
    with av.open(str(tmp_path / "out.mkv")) as container:
        picture = next(bytes(p) for p in container.demux(container.streams[1]) if p.size)
    assert picture == (tmp_path / "cover.png").read_bytes()
    assert through(H264(), source, pictures, tmp_path / "out.mp4") == ()
    assert len(ffprobe(tmp_path / "out.mp4", "streams")["streams"]) == 2


def test_errors_of_the_parts_keep_their_own_words(tmp_path: Path) -> None:
    def pictures() -> Iterator[Picture]:
        raise MaskError("the mask does not fit")
        yield

    source = film("gray", 2)
    for encoder in (Ffv1(), H264(), Sequence()):
        with pytest.raises(MaskError, match="the mask does not fit"):
            encoder.write_segment(tmp_path / "a", source, Span(0, 2), pictures())
    assert list(tmp_path.iterdir()) == []
