import os
from datetime import datetime

import pytest

from alphanet_pl.job.slurm import (
    Job,
    Resources,
    TimeLimit,
    current_job,
    granted,
    has_ended,
    leave_allocation,
    parse_limit,
    report_status,
    requeue,
    state,
    time_limit,
)

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
    assert granted(environ).memory == megabytes * 2**20


@pytest.mark.parametrize("environ", [{}, {"SLURM_MEM_PER_NODE": "0"}, {"SLURM_MEM_PER_CPU": "9"}])
def test_no_request_or_one_for_everything_limits_nothing(environ):
    assert granted(environ).memory is None


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
    assert granted({"SLURM_GPUS_ON_NODE": "4"}).gpus == 4
    assert granted({}) == Resources()


@pytest.fixture
def command(tmp_path, monkeypatch):
    """Puts one of Slurm's commands on PATH."""

    def put(name: str, body: str) -> None:
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
        monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")

    return put


@pytest.mark.parametrize(
    ("body", "said", "ended"),
    [
        ("echo RUNNING", "RUNNING", False),
        ("echo COMPLETING", "COMPLETING", False),
        ("echo PENDING", "PENDING", True),
        ("echo NODE_FAIL", "NODE_FAIL", True),
        ("true", "", True),
        ("echo Invalid job id specified >&2; exit 1", "", True),
        ("exit 1", None, False),
    ],
)
def test_a_job_has_ended_only_if_slurm_says_that_nothing_of_it_runs(command, body, said, ended):
    command("squeue", body)
    assert state("8") == said
    assert has_ended("8") is ended


def test_where_there_is_no_slurm_nothing_is_known_of_a_job(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    assert state("8") is None
    assert not has_ended("8")
    assert "scontrol" in requeue("8")


def test_a_task_of_an_array_is_named_by_both_numbers():
    job = {"SLURM_JOB_ID": "103", "SLURM_RESTART_COUNT": "2"}
    assert current_job(job) == Job("103", 2)
    array = {"SLURM_ARRAY_JOB_ID": "100", "SLURM_ARRAY_TASK_ID": "3"}
    assert current_job(job | array) == Job("100_3", 2)
    assert current_job({}) is None


def test_who_leaves_an_allocation_is_no_task_of_it_and_remembers_the_job(monkeypatch):
    for name, value in (("JOB_ID", "7"), ("RESTART_COUNT", "1"), ("PROCID", "1")):
        monkeypatch.setenv(f"SLURM_{name}", value)
    leave_allocation()
    leave_allocation()  # every trial of a worker does
    assert "SLURM_PROCID" not in os.environ
    assert current_job() == Job("7", 1)


def test_a_status_is_left_for_the_job_script_that_asks_for_it(monkeypatch, tmp_path):
    monkeypatch.delenv("ALPHANET_STATUS", raising=False)
    report_status(2)
    monkeypatch.setenv("ALPHANET_STATUS", str(tmp_path / "status"))
    report_status(75)
    assert (tmp_path / "status").read_text() == "75\n"
    assert len(list(tmp_path.iterdir())) == 1
