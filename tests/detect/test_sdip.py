"""SDIp by its formula, and SDIp with agreement beside it."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from restore.detect import _beside
from restore.detect._beside import Beside
from restore.detect.sdip import Sdip
from restore.detect.sdip_agreed import SdipAgreed


def random_beside(seed: int, size: tuple[int, int] = (9, 11)) -> Beside:
    rng = np.random.default_rng(seed)
    return Beside(*(rng.uniform(0, 255, size).astype(np.float32) for _ in range(3)))


@given(st.integers(0, 2**32 - 1))
def test_the_formula_pixel_by_pixel(seed: int) -> None:
    near = random_beside(seed)
    least, gap = _beside.same_sign(near)
    for y, x in np.ndindex(near.here.shape):
        i, p, n = (float(v[y, x]) for v in (near.here, near.before, near.after))
        wanted = min(abs(i - p), abs(i - n)) if (i - p) * (i - n) > 0 else 0.0
        assert least[y, x] == pytest.approx(wanted, abs=1e-3)
        assert gap[y, x] == pytest.approx(abs(p - n), abs=1e-3)


def test_agreement_takes_away_and_adds_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    near = random_beside(5, (60, 80))
    monkeypatch.setattr(_beside, "beside", lambda window, t: near)
    plain = Sdip().score(None, 0)  # type: ignore[arg-type]
    agreed = SdipAgreed(share=0.5, slack_levels=2.0).score(None, 0)  # type: ignore[arg-type]
    kept = agreed > 0
    assert np.array_equal(agreed[kept], plain[kept])
    gap = np.abs(near.before - near.after)
    assert (gap[kept] <= 0.5 * plain[kept] + 2).all()
    assert (gap[(plain > 0) & ~kept] > 0.5 * plain[(plain > 0) & ~kept] + 2).all()
    assert 0 < kept.sum() < (plain > 0).sum()
