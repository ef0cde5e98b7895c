"""Fits over the nodes of a real Slurm: what four ranks train, and what they survive."""

import csv
import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from helpers.slurm_jobs import FIT, FOUR, ONE, ROOT, TWO, Site, records
from helpers.waiting import epochs_of

from alphanet_pl.cli.main import main
from datamodules.base.files import read_json

pytestmark = pytest.mark.timeout(600)  # four ranks share what cores there are
LONG = ("variant=v2.1", *FIT, "trainer.patience=1000")
TOGETHER = (*LONG, "trainer.max_epochs=9")
ALONE = ("data.dates_per_step=4", *TOGETHER)
LOGGED = (*TOGETHER, "logger=wandb", "logger.mode=offline")
KILL = """
for process in /proc/[0-9]*; do
  said=$(tr '\\0' '\\n' 2>/dev/null <"$process/environ") || continue
  grep -qx "SLURM_JOB_ID=$1" <<<"$said" && grep -qx "SLURM_PROCID=$2" <<<"$said" || continue
  grep -q alphanet "$process/cmdline" && kill -9 "${process#/proc/}" && exit
done
exit 1
"""


@pytest.fixture(scope="module")
def together(site: Site) -> tuple[str, Path]:
    """A job of 2 nodes x 2 tasks that nothing disturbed, and its fit."""
    job = site.submit(FOUR, "experiment=together", *LOGGED)
    assert site.ends(job) == "COMPLETED", site.log(job)
    (fit,) = site.fits("together")
    return job, fit


@pytest.fixture(scope="module")
def pair(site: Site) -> Path:
    """The fit of a job of 2 nodes with a task each that nothing disturbed."""
    job = site.submit(TWO, "experiment=pair", *TOGETHER)
    assert site.ends(job) == "COMPLETED", site.log(job)
    (fit,) = site.fits("pair")
    return fit


@pytest.fixture(scope="module")
def alone(site: Site) -> Path:
    """The fit of one process on this machine that takes the same steps."""
    return _here(site, "alone", *ALONE)


@pytest.fixture
def spare(site: Site) -> Iterator[str]:
    """A node that may die: one that is drained, so that no other job is on it."""
    said = site.call(["sinfo", "-h", "-N", "-p", "main", "-o", "%N %E"]).splitlines()
    nodes = [line.split()[0] for line in said if line.endswith(" spare")]
    if not nodes:
        pytest.skip("no node of this cluster is drained with the reason `spare`")
    site.call(["scontrol", "update", f"NodeName={nodes[0]}", "State=RESUME"])
    yield nodes[0]
    site.call(["scontrol", "update", f"NodeName={nodes[0]}", "State=DOWN", "Reason=killed"])


def test_four_ranks_train_one_fit_in_one_run_and_speak_once(site, together):
    job, fit = together
    assert read_json(fit / "fit.json")["status"] == "done"
    assert len(list(fit.glob("wandb/offline-run-*"))) == 1
    log = site.log(job)
    assert "data.dates_per_step=4: one date a task" in log
    assert log.count("validation RankIC") == 1
    assert site.epochs(job).count(0) == 1, log


def test_four_ranks_train_what_one_process_trains_with_four_dates_a_step(alone, together):
    assert alone.name == together[1].name
    # Not the weights: a bias whose gradient is rounding alone is moved by Adam as far as any other.
    for one, four in zip(_metrics(alone)[:4], _metrics(together[1])[:4], strict=True):
        assert float(one["train/loss"]) == pytest.approx(float(four["train/loss"]), abs=1e-5)
        assert float(one["val/loss"]) == pytest.approx(float(four["val/loss"]), abs=1e-3)


