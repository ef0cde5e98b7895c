"""What evaluate refuses before it judges."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from alphanet_pl.evaluation.evaluate import check_index, check_scores
from datamodules.base.errors import EvaluationError
from datamodules.settings import IndexSettings


def _written(tmp_path, scores):
    path = tmp_path / "factor.parquet"
    pd.DataFrame({"factor": scores}).to_parquet(path)
    return path


def test_the_index_of_the_panel_is_judged_against():
    check_index(SimpleNamespace(index=IndexSettings(), path="p.zarr"), IndexSettings())
    check_index(SimpleNamespace(index=None, path="p.zarr"), IndexSettings(members="csi300"))


@pytest.mark.parametrize("other", [{"members": "csi300"}, {"code": "SH000300"}])
def test_another_index_than_the_panels_is_refused_with_its_own(other):
    panel = SimpleNamespace(index=IndexSettings(), path="p.zarr")
    with pytest.raises(EvaluationError, match=r"evaluation\.index\.members=csi500") as caught:
        check_index(panel, IndexSettings(**other))
    assert next(iter(other.values())) in str(caught.value)


def test_a_factor_of_finite_scores_is_accepted(tmp_path):
    scores = np.array([0.5, np.nan, -0.5])
    check_scores(_written(tmp_path, scores), scores)


def test_an_infinite_score_is_refused(tmp_path):
    scores = np.array([0.5, np.inf, -0.5])
    with pytest.raises(EvaluationError, match="1 scores are infinite"):
        check_scores(_written(tmp_path, scores), scores)


def test_a_stock_date_given_twice_is_refused(tmp_path):
    path = _written(tmp_path, [0.5, 0.1, 0.2])
    with pytest.raises(EvaluationError, match="1 scores are of a date and code that it holds"):
        check_scores(path, np.array([[0.2, 0.1]]))


def test_a_factor_without_a_score_is_refused(tmp_path):
    with pytest.raises(EvaluationError, match="no finite score"):
        check_scores(_written(tmp_path, [np.nan]), np.array([np.nan]))
