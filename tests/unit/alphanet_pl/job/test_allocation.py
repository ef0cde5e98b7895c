from datetime import datetime

import pytest

from alphanet_pl.job.allocation import (
    TimeLimit,
    granted_gpus,
    granted_memory,
    outlook,
    parse_limit,
    time_limit,
)
from datamodules.base.errors import FitError

RECORD = (
    "JobId=4 JobName=train JobState=RUNNING Requeue=1 Restarts=0 RunTime=00:01:00"
    " TimeLimit=04:00:00 StartTime=2026-11-22T17:48:19 EndTime=2026-11-22T21:48:19 Deadline=N/A"
)
NOW = datetime.fromisoformat("2026-11-22T17:49:19")


@pytest.mark.parametrize(
    ("environ", "megabytes"),
    [
        ({"SLURM_MEM_PER_NODE": "16384"}, 16384),
        ({"SLURM_MEM_PER_CPU": "2000", "SLURM_CPUS_ON_NODE": "8"}, 16000),
    ],
)
def test_a_request_a_node_or_a_core_is_in_megabytes(environ, megabytes):
    assert granted_memory(environ) == megabytes * 2**20


@pytest.mark.parametrize("environ", [{}, {"SLURM_MEM_PER_NODE": "0"}, {"SLURM_MEM_PER_CPU": "9"}])
def test_no_request_or_one_for_everything_limits_nothing(environ):
    assert granted_memory(environ) is None


def test_what_is_left_counts_from_now():
    assert parse_limit(RECORD, NOW) == TimeLimit(4 * 3600 - 60, requeues=True)


def test_a_job_that_slurm_may_not_start_again_says_so():
    limit = parse_limit(RECORD.replace("Requeue=1", "Requeue=0"), NOW)
    assert limit is not None
    assert not limit.requeues


def test_a_job_without_a_limit_has_none():
    assert parse_limit(RECORD.replace("TimeLimit=04:00:00", "TimeLimit=UNLIMITED"), NOW) is None


def test_outside_a_job_there_is_no_limit():
    assert time_limit({}) is None


def test_gpus_are_those_of_this_node():
    assert granted_gpus({"SLURM_GPUS_ON_NODE": "4"}) == 4
    assert granted_gpus({}) == 0


HOUR = 3600.0


def test_a_fit_that_ends_in_time_is_told_nothing_else():
    assert outlook(TimeLimit(HOUR, True, 120), 60, 600, on_gpu=False) == "the limit leaves 1:00:00"


@pytest.mark.parametrize(
    ("lead", "said"),
    [
        (120, "the job is requeued then"),
        (0, "WARNING: there is no --signal"),
        (None, "WARNING: without --signal"),
    ],
)
def test_a_fit_that_outlasts_its_limit_goes_on_by_itself_only_if_it_is_warned(lead, said):
    assert said in outlook(TimeLimit(HOUR, True, lead), 60, 2 * HOUR, on_gpu=False)


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
        outlook(limit, epoch, 2 * HOUR, on_gpu=False)
    assert hint in refused.value.hint


def test_the_estimate_for_cpus_refuses_no_gpu():
    said = outlook(TimeLimit(HOUR, False, 0), 2 * HOUR, 9 * HOUR, on_gpu=True)
    assert "a GPU is faster" in said
