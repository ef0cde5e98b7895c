from pathlib import Path

import pytest

from alphanet_pl.config.settings import TrainerSettings
from alphanet_pl.job.header import Request, find_request, parse_request
from alphanet_pl.job.slurm import Resources, TimeLimit
from datamodules.base.errors import ConfigError

HEADER = """#!/usr/bin/env bash
# A comment.
#SBATCH --nodes=2
#SBATCH --ntasks-per-node=4  # a site's remark
#SBATCH --gpus-per-node=4
#SBATCH --mem=16G
#SBATCH --time=04:00:00
#SBATCH --signal=SIGUSR1@120
#SBATCH --requeue
#SBATCH --output=/dev/null
set -e
#SBATCH --nodes=9
"""


def request(text: str = HEADER, *, nodes=None, devices=None, **shell: str) -> Request:
    return parse_request(text, TrainerSettings(num_nodes=nodes, devices=devices), shell)


def test_the_header_is_read_up_to_the_first_command():
    found = request()
    limit = TimeLimit(4 * 3600, requeues=True, signal_seconds=120)
    assert (found.nodes, found.tasks) == (2, 4)
    assert found.resources == Resources(gpus=4, memory=16 * 2**30, limit=limit)
    assert found.to_type == ""


def test_the_shells_defaults_come_before_the_header_and_are_named():
    found = request(SBATCH_GPUS_PER_NODE="a100:2", SBATCH_MEM_PER_NODE="500", SBATCH_TIMELIMIT="90")
    has = found.resources
    assert (has.gpus, has.memory, has.limit.seconds) == (2, 500 * 2**20, 5400)
    assert "--gpus-per-node=a100:2 (SBATCH_GPUS_PER_NODE)" in found.summary
    assert "--nodes=2," in found.summary


def test_settings_that_need_another_request_say_what_to_type():
    found = request(nodes=1, devices=2)
    assert (found.nodes, found.tasks, found.resources.gpus) == (1, 2, 2)
    assert found.to_type == "--nodes=1 --ntasks-per-node=2 --gpus-per-node=2"
    assert request(nodes=2, devices=4).to_type == ""
    assert request(devices=2, SBATCH_GPUS_PER_NODE="0").to_type == "--ntasks-per-node=2"


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 1800), ("1:00:30", 3630), ("1-02:30:00", 95400)]
)
def test_a_time_is_in_minutes_or_a_clocks(text, seconds):
    assert request(SBATCH_TIMELIMIT=text).resources.limit.seconds == seconds


@pytest.mark.parametrize("text", ["0", "UNLIMITED", "1-2", "4h"])
def test_no_limit_and_one_that_is_not_plain_are_not_checked(text):
    assert request(SBATCH_TIMELIMIT=text).resources.limit is None


@pytest.mark.parametrize(
    ("signal", "seconds"), [("USR1@30", 30), ("B:USR1@120", 0), ("TERM@120", 0), ("", 0)]
)
def test_only_the_signal_that_a_fit_answers_gives_it_time(signal, seconds):
    assert request(SBATCH_SIGNAL=signal).resources.limit.signal_seconds == seconds


def test_a_job_is_requeued_if_its_header_says_so_and_the_shell_nothing_else():
    assert not request(SBATCH_NO_REQUEUE="1").resources.limit.requeues
    assert not request(HEADER.replace("#SBATCH --requeue\n", "")).resources.limit.requeues


def test_what_is_not_plain_is_named_with_who_checks_it():
    said = request(SBATCH_MEM_PER_NODE="much").summary
    assert "--mem=much (not checked: sbatch --test-only)" in said


def test_a_task_without_a_gpu_is_refused_as_in_the_job():
    request().check_gpus()
    request(SBATCH_GPUS_PER_NODE="0").check_gpus()
    with pytest.raises(ConfigError, match="HINT: sbatch --ntasks-per-node=2, or --gpus-per-node=4"):
        request(SBATCH_GPUS_PER_NODE="2").check_gpus()


def test_there_is_a_request_only_where_a_job_can_be_submitted_with_the_script(tmp_path):
    home = {"ALPHANET_HOME": str(tmp_path), "PATH": str(tmp_path)}
    (tmp_path / "slurm").mkdir()
    (tmp_path / "slurm" / "train.sh").write_text(HEADER)
    options = TrainerSettings()
    assert find_request(options, home) is None
    (tmp_path / "sbatch").touch(mode=0o755)
    assert find_request(options, home) == request()
    assert find_request(options, home | {"SLURM_JOB_ID": "7"}) is None
    assert find_request(options, {"PATH": str(tmp_path)}) is None  # who has not sourced env.sh
    (tmp_path / "slurm" / "train.sh").unlink()
    assert find_request(options, home) is None


def test_the_header_that_is_shipped_agrees_with_itself():
    script = Path(__file__).resolve().parents[4] / "slurm" / "train.sh"
    found = request(script.read_text())
    found.check_gpus()
    assert found.resources.limit is not None
    assert found.resources.limit.requeues
    assert found.resources.limit.signal_seconds
