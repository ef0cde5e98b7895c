import numpy as np
import pandas as pd
import pytest
from helpers.synthetic_evaluation import synthetic_evaluation
from scipy.stats import spearmanr

from benchmarks import single_seeds
from benchmarks.single_seeds import correlations, measured


def scores() -> pd.DataFrame:
    """Three seeds of 25 stocks on 40 days from 2014-01-01, one score missing."""
    rng = np.random.default_rng(3)
    dates = np.arange(np.datetime64("2014-01-01"), np.datetime64("2014-02-10"))
    common = rng.normal(size=1000)
    found = pd.DataFrame({"date": np.repeat(dates, 25), "code": np.tile(np.arange(25), 40)})
    for seed in range(3):
        found[f"seed_{seed}"] = common + (1 + seed) * rng.normal(size=1000)
    found.loc[3, "seed_1"] = np.nan
    return found


def test_seeds_are_alike_as_scipy_says_window_by_window():
    factor = scores()
    windows = np.array(["2014-01-01", "2014-01-20"], dtype="datetime64[D]")
    found = correlations(factor, windows, step=10).set_index("asof")["correlation"]
    by_date = {}
    for date in factor["date"].unique()[::10]:
        one = factor[factor["date"] == date]
        by_date[date] = np.mean([
            spearmanr(one[f"seed_{a}"], one[f"seed_{b}"], nan_policy="omit").statistic
            for a, b in ((0, 1), (0, 2), (1, 2))
        ])  # fmt: skip
    dates = list(by_date)
    assert found["2014-01-01"] == pytest.approx(np.mean([by_date[date] for date in dates[:2]]))
    assert found["2014-01-20"] == pytest.approx(np.mean([by_date[date] for date in dates[2:]]))


def test_an_evaluation_without_a_part_has_no_figure_of_it():
    found = measured(synthetic_evaluation("v2", 3))
    assert found["RankIC"] == synthetic_evaluation("v2", 3).ic.neutral.summary.mean
    assert all(map(np.isfinite, found.values()))


def test_a_variant_takes_the_place_of_its_own_rows_only(tmp_path):
    path = tmp_path / single_seeds.FIGURES
    for name, value in (("v2", 1.0), ("v2.1", 2.0), ("v2", 3.0)):
        rows = pd.DataFrame({"seed": [0], "RankIC": [value], "factor_sha256": [f"of {value}"]})
        single_seeds._keep(path, name, rows)
    kept = pd.read_csv(path, dtype={"variant": str}).set_index("variant")["RankIC"]
    assert kept.to_dict() == {"v2.1": 2.0, "v2": 3.0}
    assert single_seeds._is_known(tmp_path, "v2", "of 3.0")
    assert not single_seeds._is_known(tmp_path, "v2", "of 1.0")
