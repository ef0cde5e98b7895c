"""Several processes with a date each take the steps of one process with all of a step's dates."""

import os
import socket
from dataclasses import replace
from functools import partial

import lightning.pytorch as pl
import pandas as pd
import pytest
import torch
from helpers.small_study import ASOF, SMALL, Study
from helpers.warm import spawn

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.folder import Fit
from alphanet_pl.fit.train import train
from alphanet_pl.fit.trainer import leave_group
from datamodules.panel import Panel

VARIANTS = {2: ("v2", "v2.1", "v2.2", "v2.3", "v3"), 3: ("combined",)}
"""Plain, sampled features, neutralised loss, weighted loss, two branches; and all of it."""
STEPS = 20


def settings_of(study: Study, variant: str, ranks: int) -> Settings:
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    words = (
        *SMALL,
        f"variant={variant}",
        f"runs={study.runs}",
        f"asof={asof}",
        f"data.dates_per_step={ranks}",
        "data.in_sample_days=180",
        "trainer.max_epochs=1",
    )
    return load_settings("train", words)


def train_in_float64(job: Settings) -> Fit:
    """Adam divides a gradient that is nothing but rounding by its own size: float32 hides a lot."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pl, "Trainer", partial(pl.Trainer, precision="64-true"))
        return train(job)


def rank_of_many(rank: int, ranks: int, port: int, jobs: list[Settings]) -> None:
    os.environ |= {"LOCAL_RANK": str(rank), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    for job in jobs:
        train_in_float64(job)
    leave_group()


def fits_of(study: Study, ranks: int) -> dict[str, tuple[Fit, Fit]]:
    """For each variant the fit of one process and that of several."""
    alone = {
        name: replace(settings_of(study, name, ranks), experiment=f"one_of_{ranks}")
        for name in VARIANTS[ranks]
    }
    many = {
        name: replace(job, experiment=f"{ranks}_ranks", trainer=replace(job.trainer, devices=ranks))
        for name, job in alone.items()
    }
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    work = (ranks, port, list(many.values()))
    spawn(rank_of_many, work, ranks=ranks)
    # The second is done by now: one process finds it in its folder.
    return {
        name: (train_in_float64(job), train(replace(many[name], trainer=job.trainer)))
        for name, job in alone.items()
    }


@pytest.fixture(scope="module")
def fits(study):
    return {
        (ranks, name): pair for ranks in VARIANTS for name, pair in fits_of(study, ranks).items()
    }


CASES = [(ranks, name) for ranks, names in VARIANTS.items() for name in names]


@pytest.mark.parametrize("case", CASES)
def test_the_weights_are_those_of_one_process(fits, case):
    one, many = (torch.load(fit.folder / "last.ckpt", weights_only=True) for fit in fits[case])
    assert one["global_step"] == many["global_step"] >= STEPS
    torch.testing.assert_close(many["state_dict"], one["state_dict"], rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("case", CASES)
def test_the_metrics_are_those_of_one_process(fits, case):
    one, many = (pd.read_csv(fit.folder / "metrics.csv") for fit in fits[case])
    pd.testing.assert_frame_equal(one, many, rtol=1e-5, atol=1e-5)


def test_the_sections_do_not_divide_evenly_and_differ_in_size(fits):
    for (ranks, _), (fit, _) in fits.items():
        assert fit.record["sessions"]["train"]["cross_sections"] % ranks
        assert fit.record["sessions"]["validation"]["cross_sections"] % ranks
        assert fit.record["sessions"]["train"]["stocks_mean"] % 1
