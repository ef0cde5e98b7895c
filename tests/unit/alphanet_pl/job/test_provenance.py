import re
import subprocess

import pytest
import torch

from alphanet_pl.job.provenance import command_line, git_commit, versions


def test_versions_name_what_decides_the_numbers():
    found = versions()
    assert torch.__version__.startswith(found["torch"])  # less its build: +cu130
    assert {"alphanet-pl", "python", "lightning", "numpy", "zarr"} <= set(found)


def test_the_commit_is_a_full_hash_or_unknown():
    commit = git_commit()
    assert commit is None or re.fullmatch(r"[0-9a-f]{40}(-dirty)?", commit)


def test_changed_results_make_no_commit_dirty(tmp_path):
    results = tmp_path / "benchmarks" / "results"
    results.mkdir(parents=True)
    names = tmp_path / "code.py", results / "fits.csv"
    for path in names:
        path.write_text("before")
    who = ("-c", "user.name=a", "-c", "user.email=a@b")
    for words in (("init", "-q"), ("add", "."), (*who, "commit", "-qm", "all")):
        subprocess.run(["git", "-C", str(tmp_path), *words], check=True)
    names[1].write_text("after")
    clean = git_commit(tmp_path)
    names[0].write_text("after")
    assert clean is not None
    assert git_commit(tmp_path) == f"{clean}-dirty"
    assert not clean.endswith("-dirty")


@pytest.mark.parametrize("program", ["/usr/bin/alphanet", "/site-packages/alphanet_pl/__main__.py"])
def test_the_command_can_be_typed_again(monkeypatch, program):
    monkeypatch.setattr("sys.argv", [program, "evaluate", "variants=[v2, v2.1]"])
    assert command_line() == "alphanet evaluate 'variants=[v2, v2.1]'"


def test_another_program_has_no_command_of_ours(monkeypatch):
    monkeypatch.setattr("sys.argv", ["/usr/bin/jupyter", "lab"])
    assert command_line() == ""
