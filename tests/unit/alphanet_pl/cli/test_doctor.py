import os
from functools import cache
from importlib.machinery import ModuleSpec
from importlib.metadata import packages_distributions

import pytest
import torch

from alphanet_pl.cli import doctor
from alphanet_pl.cli.doctor import (
    Examination,
    Finding,
    check_packages,
    describe_time_left,
    planned_world,
)
from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import TrainerSettings
from alphanet_pl.job.slurm import TimeLimit, with_place
from datamodules.base.errors import ConfigError, FitError

JOB = {"SLURM_JOB_ID": "7", "SLURM_NNODES": "2", "SLURM_NTASKS": "8", "SLURM_NTASKS_PER_NODE": "4"}


HEADER = """#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4
#SBATCH --gpus-per-node=0
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --signal=SIGUSR1@120
#SBATCH --requeue
"""


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    """A checkout without job scripts: not what this machine happens to submit to."""
    monkeypatch.setenv("ALPHANET_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture(autouse=True, scope="module")
def installed():
    """What is installed, read once for all: a second of its own each time."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(doctor, "packages_distributions", cache(packages_distributions))
        yield


@pytest.fixture
def login(home, monkeypatch):
    """A login node: an sbatch to type, and the header of a job script."""
    (home / "slurm").mkdir()
    (home / "slurm" / "train.sh").write_text(HEADER)
    (home / "sbatch").touch(mode=0o755)
    monkeypatch.setenv("PATH", str(home))
    for name in ("GPUS_PER_NODE", "MEM_PER_NODE", "TIMELIMIT", "SIGNAL", "REQUEUE", "NO_REQUEUE"):
        monkeypatch.delenv(f"SBATCH_{name}", raising=False)
    return monkeypatch


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


def test_without_a_job_and_a_script_to_submit_the_job_is_said_not_to_be_checked(examine):
    assert examine()["job"].found.startswith("none: checked for a fit on this machine")


def test_on_a_login_node_the_header_is_checked_and_said_to_be_the_headers(examine, login):
    found = examine()
    assert all(finding.error is None for finding in found.values())
    assert "--mem=16G" in found["job"].found
    assert "sbatch --test-only" in found["job"].found
    assert found["processes"].found.startswith("2 x 4")
    assert "8 dates in a step each, which train.sh adds" in found["processes"].found
    assert "of 17.2 GB a node" in found["memory"].found
    assert "the limit leaves 4:00:00" in found["time"].found
    assert found["device"].found == "CPU"


def test_on_a_login_node_settings_replace_the_header_and_are_to_be_typed(examine, login):
    found = examine("trainer.devices=1", "trainer.num_nodes=1")
    assert "sbatch --nodes=1 --ntasks-per-node=1 slurm/train.sh" in found["job"].found
    assert found["processes"].found.startswith("1 x 1")


@pytest.mark.parametrize(
    ("shell", "overrides", "what", "hint"),
    [
        ({"SBATCH_MEM_PER_NODE": "2000"}, (), "memory", "sbatch --mem=5G"),
        ({"SBATCH_GPUS_PER_NODE": "2"}, (), "processes", "sbatch --ntasks-per-node=2"),
        ({}, ("data.dates_per_step=3",), "processes", "data.dates_per_step=8"),
        ({}, ("trainer.accelerator=gpu",), "device", "sbatch --gpus-per-node=K"),
        ({"SBATCH_TIMELIMIT": "1"}, (), "time", "sbatch --time=LONGER"),
    ],
)
def test_on_a_login_node_a_request_that_would_fail_is_found(
    examine, login, shell, overrides, what, hint
):
    for name, value in shell.items():
        login.setenv(name, value)
    assert examine(*overrides)[what].error.hint.startswith(hint)


def test_in_a_job_a_granted_gpu_that_torch_does_not_see_is_found(examine, monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setenv("SLURM_GPUS_ON_NODE", "1")
    assert "env.sh" in examine()["device"].error.hint
    assert examine("trainer.accelerator=cpu")["device"].error is None


def test_in_a_job_a_limit_that_holds_no_epoch_is_found(examine, home, monkeypatch):
    record = "echo ' Requeue=1 TimeLimit=00:01:00 EndTime='$(date +%FT%T)"
    (home / "scontrol").write_text(f"#!/bin/sh\n{record}\n")
    (home / "scontrol").chmod(0o755)
    monkeypatch.setenv("PATH", f"{home}:{os.environ['PATH']}")
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    assert examine()["time"].error.hint.startswith("sbatch --time=")


HOUR = 3600.0


def test_a_fit_that_ends_in_time_is_told_nothing_else():
    assert (
        describe_time_left(TimeLimit(HOUR, True, 120), 60, 600, on_gpu=False)
        == "the limit leaves 1:00:00"
    )


@pytest.mark.parametrize(
    ("lead", "said"),
    [
        (120, "the job is requeued then"),
        (0, "WARNING: there is no --signal"),
        (None, "WARNING: without --signal"),
    ],
)
def test_a_fit_that_outlasts_its_limit_goes_on_by_itself_only_if_it_is_warned(lead, said):
    assert said in describe_time_left(TimeLimit(HOUR, True, lead), 60, 2 * HOUR, on_gpu=False)


@pytest.mark.parametrize(
    ("limit", "epoch", "hint"),
    [
        (TimeLimit(HOUR, requeues=False), 60, "--requeue --signal=SIGUSR1@120"),
        (TimeLimit(HOUR, True, 120), 1.5 * HOUR, "sbatch --time=185,"),
        (TimeLimit(100, True, 120), 1, "--signal=SIGUSR1@SECONDS with fewer"),
    ],
)
def test_a_limit_under_which_a_fit_never_ends_is_refused(limit, epoch, hint):
    with pytest.raises(FitError) as refused:
        describe_time_left(limit, epoch, 2 * HOUR, on_gpu=False)
    assert hint in refused.value.hint


def test_the_estimate_for_cpus_refuses_no_gpu():
    said = describe_time_left(TimeLimit(HOUR, False, 0), 2 * HOUR, 9 * HOUR, on_gpu=True)
    assert "a GPU is faster" in said


def test_on_a_login_node_the_place_of_env_sh_is_checked(login, small_panel, tmp_path):
    login.setenv("ALPHANET_RUNS", str(tmp_path / "it's here"))
    login.setenv("ALPHANET_PANEL", str(small_panel.path))
    settings = load_settings("doctor", with_place(["data.in_sample_days=200", "data=parquet"]))
    found = {finding.what: finding for finding in Examination(settings).run()}
    assert found["run folder"].found.startswith(str(tmp_path / "it's here"))
    assert found["panel"].error is None
    assert with_place(words := ["data=simulated", "runs=my"]) == words


def test_your_own_data_names_its_panel(login, tmp_path):
    (tmp_path / "my" / "data").mkdir(parents=True)
    (tmp_path / "my" / "data" / "vendor.yaml").write_text("source: parquet\npanel: ours.zarr\n")
    login.setenv("ALPHANET_PANEL", "/site.zarr")
    own = load_settings("doctor", with_place(["data=vendor"]), tmp_path / "my")
    assert own.data.panel == "ours.zarr"
    assert load_settings("doctor", with_place([])).data.panel == "/site.zarr"


def test_where_no_job_is_submitted_the_place_is_the_one_given(home, monkeypatch):
    monkeypatch.setenv("ALPHANET_RUNS", "/elsewhere")
    monkeypatch.setenv("PATH", str(home))
    assert with_place([]) == []


def test_a_package_of_our_name_that_another_distribution_brings_is_found(monkeypatch):
    monkeypatch.setattr(doctor, "packages_distributions", lambda: {"sweeps": ["sweeps"]})
    with pytest.raises(ConfigError, match=r"HINT: pip uninstall sweeps, then install alphanet-pl"):
        check_packages()


def test_a_package_of_our_name_that_is_imported_from_elsewhere_is_found(monkeypatch, tmp_path):
    spec = ModuleSpec("datamodules", None, origin=str(tmp_path / "datamodules" / "__init__.py"))
    monkeypatch.setattr(doctor, "find_spec", lambda name: spec)
    with pytest.raises(ConfigError, match=f"HINT: take {tmp_path} off PYTHONPATH"):
        check_packages()
