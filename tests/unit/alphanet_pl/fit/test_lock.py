import json
import multiprocessing
import os
import subprocess
import sys
from dataclasses import asdict, replace

import pytest

from alphanet_pl.fit import lock
from alphanet_pl.fit.lock import LOCK, is_stale, locked, this_process
from datamodules.base.errors import FitError

OTHER_HOST = replace(this_process(), host="elsewhere", pid=4)


@pytest.fixture
def dead():
    """A process of this machine that has ended."""
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return replace(this_process(), pid=process.pid, started="12")


def leave(folder, holder):
    (folder / LOCK).write_text(json.dumps(asdict(holder)))


def test_a_lock_is_there_while_held_and_gone_afterwards(tmp_path):
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


def test_a_second_process_is_refused_and_told_who_holds_the_fit(tmp_path):
    other = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    stat = open(f"/proc/{other.pid}/stat").read()  # noqa: SIM115, PTH123
    leave(
        tmp_path,
        replace(this_process(), pid=other.pid, started=stat.rpartition(")")[2].split()[19]),
    )
    with (
        pytest.raises(FitError, match=rf"trained by process {other.pid} on .*\n?.*HINT"),
        locked(tmp_path),
    ):
        pass
    other.communicate(b"\n")
    with locked(tmp_path):  # it has ended
        pass
    assert list(tmp_path.iterdir()) == []


def test_the_lock_of_a_dead_process_is_taken_over(tmp_path, dead):
    leave(tmp_path, dead)
    with locked(tmp_path):
        assert json.loads((tmp_path / LOCK).read_text())["pid"] == os.getpid()


def test_a_later_process_of_the_same_number_is_another():
    assert is_stale(replace(this_process(), started="12"), this_process())
    assert not is_stale(this_process(), this_process())


def test_a_process_of_another_machine_is_respected(tmp_path):
    leave(tmp_path, OTHER_HOST)
    with (
        pytest.raises(FitError, match=f"HINT: wait for it; if it has died, rm {tmp_path}"),
        locked(tmp_path),
    ):
        pass
    assert json.loads((tmp_path / LOCK).read_text())["host"] == "elsewhere"


def test_a_requeued_job_takes_over_its_own_lock():
    before = replace(OTHER_HOST, job="7", restarts=0)
    assert is_stale(before, replace(this_process(), job="7", restarts=1))
    assert not is_stale(before, replace(this_process(), job="7", restarts=0))


@pytest.mark.parametrize(
    ("answer", "gone"),
    [("echo RUNNING", False), ("true", True), ("echo COMPLETED", True), ("exit 1", False)],
)
def test_of_a_job_elsewhere_slurm_is_asked(tmp_path, monkeypatch, answer, gone):
    squeue = tmp_path / "squeue"
    squeue.write_text(f"#!/bin/sh\n{answer}\n")
    squeue.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/bin:/usr/bin")
    assert is_stale(replace(OTHER_HOST, job="8"), replace(this_process(), job="7")) is gone


def try_to_hold(folder, barrier, held):
    barrier.wait()
    try:
        with locked(folder):
            held.put(os.getpid())
            barrier.wait()
    except FitError:
        barrier.wait()


@pytest.mark.parametrize("stale", [False, True])
def test_of_several_at_once_one_holds_the_lock(tmp_path, dead, stale):
    spawned = multiprocessing.get_context("fork")
    for _ in range(10):
        if stale:
            leave(tmp_path, dead)
        barrier, held = spawned.Barrier(6), spawned.Queue()
        tries = [
            spawned.Process(target=try_to_hold, args=(tmp_path, barrier, held)) for _ in range(6)
        ]
        for process in tries:
            process.start()
        for process in tries:
            process.join(60)
        held.get(timeout=60)
        assert held.empty()
        assert list(tmp_path.iterdir()) == []


def test_a_lock_that_is_not_one_is_refused_with_a_hint(tmp_path):
    (tmp_path / LOCK).write_text("{")
    with pytest.raises(FitError, match="HINT: rm"), locked(tmp_path):
        pass


def test_who_died_while_taking_a_lock_keeps_nobody_of_its_machine_out(tmp_path):
    code = "import os, sys; from filelock import SoftFileLock; held = SoftFileLock(sys.argv[1]);"
    code += "held.acquire(); os._exit(9)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "lock.taking")], check=False)
    assert (tmp_path / "lock.taking").exists()
    with locked(tmp_path):
        pass
    assert list(tmp_path.iterdir()) == []


def test_who_died_elsewhere_while_taking_a_lock_is_named_with_the_way_out(tmp_path, monkeypatch):
    monkeypatch.setattr(lock, "_DECIDING_SECONDS", 0.1)
    (tmp_path / "lock.taking").write_text("4\nelsewhere\n")
    hint = f"HINT: rm {tmp_path}/lock.taking"
    with pytest.raises(FitError, match=hint), locked(tmp_path):
        pass
