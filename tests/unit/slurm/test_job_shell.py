"""The shell of the job scripts, run as slurmd runs it; other scripts play Slurm's commands."""

import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[3] / "slurm"
SAY_MASKS = 'echo "$1"; grep -E "^Sig(Blk|Ign)" /proc/self/status; echo 0 >"$ALPHANET_STATUS"'
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
        path = f"{self._commands}:{os.environ['PATH']}"
        return own | {"PATH": path, "ALPHANET_HOME": str(self.home)} | more

    def job(self, **more: str) -> int:
        """Run train.sh as job 7 does: a copy elsewhere, nothing kept of what it prints."""
        shutil.copy(self.home / "slurm" / "train.sh", self._spool / "slurm_script")
        job = {
            "SLURM_JOB_ID": "7", "SLURM_JOB_NAME": "fit", "SLURM_JOB_NUM_NODES": "1",
            "SLURM_JOB_NODELIST": "node1", "SLURM_NTASKS": "1",
        }  # fmt: skip
        return subprocess.run(
            ["bash", str(self._spool / "slurm_script"), "data=simulated"],
            cwd=self.submit, env=self.environment(**job | more), check=False,
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
    ],
)
def test_what_ends_a_job_before_its_log_is_said_where_it_was_submitted(site, env, said):
    site.says(env)
    assert site.job() != 0
    assert said in site.early.read_text()


@pytest.mark.parametrize(
    ("home", "said"), [("", "source slurm/env.sh first"), ("/gone", "/gone/slurm/common.sh")]
)
def test_a_job_that_does_not_know_the_repository_says_so_where_it_was_submitted(site, home, said):
    assert site.job(ALPHANET_HOME=home) != 0
    assert said in site.early.read_text()


@pytest.mark.parametrize(
    ("srun", "first", "status"), [(0, 0, 0), (0, 75, 75), (0, None, 1), (9, None, 9), (143, 0, 0)]
)
def test_a_job_ends_with_the_status_of_its_first_process(site, srun, first, status):
    leave = "" if first is None else f'echo {first} >"$ALPHANET_STATUS"; '
    site.command("srun", f"{leave}exit {srun}")
    assert site.job() == status
    assert not list((site.runs / "slurm").glob(".status*"))
    assert ("HINT: submit the same line again" in site.log()) == (first is None and srun == 0)


def test_a_step_that_outlasts_its_first_process_is_ended(site):
    wait = 'trap "echo terminated; exit 0" TERM; for _ in {1..400}; do /bin/sleep 0.02; done'
    site.command("srun", f'echo 1 >"$ALPHANET_STATUS"; {wait}')
    site.command("sleep", "exec /bin/sleep 0.02")
    assert site.job() == 1
    assert "the first process has ended" in site.log()
    assert "\nterminated" in site.log()


@pytest.fixture
def launched(site) -> Callable[[str], tuple[int, int]]:
    """The masks of blocked and of ignored signals that a verb starts with."""

    def start(verb: str) -> tuple[int, int]:
        code = (
            f"source '{site.home}/slurm/common.sh'; options=() overrides=() cores=1; launch {verb}"
        )
        environ = site.environment(SLURM_JOB_ID="7", SLURM_JOB_NODELIST="node1")
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


@pytest.mark.parametrize(
    ("words", "panel"),
    [
        (["variant=v2"], "/"),
        (["data=parquet"], "/"),
        (["--config-dir", "my", "data=vendor"], None),
        (["data=vendor", "data.panel=~/"], "~/"),
    ],
)
def test_your_own_data_names_its_panel_and_a_shipped_one_takes_the_sites(site, words, panel):
    (site.home / "conf" / "data").mkdir(parents=True)
    (site.home / "conf" / "data" / "parquet.yaml").touch()
    code = f"source '{site.home}/slurm/common.sh'; split_words {' '.join(words)}; add_place; "
    code += "value_of data.panel"
    environ = site.environment(ALPHANET_PANEL="/")
    assert subprocess.check_output(["bash", "-euc", code], env=environ, text=True) == (panel or "")


def test_roll_names_the_array_even_if_the_job_after_it_is_refused(site):
    site.command("sbatch", "[[ $* != *dependency=afterok* ]] || exit 1; echo 41")
    done = subprocess.run(
        ["bash", str(site.home / "slurm" / "roll.sh")],
        env=site.environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode != 0
    assert "job 41: the fits" in done.stdout
    assert "HINT: scancel 41" in done.stderr
