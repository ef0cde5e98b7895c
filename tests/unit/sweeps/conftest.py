"""A sweep of invented fits."""

import pytest
from helpers.invented_sweep import configuration

from sweeps.configurations import Configuration


@pytest.fixture
def grid() -> list[Configuration]:
    """n of 6 and 8 times weights of 1 and 2."""
    return [configuration(n, weight) for n in (6, 8) for weight in (1.0, 2.0)]
