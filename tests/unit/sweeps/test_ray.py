"""A sweep on Ray, as far as it needs none: what a worker imports, and why a trial failed."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest
import ray
from ray import cloudpickle

from alphanet_pl.config.compose import load_settings
from datamodules.base.errors import ConfigError, FitError
from sweeps.ray import _own_session, cluster, imports_like, last_error
from sweeps.trial import package_root


def test_a_worker_imports_what_the_command_imports(tmp_path):
    other = tmp_path / "other" / "sweeps"
    other.mkdir(parents=True)
    (other / "__init__.py").write_text("")
    pickled = cloudpickle.dumps(imports_like(sys.path))
    code = (
        "import sys; from ray import cloudpickle\n"
        f"cloudpickle.loads({pickled!r})()\n"
        f"sys.path.insert(0, {str(other.parent)!r})\n"  # as Ray does with the present folder
        "import sweeps.settings; print(sweeps.settings.__file__)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == f"{package_root()}/sweeps/settings.py"


def test_the_session_of_a_killed_sweep_goes_with_the_next_one_and_nothing_else_does(tmp_path):
    killed, foreign = tmp_path / "alphanet-ray-killed", tmp_path / "mine"
    for left in (killed, foreign):
        left.mkdir()
        (tmp_path / "ray-session").write_text(str(left))
        with _own_session(tmp_path) as session:
            assert Path(session).is_dir()
        assert not Path(session).exists()
    assert [path.name for path in tmp_path.iterdir()] == ["mine"]


def test_the_own_package_comes_first_where_it_was_found_by_other_means():
    hook = imports_like(["/somewhere"])
    before = list(sys.path)
    try:
        hook()
        assert sys.path[:2] == [package_root(), "/somewhere"]
        assert set(before) <= set(sys.path)
    finally:
        sys.path[:] = before


@pytest.mark.parametrize("form", ["127.0.0.1:{}", "ray://localhost:{}"])
def test_an_address_where_nothing_listens_is_refused_before_ray_tries(tmp_path, monkeypatch, form):
    monkeypatch.setattr(ray, "init", lambda *_, **__: pytest.fail("Ray tried"))
    with socket.socket() as idle:
        idle.bind(("127.0.0.1", 0))
        address = form.format(idle.getsockname()[1])
        words = [f"runs={tmp_path}", "sweep=seeds", f"ray.address={address}"]
        refused = pytest.raises(ConfigError, match="no Ray cluster answers there")
        with refused as error, cluster(load_settings("sweep", words)):
            pass
    assert error.value.given == f"ray.address={address} was given"
    assert "ray start --head" in error.value.hint


LOCKED = FitError("F is being trained by process 1", "one job at a time", "wait, or rm F/lock.json")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            f"Traceback:\n  File x\ndatamodules.base.errors.FitError: {LOCKED}\n",
            "FitError: F is being trained by process 1: one job at a time "
            "HINT: wait, or rm F/lock.json",
        ),
        ("KeyError: 'a'\n\nDuring handling\n\nTypeError: no", "TypeError: no"),
        ("Traceback\nAssertionError\n", "AssertionError"),
        (
            "\x1b[36mray.exceptions.ActorDiedError\x1b[39m: The actor died unexpectedly.\n"
            "\tclass_name: ImplicitFunc\n\tThe actor is dead because its worker died: (1) ...",
            "ActorDiedError: The actor died unexpectedly.",
        ),
        ("killed\n", "killed"),
        ("", "no reason given"),
    ],
)
def test_a_failure_is_said_in_one_line_its_sentence_before_its_hint(text, said):
    assert last_error(text) == said
