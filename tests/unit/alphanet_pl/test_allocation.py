from datetime import datetime

import pytest

from alphanet_pl.allocation import TimeLimit, granted_memory, parse_limit, time_limit

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
