"""In processes of their own: signals and their masks belong to a whole process."""

import os
import signal
import subprocess
import sys

import pytest

from alphanet_pl.job import signals

ARMED = """
import os, signal, subprocess, sys
from alphanet_pl.job import signals as s
s.block()
os.kill(os.getpid(), signal.SIGTERM)
os.kill(os.getpid(), signal.SIGUSR1)
child = subprocess.run(["sh", "-c", "kill -USR1 $$; exit 5"])
print("child", child.returncode, "noted", s.pending_request())
s.install()
print("noted", s.pending_request(), "torch", "torch" in sys.modules)
stop = s.stop_or_requeue(s.pending_request() if len(sys.argv) < 2 else s.STOP, "epoch 2, step 40")
print(stop.status, stop)
"""


def run(tmp_path, *arguments, scontrol="true", squeue="echo RUNNING", job="7"):
    for name, body in (
        ("scontrol", f'echo "$@" >{tmp_path}/asked\n{scontrol}'),
        ("squeue", squeue),
    ):
        script = tmp_path / name
        script.write_text(f"#!/bin/sh\n{body}\n")
        script.chmod(0o755)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    environ |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": job}
    done = subprocess.run(
        [sys.executable, "-c", ARMED, *arguments], capture_output=True, text=True, env=environ
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_signals_before_the_fit_listens_are_kept_and_kill_no_child(tmp_path):
    child, noted, _ = run(tmp_path)
    assert child == "child 5 noted 0"
    assert noted == "noted 2 torch False"


def test_a_requeue_is_asked_of_slurm_and_not_reported_as_success(tmp_path):
    assert run(tmp_path)[2] == "75 requeued: job 7 continues at epoch 2, step 40"
    assert (tmp_path / "asked").read_text() == "requeue 7\n"


def test_a_signal_that_waited_stops_what_asks_for_it(tmp_path):
    code = (
        ARMED.split("s.install()")[0]
        + """
try:
    s.stop_if_asked("the fit before")
except s.Interrupted as stop:
    print(stop.status, stop)
"""
    )
    (tmp_path / "scontrol").write_text("#!/bin/sh\ntrue\n")
    (tmp_path / "scontrol").chmod(0o755)
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    environ |= {"PATH": f"{tmp_path}:{os.environ['PATH']}", "SLURM_JOB_ID": "7"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, env=environ)
    assert "75 requeued: job 7 continues at the fit before" in done.stdout, done.stderr


def test_a_refused_requeue_says_why_and_what_to_do(tmp_path):
    lines = run(tmp_path, scontrol="echo Requested operation is disabled >&2; exit 1")
    assert lines[2].startswith("1 saved at epoch 2, step 40, but Slurm does not requeue job 7")
    assert "Requested operation is disabled" in lines[2]
    assert lines[3].startswith("HINT: submit the same command again")


def test_a_signal_while_slurm_is_asked_does_not_kill_the_question(tmp_path):
    lines = run(tmp_path, scontrol="kill -USR1 $$; kill -TERM $$; exit 0")
    assert lines[2].startswith("75 requeued")


@pytest.mark.parametrize(
    ("squeue", "status"), [("echo RUNNING", "75"), ("echo COMPLETING", "143"), ("exit 1", "143")]
)
def test_sigterm_requeues_a_preempted_job_but_not_a_cancelled_one(tmp_path, squeue, status):
    said = run(tmp_path, "stop", squeue=squeue)[2]
    assert said.split()[0] == status
    assert ("the same command continues" in said) == (status != "75")
    assert ("requeue 7" in (tmp_path / "asked").read_text()) == (status == "75")


def test_a_job_that_slurm_requeues_already_does_not_ask_for_a_command(tmp_path):
    lines = run(tmp_path, "stop", squeue="echo COMPLETING", scontrol="echo JobId=7 Restarts=1 x")
    assert lines[2] == "143 requeued: job 7 continues at epoch 2, step 40"


def test_outside_of_slurm_nothing_is_blocked():
    code = "from alphanet_pl.job import signals; signals.block(); import os, signal;"
    code += "os.kill(os.getpid(), signal.SIGTERM)"
    environ = {key: value for key, value in os.environ.items() if not key.startswith("SLURM_")}
    assert subprocess.run([sys.executable, "-c", code], env=environ).returncode == -signal.SIGTERM


@pytest.fixture
def default():
    """SIGTERM as a process begins with it: a fit that was trained here before would note it."""
    before = signal.signal(signal.SIGTERM, signal.SIG_DFL)
    yield signal.SIG_DFL
    signal.signal(signal.SIGTERM, before)


def test_sigterm_where_nothing_notes_it_is_an_exception_and_then_as_before(default):
    with pytest.raises(signals.Terminated), signals.terminable():
        signal.raise_signal(signal.SIGTERM)
    assert signal.getsignal(signal.SIGTERM) is default


def test_sigterm_that_is_ignored_stays_so():
    before = signal.signal(signal.SIGTERM, signal.SIG_IGN)
    try:
        with signals.terminable():
            signal.raise_signal(signal.SIGTERM)
    finally:
        signal.signal(signal.SIGTERM, before)
