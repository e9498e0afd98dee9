"""ROD and SROD by their formulas, and the ranks they stand on."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.detect import _beside
from restore.detect._beside import Beside
from restore.detect._ranks import ranked, references
from restore.detect.rod import Rod
from restore.detect.srod import Srod


def random_beside(seed: int) -> Beside:
    rng = np.random.default_rng(seed)
    return Beside(*(rng.uniform(0, 255, (8, 9)).astype(np.float32) for _ in range(3)))


def references_at(near: Beside, y: int, x: int) -> list[float]:
    rows = [min(max(y + k, 0), near.here.shape[0] - 1) for k in (-1, 0, 1)]
    return sorted(float(v[r, x]) for v in (near.before, near.after) for r in rows)


@given(st.integers(0, 2**32 - 1))
def test_six_references_in_order(seed: int) -> None:
    near = random_beside(seed)
    assert np.array_equal(np.stack(ranked(near)), np.sort(np.stack(references(near)), axis=0))
    for y, x in ((0, 0), (3, 4), (7, 8)):
        assert [float(r[y, x]) for r in ranked(near)] == references_at(near, y, x)


def test_rod_pixel_by_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    near, part = random_beside(3), Rod(20, 40, 70)
    monkeypatch.setattr(_beside, "beside", lambda window, t: near)

    class Small:
        size = near.here.shape

    found = part.detect(Small(), 0).mask  # type: ignore[arg-type]
    for y, x in np.ndindex(near.here.shape):
        r, i = references_at(near, y, x), float(near.here[y, x])
        e = [i - r[5], i - r[4], i - r[3]] if i > (r[2] + r[3]) / 2 else [r[0] - i, r[1] - i, r[2] - i]
        assert found[y, x] == any(v > t for v, t in zip(e, (20, 40, 70), strict=True))
    assert 0 < found.sum() < found.size


def test_srod_pixel_by_pixel(monkeypatch: pytest.MonkeyPatch) -> None:
    near = random_beside(4)
    monkeypatch.setattr(_beside, "beside", lambda window, t: near)
    strength = Srod().score(None, 0)  # type: ignore[arg-type]
    for y, x in np.ndindex(near.here.shape):
        r, i = references_at(near, y, x), float(near.here[y, x])
        assert strength[y, x] == pytest.approx(max(r[0] - i, i - r[5], 0), abs=1e-3)
