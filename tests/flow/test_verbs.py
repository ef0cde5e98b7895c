"""A mistake at any verb as a shell sees it: a process with an exit status."""

import pytest
from helpers.small_study import Study

from alphanet_pl.cli.main import VERBS


def _run(study: Study, verb: str, *words: str) -> tuple[int, str, str]:
    """Exit status, what was printed, what was complained of."""
    process = study.start(verb, *words)
    out, err = process.communicate()
    return process.returncode, out, err


@pytest.mark.parametrize("verb", VERBS)
def test_a_mistake_ends_any_verb_with_status_2_and_one_hint(study, verb):
    status, out, err = _run(study, verb, "modl.n=8")
    assert (status, out) == (2, "")
    assert err.count("HINT: model.n=8") == 1
    assert "Traceback" not in err
