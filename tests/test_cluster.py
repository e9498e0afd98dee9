"""Runs on a Dask cluster that is there already, or is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from restore.errors import RestoreError
from restore.restoration import Wish, carry_out, prepare

from .runs import restore_it


def test_a_cluster_that_is_there_already_does_the_same_work(reel: Path, tmp_path: Path) -> None:
    from distributed import LocalCluster

    here, there = tmp_path / "here.mkv", tmp_path / "there.mkv"
    restore_it(Wish(str(reel), str(here)), 5)
    with LocalCluster(
        n_workers=1, threads_per_worker=2, processes=False, protocol="tcp://", host="127.0.0.1",
        dashboard_address="127.0.0.1:0", silence_logs=50,
    ) as cluster:
        restore_it(Wish(str(reel), str(there), scheduler=cluster.scheduler_address), 4)
    assert here.read_bytes() == there.read_bytes()


def test_a_cluster_that_does_not_answer_is_named(
    reel: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("restore.run.ANSWER_WITHIN", "1s")
    with pytest.raises(RestoreError, match=r"tcp://127\.0\.0\.1:9"):
        carry_out(prepare(Wish(str(reel), str(tmp_path / "out.mkv"), scheduler="tcp://127.0.0.1:9")))
