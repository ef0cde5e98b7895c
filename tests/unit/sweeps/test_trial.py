"""One trial inside a worker: its cores, its rank, its code."""

import os

import pytest
from lightning.pytorch.utilities.rank_zero import rank_zero_only

from alphanet_pl.config.compose import load_settings
from datamodules.base.errors import ConfigError
from sweeps.trial import check_package, leave_slurm, package_root, worker_settings


@pytest.mark.parametrize("typed", ["null", "8"])
def test_a_trial_computes_on_the_cores_it_owns_whatever_its_fit_says(typed):
    settings = load_settings("train", [f"trainer.threads={typed}"])
    assert worker_settings(settings, cpus=2, gpus=0, group="g").trainer.threads == 2


def test_a_trial_on_any_node_is_the_first_of_one_process_and_of_the_same_job(monkeypatch):
    job = {"SLURM_JOB_ID": "77", "SLURM_ARRAY_JOB_ID": "70", "SLURM_ARRAY_TASK_ID": "7",
           "SLURM_RESTART_COUNT": "2"}  # fmt: skip
    for name in [name for name in os.environ if name.startswith("SLURM_")]:
        monkeypatch.delenv(name)
    for name, value in {**job, "SLURM_PROCID": "1", "SLURM_STEP_ID": "0"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(rank_zero_only, "rank", 1)  # as Lightning reads it when imported there
    leave_slurm()
    assert {k: v for k, v in os.environ.items() if k.startswith("SLURM_")} == job
    assert rank_zero_only.rank == 0


def test_a_worker_of_another_checkout_is_refused():
    check_package(package_root())
    with pytest.raises(ConfigError, match=r"runs .*, where the sweep runs /other"):
        check_package("/other")
