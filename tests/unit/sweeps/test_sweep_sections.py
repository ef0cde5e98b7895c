"""The page of a sweep: means over seeds, errors over seeds, and what is missing."""

from dataclasses import replace
from math import isnan, sqrt

import pytest
from helpers.invented_sweep import configuration

from sweeps.configurations import Spread, Sweep, over, spread
from sweeps.figures import axis_of, has_grid, heat_map, points
from sweeps.sections import results, sweep_section, sweep_table


def _sweep(configurations, **changes) -> Sweep:
    given = {"name": "product", "missing": 0, "full": None, "simulated": False}
    return Sweep(configurations=configurations, **{**given, **changes})


def sweep_text(sweep: Sweep) -> str:
    return sweep_section(sweep).content


def test_a_spread_is_a_mean_and_its_standard_error():
    found = spread([0.01, 0.02, 0.03, float("nan")])
    assert found == pytest.approx((0.02, 0.01 / sqrt(3), 3))


def test_one_value_has_no_error():
    found = spread([0.5])
    assert (found.mean, found.n) == (0.5, 1)
    assert isnan(found.error)


def test_a_ratio_takes_both_errors():
    ratio, error = over(Spread(2.0, 0.2, 3), Spread(4.0, 0.4, 3))
    assert ratio == 0.5
    assert error == pytest.approx(0.5 * sqrt(0.01 + 0.01))


def test_a_configurations_numbers_are_over_its_seeds():
    one = configuration()
    assert one.name == "v2.1 model.n=8 loss.long_weight=1.0"
    assert one.val_rank_ic == pytest.approx((0.02, 0.01 / sqrt(3), 3))
    assert one.seconds_per_epoch.mean == pytest.approx(0.85)
    assert one.top_excess.mean == pytest.approx(0.01)
    assert isnan(one.volatility.mean)


def test_pairs_covered_are_those_of_the_recorded_samples():
    # Samples 0-7, 1-8 and 2-9: 28 pairs, then 7 new ones each.
    assert configuration().covered == pytest.approx((28 + 7 + 7) / 105)


def test_a_grid_is_drawn_as_a_heat_map_with_its_errors(grid):
    assert has_grid(grid)
    (map_,) = heat_map(grid).data
    assert map_.x == ("6", "8")
    assert map_.y == ("1", "2")
    assert map_.text[0][0] == "2.00 \u00b1 0.58"


def test_a_row_is_no_grid(grid):
    assert not has_grid([one for one in grid if one.long_weight == 1.0])


def test_the_axis_is_what_varies(grid):
    assert axis_of(grid) == "n"
    assert axis_of([one for one in grid if one.n == 6]) == "long_weight"
    assert axis_of(grid[:1]) == "name"


def test_error_bars_are_the_standard_errors(grid):
    figure = points(grid, lambda one: one.val_rank_ic, "RankIC", "n")
    assert [trace.name for trace in figure.data] == ["v2.1, weight 1", "v2.1, weight 2"]
    assert figure.data[0].error_y.array[0] == pytest.approx(0.01 / sqrt(3))


def test_the_ratio_of_training_times_is_on_the_page(grid):
    text = sweep_text(_sweep(grid, full=Spread(1.7, 0.1, 4)))
    assert "<td>0.50 \u00b1 0.03</td>" in text  # 0.85 s for n = 8 against 1.7 s
    assert "The ratio is to 4 fits" in text


def test_without_a_full_model_there_is_no_ratio(grid):
    assert "No fit of the same window pairs all 15 features" in sweep_text(_sweep(grid))


def test_what_is_missing_or_simulated_is_said(grid):
    text = sweep_text(_sweep(grid, missing=2, simulated=True))
    assert "2 trials are not finished and not counted." in text
    assert "The market is simulated" in text


def test_a_panel_that_ends_with_the_window_leaves_the_rest(grid):
    text = sweep_text(_sweep([replace(one, worth=None) for one in grid]))
    assert "product-val" in text
    assert "product-correlation" not in text


def test_a_column_of_dashes_is_what_the_panel_does_not_say(grid):
    first = results(_sweep(grid)).iloc[0]
    assert first["validation RankIC"] == "2.00% \u00b1 0.58%"
    assert first.iloc[-1] == "-"


def test_the_csv_has_a_row_a_configuration(grid):
    table = sweep_table(_sweep(grid))
    assert table["n"].tolist() == [6, 6, 8, 8]
    assert table["val_rank_ic"].tolist() == pytest.approx([0.02] * 4)
    assert table["correlation_error"].tolist() == pytest.approx([0.1] * 4)
