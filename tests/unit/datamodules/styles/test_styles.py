"""The whole of `compute_styles`: nothing ahead, what is missing, who is in."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from threadpoolctl import threadpool_limits

from datamodules.base.errors import TableError
from datamodules.settings import STYLES, StyleProfile
from datamodules.styles import styles as styles_module
from datamodules.styles.rolling import band
from datamodules.styles.styles import StyleInputs, block_descriptors, compute_styles

PROFILES = {
    "cne5_renorm": {},
    "huatai_matlab": {
        "range_form": "forward", "suspended_turnover": "skip", "balance_sheet": "annual",
        "composite": "raw", "winsorise": "mad", "winsorise_residuals": "non_linear_size",
        "centre_weight": "sqrt_clipped_cap", "regression_weight": "clipped_cap",
    },
}  # fmt: skip


def perturbed(inputs: StyleInputs, t: int) -> StyleInputs:
    """Everything after session t replaced by noise, reports announced after t included."""
    rng = np.random.default_rng(9)
    changed = {}
    for name, value in vars(inputs).items():
        if isinstance(value, np.ndarray) and name not in ("dates", "codes"):
            value = value.copy()
            noise = rng.random(value[t + 1 :].shape) * 50
            value[t + 1 :] = noise > 25 if value.dtype == bool else noise.astype(value.dtype)
        changed[name] = value
    reports = inputs.fundamentals.copy()
    late = (reports["announced"] >= inputs.dates[t]).to_numpy()
    for name in reports.columns[3:]:
        reports.loc[late, name] = rng.normal(size=late.sum())
    changed["fundamentals"] = reports
    return StyleInputs(**changed)


@pytest.fixture
def late(inputs):
    """Only sessions 115 .. 134 have a universe, so that a run is short; the market is an index."""
    session = np.arange(150)[:, None]
    universe = inputs.universe & (session >= 115) & (session < 135)
    return replace(inputs, universe=universe, index_close=np.nanmean(inputs.close, axis=1))


@pytest.mark.parametrize(
    ("name", "indexed"), [("cne5_renorm", False), ("cne5_renorm", True), ("huatai_matlab", True)]
)
def test_exposures_are_bit_identical_whatever_happens_later(inputs, late, short, name, indexed):
    profile, t = replace(short, **PROFILES[name]), 125
    if indexed:
        inputs = late
    else:  # Beta then rests on the market that the universe makes: it needs a longer one
        inputs.universe[:80], inputs.universe[130:] = False, False
    before = compute_styles(inputs, profile).exposures[: t + 1]
    after = compute_styles(perturbed(inputs, t), profile).exposures[: t + 1]
    assert np.isfinite(before[t]).any(axis=0).all()
    np.testing.assert_array_equal(before, after)


def test_exposures_are_bit_identical_when_the_panel_ends_earlier(late, short):
    whole = compute_styles(late, short).exposures
    cut = {n: v[:121] if isinstance(v, np.ndarray) and n != "codes" else v
           for n, v in vars(late).items()}  # fmt: skip
    np.testing.assert_array_equal(compute_styles(StyleInputs(**cut), short).exposures, whole[:121])


def test_a_report_announced_today_changes_exposures_from_tomorrow(late, short):
    t = 120
    today = pd.DataFrame({"code": late.codes[0], "period_end": pd.Timestamp("2015-06-30"),
                          "announced": late.dates[t], "equity": 1e13}, index=[0])  # fmt: skip
    table = late.fundamentals[late.fundamentals["period_end"] < "2015-03-01"]
    base = replace(late, fundamentals=table)
    more = replace(late, fundamentals=pd.concat([table, today]))
    old, new = (compute_styles(given, short).exposures for given in (base, more))
    np.testing.assert_array_equal(old[: t + 1], new[: t + 1])
    assert not np.array_equal(old[t + 1], new[t + 1], equal_nan=True)


def test_stocks_outside_the_universe_have_no_exposure_and_no_say(late, short):
    found = compute_styles(late, short).exposures
    assert np.isnan(found[~late.universe]).all()
    other = replace(late, float_cap=late.float_cap.copy(), total_cap=late.total_cap.copy())
    other.float_cap[~late.universe] *= 100
    other.total_cap[~late.universe] *= 100
    np.testing.assert_array_equal(found, compute_styles(other, short).exposures)


def test_without_reports_the_price_volume_styles_remain_and_the_others_are_named(late, short):
    styles = compute_styles(replace(late, fundamentals=None), short)
    absent = ("book_to_price", "earnings_yield", "growth", "leverage")
    assert styles.counts.never() == absent
    assert tuple(np.array(STYLES)[~styles.counts.available[130]]) == absent
    assert "revenue_ytd" in styles.counts.missing_columns
    assert "SGRO" in styles.counts.missing_descriptors
    there = [STYLES.index(name) for name in STYLES if name not in absent]
    assert np.isfinite(styles.exposures[130][late.universe[130]][:, there]).all()


def test_all_styles_without_capitalisation_are_refused(late, short):
    bare = replace(late, float_cap=np.full_like(late.float_cap, np.nan), total_cap=None)
    with pytest.raises(TableError, match=r"no session has the .* size, ") as refusal:
        compute_styles(bare, short, mode="all")
    assert "HINT: data.styles=available" in str(refusal.value)


def test_all_styles_without_reports_are_refused_with_every_column(late, short):
    with pytest.raises(TableError) as refusal:
        compute_styles(replace(late, fundamentals=None), short, mode="all")
    for column in ("equity", "net_profit_ytd", "operating_cash_flow_ytd", "revenue_ytd",
                   "noncurrent_liabilities", "total_liabilities", "total_assets"):  # fmt: skip
        assert column in str(refusal.value)
    assert "data.styles=available" in str(refusal.value)


def test_all_styles_are_refused_for_one_empty_column_and_name_only_it(late, short):
    table = late.fundamentals.assign(revenue_ytd=np.nan)
    with pytest.raises(TableError, match="without revenue_ytd were given"):
        compute_styles(replace(late, fundamentals=table), short, mode="all")


def test_a_column_that_the_profile_does_not_use_is_not_missed(late, short):
    weights = {**short.weights, "growth": {"EGRO": 1.0, "SGRO": 0.0}}
    table = late.fundamentals.drop(columns="revenue_ytd")
    given = replace(late, fundamentals=table)
    styles = compute_styles(given, replace(short, weights=weights), mode="all")
    assert styles.counts.missing_columns == ()


def test_each_style_begins_when_its_window_is_half_full(inputs, short):
    inputs.universe[45:] = False
    counts = compute_styles(replace(inputs, fundamentals=None), short).counts
    first = {name: int(counts.available[:, k].argmax()) for k, name in enumerate(STYLES)}
    assert first["size"] == 10, "the universe begins on session 10"
    assert 30 <= first["beta"] <= 32, "20 of 40 days of a market that begins on session 11"
    assert 35 <= first["momentum"] <= 40


def test_a_missing_total_cap_is_replaced_by_the_float_and_said_so(late, short):
    found = compute_styles(replace(late, total_cap=None), short)
    expected = compute_styles(replace(late, total_cap=late.float_cap), short)
    assert (found.counts.cap, expected.counts.cap) == ("float_cap", "total_cap")
    np.testing.assert_array_equal(found.exposures, expected.exposures)


def test_the_block_size_does_not_matter(late, short, monkeypatch):
    whole = compute_styles(late, short).exposures
    monkeypatch.setattr(styles_module, "_BLOCK", 11)
    np.testing.assert_allclose(compute_styles(late, short).exposures, whole, atol=1e-5)


def test_an_empty_universe_gives_no_exposure(inputs, short):
    nobody = replace(inputs, universe=np.zeros_like(inputs.universe))
    styles = compute_styles(nobody, short)
    assert np.isnan(styles.exposures).all()
    assert styles.counts.never() == STYLES


def test_the_summary_is_plain_enough_for_json(late, short):
    late.fundamentals.loc[late.fundamentals.index[0], "announced"] = pd.NaT
    told = json.loads(json.dumps(compute_styles(late, short).counts.summary()))
    assert list(told["styles"]) == list(STYLES)
    assert told["styles"]["size"]["first"] == str(late.dates[115])
    assert told["reports_left_out"]["without_announcement"] == 1


def test_band_weights_halve_with_every_half_life():
    weights = band(3, 4, 2.0, 1)
    expected = 0.5 ** (np.array([3, 2, 1, 0]) / 2)
    for row in range(3):
        np.testing.assert_allclose(weights[row, row : row + 4], expected)
        assert np.count_nonzero(weights[row]) == 4
    assert weights.shape == (3, 7)


def test_default_windows_need_no_more_sessions_than_there_are(make_market):
    styles = compute_styles(make_market(60, 30), StyleProfile())
    assert np.isnan(styles.exposures[..., STYLES.index("momentum")]).all()
    assert np.isfinite(styles.exposures[59, 0, STYLES.index("size")])


def test_descriptors_do_not_depend_on_the_number_of_threads(make_market, monkeypatch):
    """To the last bit of float64, of which single precision shows one in a billion."""
    inputs, made = make_market(600, 60), []
    inputs.universe[:595] = False

    def kept(*arguments):
        made.append(block_descriptors(*arguments))
        return made[-1]

    monkeypatch.setattr(styles_module, "block_descriptors", kept)
    for threads in (1, 2):
        with threadpool_limits(threads, user_api="blas"):
            compute_styles(inputs, StyleProfile())
    half = len(made) // 2
    for one, two in zip(made[:half], made[half:], strict=True):
        for name in one:
            np.testing.assert_array_equal(one[name], two[name], err_msg=name)
