from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import statsmodels.api as sm
from helpers.synthetic_evaluation import synthetic_evaluation

from alphanet_pl.evaluation.compare import compare, returns
from alphanet_pl.evaluation.results import FitOrigin
from alphanet_pl.evaluation.types import Series
from benchmarks import study_claims
from benchmarks.study_claims import claims, counted, of_one, over_windows, ratio, reading

FITS = pd.DataFrame(
    [
        (name, asof, 0, epochs)
        for asof, pair in (("2014-10-01", (20, 20)), ("2014-12-01", (20, 24)))
        for name, epochs in zip(("v2", "v2.1"), pair, strict=True)
    ],
    columns=["variant", "asof", "seed", "epochs"],
)
TIMES = {"8": {"seconds": [6.2, 6.0, 6.5], "times as fast as all": [1.41, 1.33, 1.47]}}


NONE = pd.DataFrame()


def days(count: int) -> np.ndarray:
    first = np.datetime64("2011-01-03")
    return np.arange(first, first + count).astype(str)


def test_the_error_of_a_mean_is_that_of_clusters_by_window():
    rng = np.random.default_rng(5)
    dates, place = days(600), np.arange(600) // 10
    mine = rng.normal(size=60)[place] + rng.normal(size=600)
    theirs = rng.normal(size=600)
    found = over_windows(
        lambda values: float(values.mean()),
        Series(list(dates), mine.tolist()), Series(list(dates), theirs.tolist()), dates[::10],
    )  # fmt: skip
    oracle = sm.OLS(mine - theirs, np.ones(600)).fit(cov_type="cluster", cov_kwds={"groups": place})
    assert found[0] == pytest.approx(oracle.params[0])
    assert found[1] == pytest.approx(oracle.bse[0], rel=0.07)
    assert found[1] > 1.5 * (mine - theirs).std() / 600**0.5  # dates alone would make it too small


def test_common_dates_alone_are_compared_and_one_window_has_no_error():
    left = Series(list(days(4)), [1.0, 2.0, 3.0, 5.0])
    right = Series(list(days(5)[1:]), [1.0, 1.0, 2.0, 9.0])
    difference, error = over_windows(ratio, left, right, days(1))
    ours, plain = np.array([2.0, 3.0, 5.0]), np.array([1.0, 1.0, 2.0])
    assert difference == pytest.approx(
        ours.mean() / ours.std(ddof=1) - plain.mean() / plain.std(ddof=1)
    )
    assert np.isnan(error)


def test_the_first_days_return_counts():
    assert returns(Series(["a", "b"], [1.1, 1.21])).values == pytest.approx([0.1, 0.1])


def of(variant: str, seed: int = 3):
    """An evaluation of two windows."""
    made = synthetic_evaluation(variant, seed)
    fits = [FitOrigin(day, 0, "0", None, None) for day in ("2014-10-01", "2014-12-01")]
    return replace(made, provenance=replace(made.provenance, fits=fits))


def test_the_same_factor_twice_tells_nothing_apart():
    found = {name: of(name) for name in ("v2", "v2.1", "v2.2")}
    table = claims(found, compare(found), FITS, TIMES, NONE, NONE)
    readings = table["reading"]
    assert set(readings[table.index.str.startswith("v2.1 ")][:6]) == {"cannot be told"}
    assert readings["v2.2 ICIR 1.15 against 1.14"] == "cannot be told"
    assert readings["v2.2 is purer: smaller exposures to the styles"] == "the contrary (no error)"
    assert table.loc["v2.2 RankIC 7.99% against 11.25%", "ours less v2's"] == "+0.00% \u00b1 0.00%"
    assert set(table["single seeds"]) == {"-"}
    assert len(table) == 6 + 2 + 7 + 4


def test_single_seeds_are_paired_and_their_likeness_by_window():
    found = {name: of(name) for name in ("v2", "v2.1")}
    seeds = pd.DataFrame(
        [("v2", 0, 0.10), ("v2", 1, 0.12), ("v2.1", 0, 0.11), ("v2.1", 1, 0.14), ("v2.1", 2, 0.5)],
        columns=["variant", "seed", "RankIC"],
    ).assign(**{measure.says: 0.0 for measure in study_claims.MEASURES[1:]})
    alike = pd.DataFrame(
        [("v2", "a", 0.9), ("v2", "b", 0.8), ("v2.1", "a", 0.7), ("v2.1", "b", 0.61)],
        columns=["variant", "asof", "correlation"],
    )
    table = claims(found, compare(found), FITS, TIMES, seeds, alike)
    single = table["single seeds"]
    assert single["v2.1 RankIC 11.45% against 11.25%"] == "+1.50% \u00b1 0.50%"
    assert single["v2.1 ICIR 1.10 against 1.14"] == "+0.00 \u00b1 0.00"
    (less,) = table.index[table.index.str.contains("less alike")]
    assert table.loc[less, "ours less v2's"] == "-0.20 \u00b1 0.01"  # -0.195 and 0.005, rounded
    assert table.loc[less, "reading"] == "reproduced"


def test_a_figures_own_error_is_that_of_clusters_by_window():
    rng = np.random.default_rng(6)
    place = np.arange(600) // 10
    values = rng.normal(size=60)[place] + rng.normal(size=600)
    found = of_one(
        lambda one: float(one.mean()), Series(list(days(600)), list(values)), days(600)[::10]
    )
    oracle = sm.OLS(values, np.ones(600)).fit(cov_type="cluster", cov_kwds={"groups": place})
    assert found[0] == pytest.approx(oracle.params[0])
    assert found[1] == pytest.approx(oracle.bse[0], rel=0.07)


def test_a_variant_of_other_days_is_not_read():
    found = {"v2": of("v2"), "v2.3": replace(of("v2.3"), stop="2030-01-01")}
    assert claims(found, compare(found), FITS, TIMES, NONE, NONE).empty


def test_a_fits_time_is_an_epochs_by_the_number_of_epochs():
    (row,) = study_claims._of_training(FITS, TIMES).values()
    more = (1.0 * 1.2) ** 0.5  # by window 20 of 20, and 24 of 20
    assert row[0] == (
        f"{1.41 / more:.2f} times as fast a fit: an epoch 1.41 times, "
        f"in {more:.2f} times as many epochs"
    )
    assert row[2] == "reproduced"  # log 1.287 is 2.8 times its error of log(1.2) / 2


@pytest.mark.parametrize(
    ("difference", "error", "sign", "says"),
    [
        (0.03, 0.01, 1, "reproduced"),
        (-0.03, 0.01, -1, "reproduced"),
        (0.03, 0.01, -1, "**not reproduced**: the contrary"),
        (0.019, 0.01, 1, "cannot be told"),
        (0.03, float("nan"), 1, "cannot be told"),
    ],
)
def test_a_claim_is_read_by_two_standard_errors(difference, error, sign, says):
    assert reading(difference, error, sign) == says


@pytest.mark.parametrize(
    ("held", "says"),
    [([True] * 3, "the same way"), ([True, True, False], "mostly"), ([False], "the contrary")],
)
def test_what_has_no_error_is_counted(held, says):
    assert counted(held).startswith(says)
