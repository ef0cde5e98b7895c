"""evaluation.json: what is written is what is read."""

import json
import math
from dataclasses import dataclass, replace

import numpy as np
import pytest
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.results import (
    Evaluation,
    from_json,
    read_evaluation,
    to_json,
    write_result,
)
from alphanet_pl.evaluation.signal.ic import ICSummary, ic_summary
from alphanet_pl.evaluation.types import Number
from datamodules.base.errors import EvaluationError


@dataclass(frozen=True)
class Figures:
    """Numbers of every kind that a result holds."""

    a: list[Number]
    b: Number


@pytest.fixture(scope="module")
def evaluation() -> Evaluation:
    return synthetic_evaluation()


def test_an_evaluation_of_nothing_has_every_part_and_they_are_null():
    evaluation = Evaluation(variant="v2", start="2011-01-31", stop="2020-08-24")
    parts = (
        "ic", "layers", "enhancement", "yearly", "exposures", "stock_coverage", "pair_coverage",
    )  # fmt: skip
    assert all(to_json(evaluation)[name] is None for name in parts)


def test_an_evaluation_survives_the_file(evaluation, tmp_path):
    write_result(evaluation, tmp_path / "evaluation.json")
    read = read_evaluation(tmp_path / "evaluation.json")
    assert to_json(read) == to_json(evaluation)
    assert read.layers == evaluation.layers


def test_the_file_begins_with_its_schema(evaluation):
    assert list(to_json(evaluation))[:5] == ["schema", "version", "variant", "start", "stop"]


def test_numbers_that_do_not_exist_become_null_and_nan_again():
    given = Figures(a=[np.nan, np.float64(0.5)], b=np.inf)
    assert to_json(given) == {"a": [None, 0.5], "b": None}
    read = from_json(Figures, to_json(given))
    assert math.isnan(read.a[0])
    assert math.isnan(read.b)


def test_a_summary_of_nothing_can_be_written():
    written = to_json(ic_summary(np.zeros(0)))
    assert json.loads(json.dumps(written, allow_nan=False))["mean"] is None
    assert math.isnan(from_json(ICSummary, written).mean)


def test_an_evaluation_prints_what_it_holds(evaluation):
    said = repr(evaluation)
    assert said.startswith("Evaluation of v2.1, 2014-10-01 to ")
    assert f"RankIC {evaluation.ic.neutral.summary.mean:.4f}" in said
    assert len(said) < 300


def test_a_part_prints_figures_to_four_digits_and_the_first_of_a_list(evaluation):
    said = repr(evaluation.layers)
    assert f"LayersResult(layers={evaluation.layers.layers}, step=10, " in said
    dates = evaluation.layers.curves.dates
    assert f"curves=LayerCurves(dates=[{dates[0]!r}, {dates[1]!r}, {dates[2]!r}, ...]" in said
    mean = evaluation.ic.neutral.summary.mean
    assert repr(evaluation.ic.neutral.summary).startswith(f"ICSummary(mean={mean:.4g}, ")


def test_a_series_prints_its_span(evaluation):
    assert repr(evaluation.ic.raw.series) == "Series(8 dates, 2014-10-01 to 2015-01-07)"


def test_an_absent_file_is_refused_with_the_command(tmp_path):
    with pytest.raises(EvaluationError, match="alphanet evaluate"):
        read_evaluation(tmp_path / "evaluation.json")


def test_another_schema_is_refused(tmp_path):
    (tmp_path / "other.json").write_text('{"schema": "alphanet-pl evaluation", "version": 99}')
    with pytest.raises(EvaluationError, match="99"):
        read_evaluation(tmp_path / "other.json")


def test_a_damaged_part_is_named(evaluation, tmp_path):
    path = tmp_path / "evaluation.json"
    write_result(replace(evaluation, yearly=None), path)
    content = json.loads(path.read_text())
    content["ic"]["neutral"]["summary"]["mean"] = "high"
    path.write_text(json.dumps(content))
    with pytest.raises(EvaluationError, match=r"damaged at ic\.neutral\.summary\.mean"):
        read_evaluation(path)