def test_a_signal_requeues_the_job_which_ends_as_if_undisturbed(site, together):
    job = _running(site, "requeued", *LOGGED, nodes=FOUR)
    site.call(["scancel", "--signal=USR1", job])
    assert site.ends(job) == "COMPLETED", site.log(job)
    assert records(job)[0]["Restarts"] == "1"
    (fit,) = site.fits("requeued")
    assert _distance(fit, together[1]) == 0
    runs = {path.name.rsplit("-", 1)[1] for path in fit.glob("wandb/offline-run-*")}
    assert len(runs) == 1


def test_a_preempted_job_gives_way_and_ends_as_if_undisturbed(site, pair):
    if "high" not in site.call(["sinfo", "-h", "-o", "%R"]).split():
        pytest.skip("this cluster has no partition `high` that preempts others")
    job = _running(site, "preempted")
    urgent = ["--partition=high", "--nodes=2", "--exclusive", "--time=2", "--output=/dev/null"]
    other = site.call(["sbatch", "--parsable", *urgent, "--wrap", "sleep 3"]).strip()
    assert site.ends(other) == "COMPLETED"
    assert site.ends(job) == "COMPLETED", site.log(job)
    assert records(job)[0]["Restarts"] == "1"
    (fit,) = site.fits("preempted")
    assert _distance(fit, pair) == 0


@pytest.mark.long
def test_a_job_requeued_without_a_word_resumes_from_its_last_epoch(site, pair):
    job = _running(site, "unwarned")
    site.call(["scontrol", "requeue", job])
    assert site.ends(job) == "COMPLETED", site.log(job)
    assert "the same command" not in site.log(job)
    assert site.epochs(job).count(0) == 1, site.log(job)
    (fit,) = site.fits("unwarned")
    assert _distance(fit, pair) == 0


def test_a_killed_rank_fails_the_job_at_once_and_the_same_line_resumes(site, pair):
    job = _running(site, "killed")
    step = ["srun", f"--jobid={job}", "--overlap", "--nodes=1", "--ntasks=1", "--nodelist=node2"]
    site.call([*step, "bash", "-c", KILL, "kill", job, "1"])
    assert site.ends(job, seconds=60) == "FAILED"
    (fit,) = site.fits("killed")
    again = site.submit(TWO, "experiment=killed", *TOGETHER)
    assert site.ends(again) == "COMPLETED", site.log(again)
    assert 0 not in site.epochs(again)
    assert "\nresumed: goes on in epoch " in site.log(again)
    assert _distance(fit, pair) == 0


@pytest.mark.long
def test_a_dead_daemon_of_the_first_rank_ends_the_job_and_the_same_line_resumes(site, pair):
    job = _running(site, "severed")
    step = ["srun", f"--jobid={job}", "--overlap", "--nodes=1", "--ntasks=1", "--nodelist=node1"]
    site.call([*step, "pkill", "-9", "-f", rf"^slurmstepd: \[{job}\.0\]"])
    ended = site.ends(job, seconds=400)  # its log went through the daemon: its next line fails
    (fit,) = site.fits("severed")
    assert ended == ("COMPLETED" if read_json(fit / "fit.json")["status"] == "done" else "FAILED")
    again = site.submit(TWO, "experiment=severed", *TOGETHER)
    assert site.ends(again) == "COMPLETED", site.log(again)
    assert 0 not in site.epochs(again)
    assert _distance(fit, pair) == 0


def test_a_rank_that_dies_before_it_meets_the_others_fails_the_job(site):
    early = "import os\nif os.environ.get('SLURM_PROCID') == '1': os._exit(9)\n"
    (site.runs / "sitecustomize.py").write_text(early)
    path = f"{site.runs}{os.pathsep}{ROOT}"
    job = site.submit(TWO, "experiment=early", *TOGETHER, PYTHONPATH=path)
    assert site.ends(job, seconds=60) == "FAILED"


