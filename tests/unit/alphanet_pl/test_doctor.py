import pytest

from alphanet_pl.config import load_settings
from alphanet_pl.doctor import Examination, Finding, planned_world
from alphanet_pl.errors import ConfigError
from alphanet_pl.settings import TrainerSettings

JOB = {"SLURM_JOB_ID": "7", "SLURM_NNODES": "2", "SLURM_NTASKS": "8", "SLURM_NTASKS_PER_NODE": "4"}


@pytest.fixture
def examine(small_panel, tmp_path):
    """Findings by name, for a fit on the small panel with more overrides."""

    def findings(*overrides: str) -> dict[str, Finding]:
        place = (f"runs='{tmp_path}'", f"data.panel='{small_panel.path}'", "data=parquet")
        settings = load_settings("doctor", [*place, "data.in_sample_days=200", *overrides])
        return {finding.what: finding for finding in Examination(settings).run()}

    return findings


def test_in_a_job_the_processes_are_those_that_srun_would_start():
    world = planned_world(TrainerSettings(), JOB)
    assert (world.nodes, world.per_node) == (2, 4)


def test_devices_that_contradict_the_job_are_found():
    with pytest.raises(ConfigError, match=r"trainer\.devices=3"):
        planned_world(TrainerSettings(devices=3), JOB)


def test_outside_a_job_the_processes_are_those_asked_for():
    world = planned_world(TrainerSettings(devices=4, num_nodes=2), {})
    assert world.size == 8


def test_a_fault_in_the_processes_hides_no_other_check(examine):
    found = examine("trainer.devices=4")
    assert found["processes"].error.hint.startswith("data.dates_per_step=4")
    assert all(finding.error is None for what, finding in found.items() if what != "processes")


def test_a_request_smaller_than_the_processes_is_found(examine, monkeypatch):
    monkeypatch.setenv("SLURM_MEM_PER_NODE", "2000")
    assert examine()["memory"].error is None
    error = examine("trainer.devices=4", "data.dates_per_step=4")["memory"].error
    assert error.hint.startswith("sbatch --mem=5G")


def test_windows_without_history_fail_only_for_who_names_them(examine):
    assert examine()["rolling"].error is None
    assert "asks for at least 200" in str(examine("rolling.months=3")["rolling"].error)
    named = examine("rolling.dates=[2012-01-31]", "rolling.seeds=[0,1]")["rolling"]
    assert named.found.startswith("2 fits, 0 done: 1 windows")


def test_online_without_a_key_is_found(examine, monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert examine("logger=wandb")["Weights & Biases"].error is None
    assert examine("logger=wandb", "logger.mode=online")["Weights & Biases"].error is not None
