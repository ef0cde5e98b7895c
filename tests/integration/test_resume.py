import signal
import time

import pandas as pd
import pytest
import torch
from small_study import ASOF, Study

from datamodules.panel import Panel

EPOCHS = 6


@pytest.fixture(scope="module")
def words(study):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    return ("variant=v2", f"asof={asof}", f"trainer.max_epochs={EPOCHS}", "experiment=resume")


@pytest.fixture(scope="module")
def undisturbed(study, words):
    study.run("train", *words, "seed=1", "experiment=undisturbed")
    return _folder(study, "undisturbed")


def _folder(study: Study, experiment: str):
    (folder,) = (path.parent for path in study.runs.glob(f"{experiment}/*/*/*/fit.json"))
    return folder


def _rows(folder) -> int:
    path = folder / "metrics.csv"
    return len(pd.read_csv(path)) if path.is_file() else 0


def test_a_killed_fit_resumes_and_ends_with_the_same_weights(study, words, undisturbed):
    process = study.start("train", *words, "seed=1", "experiment=killed")
    deadline = time.monotonic() + 120
    while not list(study.runs.glob("killed/*/*/*/last.ckpt")):
        assert process.poll() is None, process.stderr.read()
        assert time.monotonic() < deadline
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    folder = _folder(study, "killed")
    assert _rows(folder) < EPOCHS
    study.run("train", *words, "seed=1", "experiment=killed")
    for name in ("best.ckpt", "last.ckpt"):
        one, other = (
            torch.load(place / name, weights_only=True)["state_dict"]
            for place in (undisturbed, folder)
        )
        assert all(torch.equal(one[key], other[key]) for key in one)
    pd.testing.assert_frame_equal(
        pd.read_csv(undisturbed / "metrics.csv"), pd.read_csv(folder / "metrics.csv")
    )


@pytest.mark.parametrize("residency", ["stream", "device"])
def test_where_the_panel_lives_does_not_change_the_weights(study, words, undisturbed, residency):
    study.run("train", *words, "seed=1", f"experiment={residency}", f"data.residency={residency}")
    one, other = (
        torch.load(place / "best.ckpt", weights_only=True)["state_dict"]
        for place in (undisturbed, _folder(study, residency))
    )
    assert all(torch.equal(one[key], other[key]) for key in one)
    assert _folder(study, residency).name == undisturbed.name