def test_a_job_whose_node_dies_is_requeued_and_ends_as_if_undisturbed(site, alone, spare):
    job = site.submit([*ONE, f"--nodelist={spare}"], "experiment=orphaned", *ALONE)
    site.until(lambda: _epochs(site, "orphaned") >= 2, job)
    # With its daemon a node of the test cluster ends, and all that runs on it.
    site.call(["srun", f"--jobid={job}", "--overlap", "pkill", "-9", "-x", "slurmd"], status=None)
    site.until(lambda: records(job)[0]["Restarts"] == "1", job)
    site.call(["scontrol", "update", f"JobId={job}", "ReqNodeList="])
    assert site.ends(job) == "COMPLETED", site.log(job)
    assert site.epochs(job).count(0) == 1, site.log(job)
    (fit,) = site.fits("orphaned")
    assert _distance(fit, alone) == 0


def test_before_the_time_limit_the_fit_is_saved_and_goes_on_in_a_requeued_job(site):
    limit = ("--time=10", "--signal=SIGUSR1@40")
    job = site.submit([*ONE, *limit], "experiment=limited", *LONG, "trainer.max_epochs=1000000")
    site.until(lambda: _epochs(site, "limited") >= 1, job)
    # The limit comes to the job, not the job to the limit: it has trained, however slow its start.
    site.limit(job, _minutes_so_far(job) + 1)
    site.until(lambda: f"requeued: job {job} continues at epoch " in site.log(job), job)
    site.limit(job, 10)
    (fit,) = site.fits("limited")
    before = len(_metrics(fit))
    site.until(lambda: len(_metrics(fit)) > before, job)
    site.call(["scancel", job])
    assert site.ends(job) == "CANCELLED"
    assert site.epochs(job).count(0) == 1, site.log(job)
    limited = _metrics(fit)
    undisturbed = _here(site, "unlimited", *LONG, f"trainer.max_epochs={len(limited)}")
    assert limited == _metrics(undisturbed)  # every loss to its last digit


def test_devices_that_contradict_the_tasks_are_refused_before_a_step(site):
    job = site.submit(ONE, "experiment=wrong", "trainer.devices=3", *LONG)
    assert site.ends(job) == "FAILED"
    assert "trainer.devices=3 was given" in site.log(job)
    assert "HINT: sbatch --ntasks-per-node=3" in site.log(job)
    assert site.fits("wrong") == []


def _here(site: Site, experiment: str, *words: str) -> Path:
    """The fit of one process on this machine."""
    place = (f"runs='{site.runs}'", f"data.panel='{site.panel}'", "data=parquet")
    one = ("trainer.threads=1", f"experiment={experiment}")
    assert main(["train", *place, *one, *words]) == 0
    (fit,) = site.fits(experiment)
    return fit


def _running(site: Site, experiment: str, *words: str, nodes: tuple[str, ...] = TWO) -> str:
    """A job of two nodes that has trained a few epochs, and has some to go."""
    job = site.submit(nodes, f"experiment={experiment}", *(words or TOGETHER))
    site.until(lambda: _epochs(site, experiment) >= 2, job)
    return job


def _minutes_so_far(job: str) -> int:
    """How long a job has run, to the nearest minute: one more leaves it 30 to 90 s."""
    hours, minutes, seconds = map(int, records(job)[0]["RunTime"].split(":"))
    return 60 * hours + minutes + seconds // 30


def _epochs(site: Site, experiment: str) -> int:
    """How many epochs the one fit of an experiment has behind it."""
    return max(map(epochs_of, site.fits(experiment)), default=0)


def _metrics(fit: Path) -> list[dict[str, str]]:
    path = fit / "metrics.csv"
    return list(csv.DictReader(path.open(encoding="utf-8"))) if path.is_file() else []


def _distance(one: Path, other: Path) -> float:
    """Largest difference between the best weights of two fits, by the largest of each tensor."""
    first, second = (
        torch.load(fit / "best.ckpt", weights_only=True)["state_dict"] for fit in (one, other)
    )
    assert first.keys() == second.keys()
    return max(
        float((first[name] - second[name]).abs().max() / second[name].abs().max().clamp(min=1))
        for name in first
    )
