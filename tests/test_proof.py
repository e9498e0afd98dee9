"""A restoration and its proof: it holds where only filled samples changed, and nowhere else."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from restore.masks import import_masks
from restore.proof import prove
from restore.restoration import Wish
from restore.store import Store

from .media_made import make_video
from .runs import SIZE, planes_of, restore_it


def test_verify_proves_it_and_catches_one_changed_sample(reel: Path, masks: Path, tmp_path: Path) -> None:
    out, project = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna"
    restore_it(Wish(str(reel), str(out), masks=str(masks)))
    assert prove(str(reel), str(out), project).holds
    planes = [tuple(p.copy() for p in planes) for planes in planes_of(out)]
    planes[11][2][3, 4] ^= 1
    forged = make_video(tmp_path / "forged.mkv", planes, "yuv422p10le", rate=24)
    proof = prove(str(reel), str(forged), project)
    assert not proof.holds
    assert "11" in str(proof)


def test_the_proof_is_of_what_was_filled_not_of_what_is_masked_by_now(
    reel: Path, masks: Path, tmp_path: Path
) -> None:
    out, project = tmp_path / "out.mkv", tmp_path / "out.mkv.lacuna"
    restore_it(Wish(str(reel), str(out), masks=str(masks)))
    everything = tmp_path / "everything"
    everything.mkdir()
    cv2.imwrite(str(everything / "000011.png"), np.full(SIZE, 255, np.uint8))
    import_masks(Store.open(project), everything)
    planes = [tuple(p.copy() for p in planes) for planes in planes_of(out)]
    planes[11][0][3, 4] ^= 1
    forged = make_video(tmp_path / "forged.mkv", planes, "yuv422p10le", rate=24)
    assert not prove(str(reel), str(forged), project).holds
