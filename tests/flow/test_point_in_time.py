"""Nothing known after the close of t changes a fit as of t or a score at t."""

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.small_study import ASOF, Study, call

from datamodules.canon.report import FINDINGS
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
    _perturb_the_rest(path.parent, quotes.loc[~after, "date"].max(), rng)
    words = ("data=parquet", f"data.path={path.parent}", *_panel(other))
    wild = ("data.max_bad_rows=1", f"data.accept=[{','.join(FINDINGS)}]")
    assert call(other, "prepare", *words, *wild) == 0
    return other


def _perturb_the_rest(tables: Path, day: pd.Timestamp, rng: np.random.Generator) -> None:
    """Other accounts, index closes and members after a day; those of the day count tomorrow."""
    accounts = pd.read_parquet(tables / "fundamentals.parquet")
    late = accounts["announced"] >= day
    figures = accounts.columns.drop(["code", "period_end", "announced"])
    accounts.loc[late, figures] *= rng.uniform(0.2, 5.0, (int(late.sum()), len(figures)))
    accounts.to_parquet(tables / "fundamentals.parquet", index=False)
    index = pd.read_parquet(tables / "index.parquet")
    index.loc[index["date"] > day, "close"] *= 2
    index.to_parquet(tables / "index.parquet", index=False)
    members = pd.read_parquet(tables / "index_members.parquet")
    members["end"] = members["end"].where(members["end"] <= day, day + pd.Timedelta("14D"))
    later = members[members["end"] > day].iloc[::2].assign(start=day + pd.Timedelta("15D"))
    later["end"] = day + pd.Timedelta("90D")
    members = pd.concat([members[members["start"] <= day], later])
    members.to_parquet(tables / "index_members.parquet", index=False)


def _panel(study: Study) -> tuple[str, str]:
    return "data=parquet", f"data.panel={study.runs}/demo/panel.zarr"


def _weights(study: Study, variant: str) -> dict[str, torch.Tensor]:
    (path,) = study.runs.glob(f"future/{variant}/*/*/best.ckpt")
    state: dict[str, torch.Tensor] = torch.load(path, weights_only=True)["state_dict"]
    return state


FITS = {"v2.1": ["v2.1"], "v2.2": ["v2.2"], "blend": ["v2", "ridge"]}
"""Variant -> those whose fits score."""


@pytest.mark.parametrize("variant", FITS)
def test_a_fit_and_its_scores_are_bit_identical_whatever_the_future(study, perturbed, variant):
    asof = Panel.open(study.runs / "demo" / "panel.zarr").dates[ASOF]
    scores = []
    for each in (study, perturbed):
        words = (f"variant={variant}", "experiment=future", *_panel(each))
        out = each.runs / "scores.parquet"
        assert call(each, "train", *words, f"asof={asof}") == 0
        assert call(each, "predict", *words, f"date={asof}", f"factor={out}") == 0
        scores.append(pd.read_parquet(out))
    for name in FITS[variant]:
        one, other = _weights(study, name), _weights(perturbed, name)
        assert all(torch.equal(one[key], other[key]) for key in one)
    pd.testing.assert_frame_equal(scores[0], scores[1], check_exact=True)
    assert len(scores[0]) > 20


@pytest.mark.parametrize("name", ["features", "close", "log_cap", "styles", "index_close",
                                  "index_weight", "scorable"])  # fmt: skip
def test_what_is_known_stays_and_what_follows_changes(study, perturbed, name):
    one, other = (Panel.open(each.runs / "demo" / "panel.zarr") for each in (study, perturbed))
    columns = np.isin(one.codes, other.codes)
    before, after = one.read(name), other.read(name)
    before = before if before.ndim == 1 else before[:, columns]
    np.testing.assert_array_equal(before[: ASOF + 1], after[: ASOF + 1])
    assert not np.array_equal(before[ASOF + 1 :], after[ASOF + 1 :], equal_nan=name != "scorable")
