from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from restore.detect import _line_judge
from restore.detect._network import Network, probability
from restore.detect.scratch import Scratch
from restore.errors import RestoreError
from restore.measure.bench import Clip
from restore.scenes import rides
from restore.scenes.damage import Damage
from restore.scenes.film import Film
from restore.scenes.reel import FILM_10BIT
from restore.train import judge, line_judge
from restore.train.judge import Finds, Plan, Schooling, fit, train
from restore.train.line_judge import FRAMES, LINES, Frozen

SIZE = (240, 320)


@pytest.fixture(scope="module")
def seen() -> Finds:
    film = Film(72, SIZE, FRAMES)
    clip = Clip("small", [film.planes(t, FILM_10BIT) for t in range(FRAMES)], FILM_10BIT)
    return line_judge.seen_of(clip, 9, 0)


def frozen() -> Frozen:
    return Frozen(4, SIZE, kinds=("scratch",), film_frames=30, severity=1.0)


def test_frozen_scratches_keep_their_shape_and_go_sideways() -> None:
    damage = frozen()
    line = max(damage.history.scratches, key=lambda s: s.stop - s.start)
    shapes = [line_judge.moved(line, t, SIZE) for t in range(line.start, line.stop)]
    sums = [s.alpha.sum(1) for s in shapes if s is not None]
    assert len(sums) > 3
    for other in sums[1:]:
        np.testing.assert_allclose(other, sums[0], rtol=0.02, atol=0.05)
    film = Damage(4, SIZE, kinds=("scratch",), film_frames=30, severity=1.0)
    assert [s.seed for s in damage.history.scratches] == [s.seed for s in film.history.scratches]


def test_lines_on_scratches_are_scratches_and_others_are_not(seen: Finds) -> None:
    assert seen.values.shape == (len(seen.share), len(_line_judge.NAMES))
    assert 0 < (seen.share > judge.DIRT_FROM).sum() < len(seen.share)
    assert (seen.share < judge.CLEAN_TO).any()
    sure = probability(fit(seen, 1).score(seen.values))
    assert sure[seen.share > judge.DIRT_FROM].mean() > sure[seen.share < judge.CLEAN_TO].mean()


def test_a_judge_of_ones_own_is_used_and_named_in_the_digest(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(judge, "FILM_SIZES", ((200, 256),))
    path = train(Plan(films=1, workers=0), tmp_path, trade=replace(LINES, schooling=Schooling(nets=2, epochs=1)))
    assert path.name == "lines.json"
    assert Network.read(path, _line_judge.NAMES).inner.shape[0] == len(_line_judge.NAMES)
    assert Scratch(judge=str(path)).fingerprint() != Scratch().fingerprint()


def test_photographs_are_ridden_over(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr(rides, "SIZES", ((200, 256),))
    noise = np.random.default_rng(3).uniform(0, 255, (20, 32, 3)).astype(np.uint8)
    cv2.imwrite(str(tmp_path / "wall.png"), cv2.resize(noise, (320, 200), interpolation=cv2.INTER_CUBIC))
    plan = Plan(films=0, photographs=tmp_path, rides=1, workers=0)
    said: list[str] = []
    finds = judge.collect(plan, LINES, tmp_path / "seen", said.append)
    assert said == ["looked at ride 0, 1 piece"]
    assert (tmp_path / "seen" / "ride-0.npz").is_file()
    assert (finds.share < judge.CLEAN_TO).sum() > 10
    with pytest.raises(RestoreError, match="--photographs"):
        judge.collect(replace(plan, photographs=None), LINES, tmp_path / "none", said.append)
