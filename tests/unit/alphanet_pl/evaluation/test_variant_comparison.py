"""A comparison repeats each evaluation's numbers and pairs what it subtracts."""

import json
from dataclasses import replace

import numpy as np
import pytest

from alphanet_pl.evaluation.compare import (
    SCHEMA,
    compare,
    daily_difference,
    judged_apart,
    paired,
    read_correlation,
    seed_spread,
)
from alphanet_pl.evaluation.portfolio.enhancement import EPISODES
from alphanet_pl.evaluation.report.tables import comparison_tables
from alphanet_pl.evaluation.results import Evaluation, write_result
from alphanet_pl.evaluation.types import Series


@pytest.fixture(scope="module")
def comparison(several):
    return compare(several)


def test_every_number_is_the_one_in_its_evaluation(several, comparison):
    for name, evaluation in several.items():
        row = comparison.variants[name]
        assert row.ic == evaluation.ic.neutral.summary
        assert row.layers == evaluation.layers.by_filter[evaluation.layers.filter]
        assert row.enhancement.relative == evaluation.enhancement.relative
        assert row.enhancement.portfolio == evaluation.enhancement.portfolio
        assert row.yearly == evaluation.yearly
        assert row.exposures == evaluation.exposures.styles


def test_v2_is_the_baseline_wherever_it_stands(several):
    backwards = dict(reversed(list(several.items())))
    assert compare(backwards).baseline == "v2"


def test_without_v2_the_first_is_the_baseline(several):
    others = {name: each for name, each in several.items() if name != "v2"}
    assert compare(others).baseline == "v2.1"


def test_the_baseline_differs_from_nothing(comparison):
    row = comparison.variants["v2"]
    assert row.ic_difference is row.top_difference is row.excess_difference is None


def test_the_difference_of_rank_ic_is_that_of_its_means_on_equal_sections(several, comparison):
    row, base = comparison.variants["v2.1"], comparison.variants["v2"]
    assert row.ic_difference.mean == pytest.approx(row.ic.mean - base.ic.mean)
    assert row.ic_difference.n == row.ic.n


def test_only_dates_of_both_series_are_paired():
    left = Series(["2020-01-01", "2020-01-02", "2020-01-05"], [1.0, 2.0, np.nan])
    right = Series(["2020-01-02", "2020-01-03", "2020-01-05"], [0.5, 9.0, 1.0])
    dates, values = paired(left, right)
    assert dates == ["2020-01-02", "2020-01-05"]
    np.testing.assert_array_equal(values, [1.5, np.nan])


def test_series_without_a_common_date_differ_by_nothing():
    dates, values = paired(Series(["a"], [1.0]), Series(["b"], [1.0]))
    assert (dates, len(values)) == ([], 0)


def test_a_daily_difference_equals_one_taken_day_by_day():
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0.001, 0.01, (2, 40))
    dates = [f"2020-{1 + k // 20:02}-{1 + k % 20:02}" for k in range(40)]
    found = daily_difference(
        Series(dates, np.cumprod(1 + ours).tolist()),
        Series(dates, np.cumprod(1 + theirs).tolist()),
    )
    each = [a - b for a, b in zip(ours, theirs, strict=True)]
    mean = sum(each) / 40
    spread = (sum((value - mean) ** 2 for value in each) / 39) ** 0.5
    assert found.annual == pytest.approx(250 * mean)
    assert found.standard_error == pytest.approx(250 * spread / 40**0.5)
    assert found.days == 40


def test_an_episodes_drawdown_is_the_deepest_of_all_pairs_of_days(several, comparison):
    first, last = EPISODES["end of 2014"]
    for name, evaluation in several.items():
        curves = evaluation.enhancement.curves
        nav = [1.0, *curves.excess]  # nav[k] is the value before day k
        inside = [k for k, date in enumerate(curves.dates) if first <= date <= last]
        path = [nav[inside[0]], *(nav[k + 1] for k in inside)]
        deepest = max(
            1 - low / high for k, high in enumerate(path) for low in path[k:]
        )  # every peak against every later day
        episode = comparison.variants[name].episodes["end of 2014"]
        assert episode.drawdown.depth == pytest.approx(deepest, abs=1e-12)
        assert episode.covered


def test_an_episode_outside_the_period_has_no_drawdown(comparison):
    for name in ("early 2019", "early 2020"):
        episode = comparison.variants["v2"].episodes[name]
        assert episode.drawdown is None
        assert not episode.covered


