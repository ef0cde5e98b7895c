"""Styles inside a panel."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from datamodules.base.errors import ConfigError, TableError
from datamodules.prepare.arrays import panel_contents
from datamodules.prepare.grid import to_grid
from datamodules.settings import STYLES, DataSettings, StyleProfile
from datamodules.styles.styles import StyleInputs, compute_styles


@pytest.fixture
def settings():
    """Pictures of 5 sessions, and styles whose windows fit into 60."""
    profile = StyleProfile(
        beta_days=10, beta_half_life=10, momentum_days=10, momentum_lag=5, momentum_half_life=20,
        volatility_days=10, volatility_half_life=8, month_days=2,
    )  # fmt: skip
    return DataSettings(picture_days=5, horizon=4, style_profile=profile)


def test_a_panels_styles_are_those_of_its_scorable_stocks(make_tables, quotes, settings):
    tables = make_tables(quotes)
    contents = panel_contents(tables, settings)
    arrays, grid = contents.arrays, to_grid(quotes)
    last_traded = pd.DataFrame(np.where(arrays["traded"], arrays["close"], np.nan)).ffill().shift()
    expected = compute_styles(
        StyleInputs(
            dates=grid.dates,
            codes=grid.codes,
            close=arrays["close"],
            returns=np.where(arrays["traded"], arrays["close"] / last_traded - 1, np.nan),
            turn=np.where(arrays["traded"], grid.column("turn"), np.nan),
            float_cap=grid.column("float_cap"),
            industry=arrays["industry"],
            universe=arrays["scorable"],
        ),
        settings.style_profile,
    )
    assert contents.styles == STYLES
    assert np.isfinite(arrays["styles"]).any()
    np.testing.assert_allclose(arrays["styles"], expected.exposures, atol=1e-5)
    assert np.isnan(arrays["styles"][~arrays["scorable"]]).all()
    assert contents.attrs["styles"]["cap"] == "float_cap"


def test_beta_is_measured_against_the_index_that_is_named(make_tables, quotes, settings):
    dates = pd.Series(sorted(quotes["date"].unique()))
    rng = np.random.default_rng(0)
    close = 100 * np.cumprod(1 + rng.normal(0, 0.01, len(dates)))
    index = pd.DataFrame({"date": dates, "code": "SH000985", "close": close})
    tables = make_tables(quotes, index=index)
    against = [
        panel_contents(tables, replace(settings, beta_index=code)).arrays["styles"][..., 1]
        for code in (None, "SH000985")
    ]
    assert np.isfinite(against[1]).any()
    assert not np.array_equal(against[0], against[1], equal_nan=True)


def test_quotes_without_capitalisation_have_styles_without_size(make_tables, quotes, settings):
    tables = make_tables(quotes.drop(columns="float_cap"))
    contents = panel_contents(tables, settings)
    told = contents.attrs["styles"]["styles"]
    assert told["size"]["dates"] == told["non_linear_size"]["dates"] == 0
    assert told["liquidity"]["dates"] > 0


def test_all_styles_of_tables_without_reports_are_refused(make_tables, quotes, settings):
    with pytest.raises(TableError, match="equity"):
        panel_contents(make_tables(quotes), replace(settings, styles="all"))


def test_an_index_of_beta_without_an_index_table_is_refused(make_tables, quotes, settings):
    tables = make_tables(quotes, index=None)
    with pytest.raises(ConfigError, match=r"beta_index=SH000985.*\nHINT: data.beta_index=null"):
        panel_contents(tables, replace(settings, beta_index="SH000985"))


@pytest.mark.parametrize("total", [np.nan, 0.0])
def test_a_total_cap_that_nobody_has_leaves_the_float_cap(make_tables, quotes, settings, total):
    tables = make_tables(quotes.assign(total_cap=total))
    found, expected = (panel_contents(one, settings) for one in (tables, make_tables(quotes)))
    np.testing.assert_array_equal(found.arrays["styles"], expected.arrays["styles"])
    assert found.attrs["styles"]["cap"] == "float_cap"


def test_styles_that_exist_on_no_session_are_noted(make_tables, quotes, settings):
    tables = make_tables(quotes)
    panel_contents(tables, settings)
    (note,) = (note for note in tables.report.notes if note.kind == "styles")
    assert note.says == "of 10 styles exist on no session"
    assert {"growth", "leverage"} <= set(note.examples)
    assert (note.count, note.cost) == (len(note.examples), "lost")
