import os

import pytest

from alphanet_pl.config.settings import TrainerSettings
from alphanet_pl.job.world import ALONE, World, by_srun, cores, global_rank, read_world
from datamodules.base.errors import ConfigError

BATCH = {"SLURM_JOB_ID": "7", "SLURM_PROCID": "0", "SLURM_NTASKS": "1", "SLURM_NNODES": "1"}
"""What the shell of a batch script sees."""

STEP = BATCH | {
    "SLURM_STEP_ID": "0",
    "SLURM_PROCID": "5",
    "SLURM_LOCALID": "1",
    "SLURM_NTASKS": "8",
    "SLURM_STEP_NUM_TASKS": "8",
    "SLURM_NTASKS_PER_NODE": "4",
    "SLURM_NNODES": "2",
    "SLURM_STEP_NUM_NODES": "2",
}
"""What one of 2 x 4 tasks sees."""


def test_outside_of_slurm_a_fit_is_one_process():
    assert read_world(TrainerSettings(), {}) == ALONE
    assert global_rank({}) == 0


def test_tasks_and_nodes_are_read_from_slurm():
    expected = World(nodes=2, per_node=4, rank=5, slurm=True)
    assert read_world(TrainerSettings(), STEP) == expected
    assert read_world(TrainerSettings(devices=4, num_nodes=2), STEP) == expected
    assert expected.size == 8
    assert global_rank(STEP) == 5


@pytest.mark.parametrize("name", ["bash", "interactive"])
def test_a_job_whose_name_lightning_ignores_is_a_job_all_the_same(name):
    assert read_world(TrainerSettings(), STEP | {"SLURM_JOB_NAME": name}).size == 8


def test_settings_that_contradict_the_allocation_are_refused_with_both_ways_out():
    with pytest.raises(ConfigError, match=r"--ntasks-per-node=2, or trainer\.devices=4"):
        read_world(TrainerSettings(devices=2), STEP)
    with pytest.raises(ConfigError, match=r"sbatch --nodes=3, or trainer\.num_nodes=2"):
        read_world(TrainerSettings(num_nodes=3), STEP)


def test_ntasks_alone_is_refused_with_the_flag_that_is_needed():
    step = {key: value for key, value in STEP.items() if key != "SLURM_NTASKS_PER_NODE"}
    with pytest.raises(ConfigError, match="HINT: sbatch --nodes=2 --ntasks-per-node=4"):
        read_world(TrainerSettings(), step)


def test_a_step_smaller_than_its_job_is_refused():
    step = STEP | {"SLURM_STEP_NUM_TASKS": "6"}
    with pytest.raises(ConfigError, match="srun started 6 tasks on 2 nodes"):
        read_world(TrainerSettings(), step)


@pytest.mark.parametrize("step", [{}, {"SLURM_STEP_ID": "4294967291"}])
def test_a_batch_script_of_several_tasks_without_srun_is_refused(step):
    shell = BATCH | step | {"SLURM_NTASKS": "4"}
    assert not by_srun(shell)
    with pytest.raises(ConfigError, match="srun alphanet train"):
        read_world(TrainerSettings(), shell)
    assert read_world(TrainerSettings(devices=1), shell) == ALONE


def test_a_batch_script_of_one_task_needs_no_srun_unless_several_devices_are_asked_for():
    assert read_world(TrainerSettings(), BATCH) == ALONE
    with pytest.raises(ConfigError, match="HINT: sbatch --ntasks-per-node=2"):
        read_world(TrainerSettings(devices=2), BATCH)


def test_several_nodes_outside_of_slurm_are_refused():
    with pytest.raises(ConfigError, match=r"trainer\.num_nodes=1"):
        read_world(TrainerSettings(num_nodes=2), {})


def test_processes_that_lightning_starts_count_from_its_variable():
    world = read_world(TrainerSettings(devices=3), {"LOCAL_RANK": "2"})
    assert world == World(per_node=3, rank=2)


def test_a_task_owns_the_cores_that_slurm_gave_it(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(16)))
    assert cores(4, STEP | {"SLURM_CPUS_PER_TASK": "3"}) == 3
    assert cores(4, STEP | {"SLURM_CPUS_ON_NODE": "8"}) == 2
    assert cores(4, {}) == 4
    assert cores(32, {}) == 1
