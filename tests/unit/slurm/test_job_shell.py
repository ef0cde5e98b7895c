"""The shell of the job scripts, run as slurmd runs it; other scripts play Slurm's commands."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "slurm"
SAY_MASKS = 'echo "$1"; grep -E "^Sig(Blk|Ign)" /proc/self/status'
"""What the command alphanet is here: it prints the signals that it was started without."""
USR1, TERM = 1 << 9, 1 << 14
"""Bits of the masks in /proc."""


class Site:
    """A copy of the repository's scripts, a folder to submit from, and commands to find on PATH."""

    def __init__(self, folder: Path) -> None:
        self.home, self.submit, self.runs = folder / "my repo", folder / "submit", folder / "runs"
        self._commands, self._spool = folder / "bin", folder / "spool"
        for made in (self.submit, self._commands, self._spool):
            made.mkdir()
        shutil.copytree(SCRIPTS, self.home / "slurm")
        self.command("scontrol", f"echo '   Command={self.home}/slurm/train.sh variant=v2'")
        self.command("srun", 'while [[ $1 == -* ]]; do shift; done; exec "$@"')
        self.command("alphanet", SAY_MASKS)

    def command(self, name: str, body: str) -> None:
        """Put a command on PATH."""
        path = self._commands / name
        path.write_text(f"#!/usr/bin/env bash\n{body}\n")
        path.chmod(0o755)

    def says(self, *lines: str) -> None:
        """Replace what slurm/env.sh does."""
        text = [f"export ALPHANET_RUNS='{self.runs}'", *lines]
        (self.home / "slurm" / "env.sh").write_text("\n".join(text) + "\n")

    def environment(self, **more: str) -> dict[str, str]:
        """Of a shell, without any job."""
        own = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("SLURM_", "ALPHANET_"))
        }
        return own | {"PATH": f"{self._commands}:{os.environ['PATH']}"} | more

    def job(self) -> int:
        """Run train.sh as job 7 does: a copy elsewhere, nothing kept of what it prints."""
        shutil.copy(self.home / "slurm" / "train.sh", self._spool / "slurm_script")
        job = {
            "SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "fit", "SLURM_JOB_NUM_NODES": "1",
            "SLURM_JOB_NODELIST": "node1", "SLURM_NTASKS": "1",
            "SLURM_SUBMIT_DIR": str(self.submit),
        }  # fmt: skip
        return subprocess.run(
            ["bash", str(self._spool / "slurm_script"), "data=simulated"],
            cwd=self.submit, env=self.environment(**job), check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        ).returncode  # fmt: skip

    @property
    def early(self) -> Path:
        """Where a job speaks that has no log."""
        return self.submit / "slurm-7.out"

    def log(self) -> str:
        """The job's own log."""
        return (self.runs / "slurm" / "fit-7.out").read_text()


@pytest.fixture
def site(tmp_path) -> Site:
    made = Site(tmp_path)
    made.says()
    return made


def test_a_job_logs_in_one_place_only(site):
    assert site.job() == 0
    assert "alphanet train" in site.log()
    assert list(site.submit.iterdir()) == []


def test_what_the_site_complains_of_neither_ends_the_job_nor_is_lost(site):
    site.says("echo module: no such cuda >&2", "false", 'echo "$PS1_OF_SOME_PROMPT"')
    assert site.job() == 0
    assert "module: no such cuda" in site.log()
    assert list(site.submit.iterdir()) == []


@pytest.mark.parametrize(
    ("env", "said"),
    [
        ("echo module: not found >&2; exit 3", "module: not found"),
        ("exit 3", "ended with status 3 before it had a log"),
        ("ALPHANET_RUNS=", "HINT: export ALPHANET_RUNS=FOLDER"),
        ("ALPHANET_RUNS=/dev/null", "HINT: ALPHANET_RUNS in slurm/env.sh"),
        ('rm "$here/common.sh"', "common.sh"),
    ],
)
def test_what_ends_a_job_before_its_log_is_said_where_it_was_submitted(site, env, said):
    site.says(env)
    assert site.job() != 0
    assert said in site.early.read_text()


def test_a_copied_script_finds_its_site_where_it_was_submitted_or_says_that_there_is_none(site):
    site.command("scontrol", "exit 1")
    assert site.job() == 2
    assert f"no env.sh in {site.submit}/slurm" in site.early.read_text()
    site.early.unlink()
    shutil.copytree(site.home / "slurm", site.submit / "slurm")
    assert site.job() == 0


@pytest.fixture
def launched(site) -> Callable[[str], tuple[int, int]]:
    """The masks of blocked and of ignored signals that a verb starts with."""

    def start(verb: str) -> tuple[int, int]:
        code = f"source '{SCRIPTS}/common.sh'; options=() overrides=() cores=1; launch {verb}"
        environ = site.environment(ALPHANET_RUNS="x", SLURM_JOB_ID="7", SLURM_JOB_NODELIST="node1")
        said = subprocess.check_output(["bash", "-euc", code], env=environ, text=True).splitlines()
        assert said[1] == verb
        blocked, ignored = (int(line.split()[1], 16) for line in said[2:])
        return blocked, ignored

    return start


@pytest.mark.parametrize("verb", ["train", "roll"])
def test_a_verb_that_trains_starts_with_slurms_signals_held(launched, verb):
    assert launched(verb)[0] & (USR1 | TERM) == USR1 | TERM


def test_evaluate_starts_without_the_signal_it_does_not_answer_and_can_be_cancelled(launched):
    blocked, ignored = launched("evaluate")
    assert ignored & USR1
    assert not (blocked | ignored) & TERM


def test_where_env_holds_no_signals_the_fit_starts_all_the_same(site, launched):
    site.command("env", '[[ $1 != -* ]] || exit 125; exec /usr/bin/env "$@"')
    assert launched("train")[0] == 0


def test_roll_names_the_array_even_if_the_job_after_it_is_refused(site):
    site.command("sbatch", "[[ $* != *dependency=afterok* ]] || exit 1; echo 41")
    done = subprocess.run(
        ["bash", str(site.home / "slurm" / "roll.sh")],
        env=site.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "job 41: the fits" in done.stdout
    assert "HINT: scancel 41" in done.stderr
