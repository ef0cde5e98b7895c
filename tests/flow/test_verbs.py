"""A mistake at any verb as a shell sees it: a process with an exit status."""

import subprocess
import sys

import pytest

from alphanet_pl.cli.main import VERBS


@pytest.mark.parametrize("verb", VERBS)
def test_a_mistake_ends_any_verb_with_status_2_and_one_hint(study, verb):
    command = [sys.executable, "-m", "alphanet_pl", *study.words(verb, "modl.n=8")]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("HINT: model.n=8") == 1
    assert "Traceback" not in done.stderr
