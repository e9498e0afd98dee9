"""What ffprobe says of a file, and of two files side by side: the table that a restoration must not change."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

STREAM = (
    "width", "height", "sample_aspect_ratio", "r_frame_rate", "avg_frame_rate", "field_order", "color_range",
    "color_space", "color_transfer", "color_primaries", "chroma_location", "pix_fmt",
    "sample_rate", "channels", "channel_layout", "codec_name",
)
TAGS = ("language", "title", "rotate", "reel_name", "alpha_mode")
FORMAT = ("title", "artist", "comment", "date", "copyright")
OURS = {"premis.xml", "restoration.json"}
"""Attachments that a restoration adds to a Matroska file: what was done, which the source cannot say."""
FRAME = ("interlaced_frame", "top_field_first", "pix_fmt", "width", "height")
Facts = dict[str, Any]


def tool(name: str) -> str:
    found = shutil.which(name)
    if not found:
        pytest.skip(f"{name} is not installed")
    return found


def said(*command: str, **environment: str) -> str:
    return subprocess.run(
        command, capture_output=True, text=True, check=True, errors="replace", env={**os.environ, **environment}
    ).stdout


def made(path: Path, *words: str) -> Path:
    """Let FFmpeg make a file."""
    subprocess.run([tool("ffmpeg"), "-v", "error", "-y", *words, str(path)], check=True)
    return path


def facts(path: Path, first_frames: int = 0) -> Facts:
    """Return every fact that must survive, by name: "0 video width" and so on; of all frames, or of some first ones."""
    text = said(
        tool("ffprobe"), "-v", "quiet", "-show_streams", "-show_chapters", "-show_format", "-of", "json", str(path)
    )
    found = json.loads(text)
    out: Facts = {}
    for stream in found["streams"]:
        if _tags(stream).get("filename") not in OURS:
            out |= _stream(stream)
    tags = _tags(found["format"])
    out |= {f"file {k}": v for k, v in tags.items() if k in FORMAT}
    out |= {"timecode": tags["timecode"]} if "timecode" in tags else {}
    for c in found["chapters"]:
        out[f"chapter {c['start_time']}..{c['end_time']}"] = c.get("tags", {}).get("title")
    return out | _frames(path, first_frames)


def streams(path: Path) -> list[dict[str, Any]]:
    """Return what ffprobe says of each stream."""
    listed: list[dict[str, Any]] = json.loads(
        said(tool("ffprobe"), "-v", "quiet", "-show_streams", "-of", "json", str(path))
    )["streams"]
    return listed


def _tags(of: Mapping[str, Any]) -> dict[str, str]:
    return {k.lower(): v for k, v in of.get("tags", {}).items()}


def _stream(s: Mapping[str, Any]) -> Facts:
    tags = _tags(s)
    timecode: Facts = {"timecode": tags["timecode"]} if "timecode" in tags else {}
    if s["codec_type"] == "data":
        return timecode | ({"timecode track": 1} if s["codec_tag_string"] == "tmcd" else {})
    name = f"{s['index']} {s['codec_type']}"
    out: Facts = {f"{name} {k}": s[k] for k in STREAM if s.get(k) not in (None, "unknown", "unspecified", "0:1")}
    out |= {f"{name} {k}": tags[k] for k in TAGS if k in tags and (k, tags[k]) != ("language", "und")}
    out |= {f"{name} {k}": 1 for k, on in s["disposition"].items() if on}
    for side in s.get("side_data_list", []):
        kind = side["side_data_type"]
        said_of = {k: v for k, v in side.items() if k not in ("side_data_type", "displaymatrix")}
        if "astering" in kind or "light level" in kind:
            out |= _lit(kind, said_of)
        elif "CPB" not in kind:  # what an encoder promised to a buffer
            out |= {f"{name} {kind}: {k}": v for k, v in said_of.items()}
    return out | timecode


def _frames(path: Path, first: int) -> Facts:
    """Return what the decoder says of the pictures of the first film: how many, when, whether in fields."""
    # What comes first is not decoded first.
    some = ["-read_intervals", f"%+#{first + 12}"] if first else []
    text = said(
        tool("ffprobe"), "-v", "quiet", "-select_streams", "v:0", *some, "-show_frames", "-of", "json", str(path)
    )
    frames = json.loads(text)["frames"][: first or None]
    out: Facts = {"frames": len(frames)}
    out |= {f"frames {k}": sorted({f[k] for f in frames}) for k in FRAME if frames and k in frames[0]}
    times = [float(f.get("pts_time", f.get("best_effort_timestamp_time", "nan"))) for f in frames]
    out["frames shown at, s"] = [round(t - times[0], 3) for t in times]
    for side in frames[0].get("side_data_list", []) if frames else []:
        kind = side.get("side_data_type", "")
        if "astering" in kind or "light level" in kind:
            out |= _lit(kind, {k: v for k, v in side.items() if k != "side_data_type"})
    return out


def _lit(kind: str, side: Mapping[str, Any]) -> Facts:
    """Return what is said of light, wherever it is said, as numbers."""
    return {f"{kind}: {k}": round(float(Fraction(v)), 5) for k, v in side.items()}


def table(before: Mapping[str, Any], after: Mapping[str, Any], ignored: Iterable[str] = ()) -> tuple[str, list[str]]:
    """Return the table of both, and the names of the facts that differ. `ignored` are ends of names."""
    lines, wrong = [], []
    for name in dict.fromkeys([*before, *after]):
        a, b = before.get(name, "-"), after.get(name, "-")
        differs = a != b and not any(name.endswith(end) for end in ignored)
        if differs:
            wrong.append(name)
        mark = "  <-- differs" if differs else "  (expected)" if a != b else ""
        lines.append(f"{name:58} {_short(a):38} {_short(b):38}{mark}")
    return "\n".join([f"{'fact':58} {'before':38} {'after':38}", *lines]), wrong


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 36 else f"{text[:20]} ... {text[-11:]}"
