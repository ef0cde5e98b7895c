"""Evaluations of several variants on one synthetic market."""

import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.results import Evaluation


@pytest.fixture(scope="session")
def several() -> dict[str, Evaluation]:
    """v2, v2.1 and v2.2: three random factors on the same 90 days of 40 stocks."""
    return {
        name: synthetic_evaluation(name, seed) for seed, name in enumerate(("v2", "v2.1", "v2.2"))
    }
