"""evaluation.json: what is written is what is read."""

import json

import numpy as np
import pytest

from alphanet_pl.evaluation.results import (
    finite,
    new_evaluation,
    read_evaluation,
    write_evaluation,
)
from alphanet_pl.evaluation.signal.ic import ic_summary
from datamodules.base.errors import EvaluationError


def test_a_new_evaluation_has_every_section_and_they_are_null():
    evaluation = new_evaluation("v2", "2011-01-31", "2020-08-24")
    sections = (
        "ic", "layers", "enhancement", "yearly", "exposures", "stock_coverage", "pair_coverage",
        "provenance",
    )  # fmt: skip
    assert all(evaluation[name] is None for name in sections)


def test_an_evaluation_survives_the_file(tmp_path):
    evaluation = new_evaluation("v2", "2011-01-31", "2020-08-24")
    write_evaluation(evaluation, tmp_path / "evaluation.json")
    assert read_evaluation(tmp_path / "evaluation.json") == evaluation


def test_numbers_that_do_not_exist_become_null():
    assert finite({"a": [np.nan, np.float32(0.5)], "b": np.int64(3)}) == {"a": [None, 0.5], "b": 3}


def test_a_summary_of_nothing_can_be_written():
    text = json.dumps(finite(ic_summary(np.zeros(0))), allow_nan=False)
    assert json.loads(text)["mean"] is None


def test_an_absent_file_is_refused_with_the_command(tmp_path):
    with pytest.raises(EvaluationError, match="alphanet evaluate"):
        read_evaluation(tmp_path / "evaluation.json")


def test_another_schema_is_refused(tmp_path):
    (tmp_path / "other.json").write_text('{"schema": "alphanet-pl evaluation", "version": 99}')
    with pytest.raises(EvaluationError, match="99"):
        read_evaluation(tmp_path / "other.json")
