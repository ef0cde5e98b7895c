"""What the scripts settle before and after Python: panel, tasks, words, status."""

import shlex
import subprocess

import pytest
from helpers.slurm_jobs import FIT, FOUR, ONE, ROOT


def test_a_job_named_like_a_shell_trains_from_any_folder_and_logs_in_one(site):
    job = site.submit([*ONE, "--job-name=bash"], "variant=v2.1", "experiment='one task'", *FIT)
    assert site.ends(job) == "COMPLETED", site.log(job)
    assert len(site.fits("one task")) == 1
    said = (site.runs / "slurm" / f"bash-{job}.out").read_text()
    assert "validation RankIC" in said


def test_a_users_own_configuration_is_found_from_the_folder_that_sbatch_was_typed_in(site):
    (site.runs / "my" / "data").mkdir(parents=True)
    text = f"source: parquet\npanel: {site.panel}\nin_sample_days: 120\n"
    (site.runs / "my" / "data" / "vendor.yaml").write_text(text)
    words = ("--config-dir", "my", "data=vendor", "experiment=vendor", *FIT[1:])
    job = site.submit(ONE, *words, ALPHANET_PANEL="")
    assert site.ends(job) == "COMPLETED", site.log(job)
    assert len(site.fits("vendor")) == 1


def test_simulated_data_is_used_when_asked_for(site):
    job = site.submit(ONE, "data=simulated", "experiment=asked", *FIT)
    assert site.ends(job) == "COMPLETED", site.log(job)


@pytest.mark.parametrize(
    ("options", "words", "panel", "sentence", "hint"),
    [
        (ONE, (), "", "no panel is named", "ALPHANET_PANEL"),
        (ONE, (), "/no/where.zarr", "there is no panel at /no/where.zarr", "alphanet prepare"),
        (ONE, ("data.panel='/not here'",), None, "no panel at /not here", "data.panel=PATH"),
        (ONE, ("seed=-1",), None, "seed=-1 was given", "seed=0"),
        (FOUR, ("seed=-2",), None, "error: seed=-2 was given", "seed=0"),
        (("--nodes=2", "--ntasks-per-node=2", "--ntasks=3"), (), None, "3 tasks on 2 nodes", "=K"),
        ((*ONE, "--gpus-per-node=2"), (), None, "1 tasks and 2 GPUs", "--ntasks-per-node=2"),
    ],
)
def test_a_mistake_fails_the_job_with_one_sentence_and_a_hint(
    site, options, words, panel, sentence, hint
):
    job = site.submit(options, *words, ALPHANET_PANEL=str(site.panel) if panel is None else panel)
    assert site.ends(job) == "FAILED"
    log = site.log(job)
    assert log.count(sentence) == 1, log
    assert hint in log.split("HINT: ")[1]


def test_a_failed_job_holds_back_what_depends_on_it(site):
    failed = site.submit(ONE, "seed=-1")
    words = [f"--dependency=afterok:{failed}", "--kill-on-invalid-dep=yes", "--wrap=true"]
    after = site.call(["sbatch", "--parsable", *words]).strip()
    assert site.ends(failed) == "FAILED"
    assert site.ends(after) == "CANCELLED"


def test_doctor_reads_the_job_that_it_is_typed_in(site):

    words = ["data=parquet", f"data.panel='{site.panel}'", "data.in_sample_days=120"]
    command = shlex.join(["alphanet", "doctor", *words, "data.dates_per_step=4"])
    options = ["--nodes=2", "--ntasks-per-node=2", "--mem=4G", "--time=10", "--output=doctor.out"]
    job = site.call(["sbatch", "--parsable", *options, f"--wrap={command}"]).strip()
    assert site.ends(job) == "COMPLETED"
    said = (site.runs / "doctor.out").read_text()
    assert "processes: 2 x 2" in said
    assert "of 4.3 GB a node" in said
    assert "the limit leaves 0:0" in said


def test_a_script_outside_a_job_says_how_to_submit_it(site):
    done = subprocess.run(
        ["bash", str(ROOT / "slurm" / "train.sh")],
        env=site.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "HINT: sbatch" in done.stderr
