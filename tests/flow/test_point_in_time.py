"""Nothing known after the close of t changes a fit as of t or a score at t."""

import shutil

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.small_study import ASOF, Study, call

from datamodules.panel import Panel


@pytest.fixture(scope="module")
def perturbed(study, tmp_path_factory) -> Study:
    """The same market up to ASOF, another one after it."""
    other = Study(tmp_path_factory.mktemp("perturbed"))
    shutil.copytree(study.runs / "demo" / "tables", other.runs / "tables")
    path = other.runs / "tables" / "quotes.parquet"
    quotes = pd.read_parquet(path)
    after = quotes["date"].to_numpy() > np.sort(quotes["date"].unique())[ASOF]
    rng = np.random.default_rng(0)
    factor = rng.uniform(0.5, 2.0, int(after.sum()))
    for name in ("open", "high", "low", "close", "vwap", "prev_close"):
        quotes.loc[after, name] = quotes.loc[after, name] * factor
    for name in ("volume", "amount", "turn", "free_turn", "float_cap", "adj_factor"):
        quotes.loc[after, name] = quotes.loc[after, name] * rng.uniform(0.5, 2.0, len(factor))
    quotes.loc[after, "is_st"] = rng.random(len(factor)) < 0.5
    gone = after & (quotes["code"] == quotes["code"].iloc[0]).to_numpy()
    quotes[~gone].to_parquet(path, index=False)
    words = ("data=parquet", f"data.path={path.parent}", *_panel(other))
    assert call(other, "prepare", *words, "data.max_bad_rows=1") == 0
    return other


def _panel(study: Study) -> tuple[str, str]:
    return "data=parquet", f"data.panel={study.runs}/demo/panel.zarr"


def _weights(study: Study) -> dict[str, torch.Tensor]:
    (path,) = study.runs.glob("future/*/*/*/best.ckpt")
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state


def test_a_fit_and_its_scores_are_bit_identical_whatever_the_future(study, perturbed):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    scores = []
    for each in (study, perturbed):
        words = ("variant=v2.1", "experiment=future", *_panel(each))
        out = each.runs / "scores.parquet"
        assert call(each, "train", *words, f"asof={asof}") == 0
        assert call(each, "predict", *words, f"date={asof}", f"factor={out}") == 0
        scores.append(pd.read_parquet(out))
    one, other = _weights(study), _weights(perturbed)
    assert all(torch.equal(one[key], other[key]) for key in one)
    pd.testing.assert_frame_equal(scores[0], scores[1], check_exact=True)
    assert len(scores[0]) > 20


def test_the_perturbation_reached_the_panel(study, perturbed):
    one, other = (Panel.open(each.runs / "demo" / "panel.zarr") for each in (study, perturbed))
    assert one.fingerprint != other.fingerprint
    later = one.read("close")[ASOF + 1 :]
    columns = np.isin(one.codes, other.codes)
    assert not np.array_equal(later[:, columns], other.read("close")[ASOF + 1 :], equal_nan=True)
