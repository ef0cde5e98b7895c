"""slurm/roll.sh: an array over parts of the fits, then the factor and its evaluation."""

import re

import pytest
from helpers.slurm_jobs import FIT, ONE, ROOT, states

pytestmark = pytest.mark.timeout(600)
SMALL = ("--gpus-per-node=0", "--cpus-per-task=1", "--mem=4G", "--time=10", "--array=1-2")
WINDOWS = ("variant=v2.1", "rolling.dates=[2011-08-15,2011-09-15]", "rolling.seeds=[0,1]")


def _numbers(said: str) -> tuple[str, str]:
    """Of the array and of the job that depends on it."""
    fits, stitch = re.findall(r"job (\d+):", said)
    return fits, stitch


def test_a_job_submits_parts_that_train_the_fits_and_one_that_stitches_and_evaluates(site):
    job = site.submit(ONE, *SMALL, "experiment=rolled", *WINDOWS, *FIT, script="roll.sh")
    assert site.ends(job) == "COMPLETED", site.log(job)
    fits, stitch = _numbers(site.log(job))
    assert site.ends(stitch) == "COMPLETED", site.log(fits) + site.log(stitch)
    assert states(fits) == ["COMPLETED", "COMPLETED"]
    assert len(site.fits("rolled")) == 4
    home = site.runs / "rolled" / "v2.1"
    assert (home / "factor.parquet").is_file()
    assert (home / "report.html").is_file()
    assert re.search(r"parts=2/2", site.log(f"{fits}_2"))


def test_a_part_that_fails_cancels_what_waits_for_it(site):
    words = ("experiment=unrolled", "rolling.dates=[1999-01-04]", *FIT)
    fits, stitch = _numbers(site.call(["bash", str(ROOT / "slurm" / "roll.sh"), *SMALL, *words]))
    assert site.ends(fits) == "FAILED"
    assert site.ends(stitch) == "CANCELLED"
    assert "HINT" in site.log(fits)