def test_an_episode_that_the_period_cuts_is_covered_in_part(several):
    evaluation = several["v2"]
    curves = evaluation.enhancement.curves
    short = replace(evaluation.enhancement, curves=replace(curves, dates=curves.dates[:30]))
    evaluation = replace(evaluation, enhancement=short)
    row = compare({"v2": evaluation}).variants["v2"]
    assert not row.episodes["end of 2014"].covered


def test_a_single_seed_has_no_error(several):
    found = seed_spread(several["v2"].ic, [4])
    assert found.seeds == [4]
    assert found.mean == several["v2"].ic.neutral.summary.mean
    assert np.isnan([found.std, found.standard_error]).all()


def test_seeds_spread_as_their_means_do(several):
    summary = several["v2"].ic.neutral.summary
    by_seed = {str(k): replace(summary, mean=value) for k, value in enumerate((0.01, 0.02, 0.06))}
    found = seed_spread(replace(several["v2"].ic, by_seed=by_seed), [0, 1, 2])
    assert found.mean == pytest.approx(0.03)
    assert found.std == pytest.approx(np.sqrt(0.0007))
    assert found.standard_error == pytest.approx(np.sqrt(0.0007 / 3))


def test_a_factor_without_named_seeds_has_no_spread(several):
    assert seed_spread(several["v2"].ic, []) is None


def test_different_periods_are_not_called_common(several):
    shorter = replace(several["v2.1"], start="2014-12-01")
    found = compare({"v2": several["v2"], "v2.1": shorter})
    assert not found.common_period
    assert found.benchmark is None


def test_other_sections_of_one_period_are_not_called_common(several):
    ic = several["v2.1"].ic
    series = ic.neutral.series
    fewer = replace(series, dates=series.dates[1:], values=series.values[1:])
    other = replace(several["v2.1"], ic=replace(ic, neutral=replace(ic.neutral, series=fewer)))
    assert not compare({"v2": several["v2"], "v2.1": other}).common_period


def test_what_is_judged_by_other_settings_is_not_paired(several):
    judged = {name: {"evaluation": {"label": name, "filter": "none"}} for name in several}
    apart = {
        name: replace(each, provenance=replace(each.provenance, settings=judged[name]))
        for name, each in several.items()
    }
    assert judged_apart(several.values()) == []
    assert judged_apart(apart.values()) == ["label"]
    row = compare(apart).variants["v2.1"]
    assert row.ic is not None
    assert row.ic_difference is None
    assert row.top_difference is not None  # no label stands behind a portfolio
    assert row.excess_difference is not None


def test_correlations_are_those_of_the_very_factors(several, tmp_path):
    path, values = tmp_path / "comparison.json", {"v2": {"v2.1": 0.5}}
    assert read_correlation(path, several) is None
    write_result(compare(several, values), path)
    assert read_correlation(path, several) == values
    made = replace(several["v2"].provenance, factor_sha256="another")
    anew = several | {"v2": replace(several["v2"], provenance=made)}
    assert read_correlation(path, anew) is None
    for damage in ("[]", '{"schema": ', "{}"):
        path.write_text(damage)
        assert read_correlation(path, several) is None


def test_an_evaluation_of_nothing_is_compared_too(several):
    empty = Evaluation(variant="v2.1", start=several["v2"].start, stop=several["v2"].stop)
    row = compare({"v2": several["v2"], "v2.1": empty}).variants["v2.1"]
    assert row.ic is row.layers is row.enhancement is row.ic_difference is None


def test_the_file_is_versioned_json_without_nan(comparison, tmp_path):
    write_result(comparison, tmp_path / "comparison.json")
    found = json.loads((tmp_path / "comparison.json").read_text())
    assert (found["schema"], found["version"]) == (SCHEMA, 1)
    assert list(found["variants"]) == ["v2", "v2.1", "v2.2"]


def test_csv_tables_hold_the_same_numbers(several, comparison):
    found = comparison_tables(comparison)
    for name, evaluation in several.items():
        assert found["ic"].loc[name, "mean"] == evaluation.ic.neutral.summary.mean
        relative = evaluation.enhancement.relative
        assert found["enhancement"].loc[name, "calmar"] == relative.calmar
        layers = evaluation.layers.by_filter[evaluation.layers.filter]
        assert found["layers"].loc[name, "excess_1"] == layers.annual_excess[0]
        size = evaluation.exposures.styles["size"].mean
        assert found["exposures"].loc[(name, "size"), "mean"] == size
    assert set(found["differences"].index.get_level_values("variant")) == {"v2.1", "v2.2"}
    assert np.isnan(found["episodes"].loc[("v2", "early 2019"), "depth"])
