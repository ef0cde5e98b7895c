"""slurm/sweep.sh: Ray over the nodes of a job, and trials on each of them."""

import csv

from slurm_jobs import FIT, Site

NODES = ("--nodes=2", "--ntasks-per-node=1")
SWEEP = ("sweep=dropout", "sweep.axes.model.n=[6,8]", "sweep.axes.seed=[0,1]", *FIT[:2], FIT[3])
LONG = ("trainer.max_epochs=12", "trainer.patience=12")
"""A trial outlasts the start of the other node's worker, so that this one gets a trial too."""


def _hosts(site: Site, experiment: str) -> set[str]:
    logs = (site.runs / experiment / "sweeps" / "dropout" / "logs").glob("*.log")
    return {path.read_text(encoding="utf-8").split()[2] for path in logs}


def test_a_sweep_runs_on_all_nodes_of_its_job(site):
    job = site.submit(NODES, *SWEEP, *LONG, "experiment=sweep", script="sweep.sh")
    assert site.ends(job, seconds=280) == "COMPLETED", site.log(job)
    with (site.runs / "sweep" / "sweeps" / "dropout" / "trials.csv").open(newline="") as file:
        assert [row["status"] for row in csv.DictReader(file)] == ["done"] * 4
    assert _hosts(site, "sweep") == {"node1", "node2"}


def test_a_mistake_in_a_sweep_fails_its_job(site):
    words = ("sweep.axes.model.n=[6,16]", "sweep=dropout", "experiment=mistake")
    job = site.submit(NODES, *words, script="sweep.sh")
    assert site.ends(job) == "FAILED", site.log(job)
    assert "HINT: model.n=15" in site.log(job)
