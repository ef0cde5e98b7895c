import pickle

import pytest

from datamodules.base import errors


def test_a_message_says_what_was_given_what_is_needed_and_a_hint():
    error = errors.ConfigError("seed=-1 was given", "it is at least 0", "seed=0")
    assert str(error) == "seed=-1 was given: it is at least 0\nHINT: seed=0"


@pytest.mark.parametrize(
    "kind",
    ["ConfigError", "TableError", "PanelError", "FitError", "EvaluationError"],
)
def test_every_error_survives_pickling_between_processes(kind):
    error = getattr(errors, kind)("given", "needed", "hint")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is type(error)
    assert (again.given, again.needed, again.hint) == ("given", "needed", "hint")
    assert isinstance(again, errors.AlphaNetError)
