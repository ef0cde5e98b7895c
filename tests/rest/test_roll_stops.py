"""Rolling training in parts, killed or signalled: the same factor in the end."""

import shutil
import signal
import subprocess
import sys
import time

import pytest
from helpers.small_study import Study, call
from helpers.waiting import until


def test_parts_train_their_share_and_the_last_one_writes_the_factor(study, rolling, whole, capsys):
    factor = study.runs / "parts" / "v2.1" / "factor.parquet"
    assert call(study, "roll", *rolling, "experiment=parts", "parts=2/2") == 0
    assert "still waits for 2 of other parts: v2.1" in capsys.readouterr().out
    assert len(list(study.runs.glob("parts/v2.1/*/*/fit.json"))) == 2
    assert not factor.exists()
    assert call(study, "roll", *rolling, "experiment=parts", "parts=1/2") == 0
    assert factor.read_bytes() == (whole / "factor.parquet").read_bytes()


@pytest.mark.parametrize("when", ["early", "late"])
def test_a_killed_roll_continues_and_ends_with_the_same_bytes(
    study, rolling, whole, when, kill, chance
):
    experiment = f"killed-{when}-{kill}"
    begun = 1 if when == "early" else chance.randint(2, 4)
    process = study.start("roll", *rolling, f"experiment={experiment}")
    until(lambda: len(list(study.runs.glob(f"{experiment}/*/*/*/fit.json"))) >= begun, process)
    time.sleep(chance.uniform(0, 0.5))
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert call(study, "roll", *rolling, f"experiment={experiment}") == 0
    again = study.runs / experiment / "v2.1" / "factor.parquet"
    assert again.read_bytes() == (whole / "factor.parquet").read_bytes()


def test_a_killed_roll_that_was_moved_ends_with_the_same_bytes(
    study, rolling, whole, tmp_path, kill, chance
):
    panel = f"data.panel={study.runs}/demo/panel.zarr"
    here = Study(tmp_path / "here")
    process = here.start("roll", *rolling, panel)
    begun = chance.randint(1, 3)
    until(lambda: len(list(here.runs.glob("*/*/*/*/last.ckpt"))) >= begun, process)
    process.kill()
    process.communicate()
    there = Study(here.runs.rename(tmp_path / "another place"))
    assert call(there, "roll", *rolling, panel) == 0
    again = there.runs / "default" / "v2.1" / "factor.parquet"
    assert again.read_bytes() == (whole / "factor.parquet").read_bytes()


def test_a_signal_from_slurm_while_the_factor_is_stitched_requeues_the_job(
    study, rolling, whole, slurm_job
):
    shutil.copytree(whole, study.runs / "stitched" / "v2.1")
    factor = study.runs / "stitched" / "v2.1" / "factor.parquet"
    factor.unlink()
    # Held and sent before Python starts, as slurm/common.sh starts it.
    signalled = 'kill -USR1 $$; exec "$@"'
    command = (sys.executable, "-m", "alphanet_pl", *study.words("roll", *rolling))
    done = subprocess.run(
        ["bash", "-c", signalled, "bash", *command, "experiment=stitched"],
        preexec_fn=lambda: signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1}),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 75, done.stderr
    assert "score 1 of 2" in done.stderr
    assert slurm_job.read_text() == "requeue 77\n"
    assert list(factor.parent.glob("*.parquet*")) == []
