"""A wish in, a small project on disk out: stamps, layers and edits as a run leaves them, without a run."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from restore.frames import DONOR, Bits, Patch, Picture, empty_patch, pack, support
from restore.ledger import Stamp, write_atomic
from restore.source import PixelFormat, Source, Stream
from restore.span import Span
from restore.store import Store

YUV420 = PixelFormat("yuv420p", "yuv", 8, 1, 1, full_range=False)
RECIPE = """name = "film"
about = "for tests"

[policy]
invent = true
strict = false

[[detect]]
part = "dirt"

[[fill]]
part = "donors"

[[fill]]
part = "rows"

[[fill]]
part = "harmonic"

[[blend]]
part = "steady"
"""
ROWS, HARMONIC = 3, 4
"""Values of the origin layer for this ladder."""


def source_of(
    frames: int, path: str = "reel.mkv", size: tuple[int, int] = (64, 96), pixels: PixelFormat = YUV420
) -> Source:
    return Source(
        path=path, kind="video", sha256="ab" * 32, size=size, pixels=pixels, rate=Fraction(24000, 1001),
        time_base=Fraction(1001, 24000), pts=tuple(range(frames)), keyframes=tuple(range(frames)), codec="ffv1",
        container="matroska", byte_count=12_345_678, other_streams=(Stream(1, "audio", "pcm_s16le", "eng"),),
    )


def part(room: str, name: str, **params: Any) -> dict[str, Any]:
    return {"room": room, "name": name, "version": 1, "code": "", "params": params}


LADDER = (part("fill", "donors", reach=3), part("fill", "rows"), part("fill", "harmonic"))


@dataclass
class Project:
    """A store with what was put into it."""

    store: Store
    grid: int

    def stamp(self, stage: str, span: Span, facts: Mapping[str, Any] | None = None, **more: Any) -> None:
        """Write one stamp; `out` is one digest for every frame."""
        made = {
            "out": {str(t): f"digest-{t}" for t in span} if stage != "join" else {},
            "parts": LADDER if stage == "fill" else (part(stage, stage),),
            "started": "2026-11-21T10:00:00+00:00", "seconds": 1.5, "key": f"key-{stage}-{span}",
        } | more
        self.store.ledger.write(Stamp(stage, (span.start, span.stop), facts=dict(facts or {}), **made))  # type: ignore[arg-type]

    def detect(self, span: Span, masked: Mapping[int, int], **facts: Any) -> None:
        counts = {"dirt": {str(t): masked[t] for t in span if t in masked}}
        self.stamp("detect", span, {"faults": {}, "cuts": [], "masked_px": counts, "objects": {}} | facts)

    def fill(self, span: Span, pixels: Mapping[int, Mapping[str, int]]) -> None:
        self.stamp("fill", span, {"pixels": {str(t): dict(pixels[t]) for t in span if t in pixels}})

    def join(self, frames: Span, output: str = "/out/clean.mkv", output_ns: int = 1, **facts: Any) -> None:
        made = {"output": [output, output_ns, 999], "bytes": 9_876_543, "lossless": True, "notes": [], "segments": {}}
        self.stamp("join", frames, made | facts, started="2026-11-21T11:00:00+00:00")

    def spans(self) -> tuple[Span, ...]:
        return self.store.grid(self.store.source.span)

    def recipe(self, text: str = RECIPE) -> None:
        write_atomic(self.store.folder / "recipe.toml", text)

    def run(self, frames: Span) -> None:
        write_atomic(self.store.folder / "run.json", json.dumps({"frames": [frames.start, frames.stop]}))

    def finish(self, pixels: Mapping[int, Mapping[str, int]], **detected: Any) -> None:
        """Stamp every stage of every span, with these pixels by origin, and the join."""
        masked = {t: sum(c.values()) for t, c in pixels.items()}
        self.recipe()
        for span in self.spans():
            mine = {k: v(span) if callable(v) else v for k, v in detected.items()}
            self.detect(span, masked, **mine)
            self.fill(span, pixels)
            self.stamp("blend", span)
            self.stamp("encode", span, {"bytes": 1000})
        self.join(self.store.source.span)


def project(folder: Path, source: Source, grid: int = 4) -> Project:
    return Project(Store.create(folder, source, grid), grid)


def picture_of(source: Source) -> Callable[[int], Picture]:
    """Return a maker of pictures: a ramp that moves, with a bright speck where `damaged` marks it."""
    def make(t: int) -> Picture:
        planes = []
        for p in range(source.pixels.planes):
            h, w = source.pixels.shape(p, source.size)
            y, x = np.mgrid[0:h, 0:w]
            planes.append(((0.3 + 0.3 * np.sin((x + y + 3 * t) / 9)) * source.pixels.peak).astype(source.pixels.dtype))
        return Picture(t, tuple(planes))

    return make


def patch_of(source: Source, t: int, mask: Bits, origin: int = DONOR, code: int = 120, offset: int = -1) -> Patch:
    """Return a patch that sets every sample under `mask` to one code value."""
    empty = empty_patch(t, source.pixels, source.size)
    for p, plane in enumerate(empty.planes):
        plane[support(mask, source.pixels, p)] = code
    empty.origin[mask] = origin
    empty.offset[mask] = offset if origin == DONOR else 0
    return replace(empty, mask=mask)


def put(made: Project, masks: Mapping[int, Bits], patches: Mapping[int, Patch], span: Span) -> None:
    """Write detection, patches and blended patches of a span into the store's layers."""
    source = made.store.source
    nothing = np.zeros(source.size, bool)
    made.store.write_masks("dirt", span, [masks.get(t, nothing) for t in span])
    filled = [patches.get(t, empty_patch(t, source.pixels, source.size)) for t in span]
    packed = [pack(patch, made.store.source.pixels) for patch in filled]
    made.store.write_patches("fill", span, packed)
    made.store.write_patches("blend", span, packed, packed)
