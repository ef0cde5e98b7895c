"""From descriptors to styles on one date, against a slow obvious version."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import statsmodels.api as sm
from omegaconf import OmegaConf

from datamodules.settings import DESCRIPTORS, STYLES, StyleProfile
from datamodules.styles.counts import StyleCounts
from datamodules.styles.cross_section import ORTHOGONAL_TO, CrossSection

CONF = Path(__file__).parents[4] / "conf" / "style_profile"
NAMES = ("cne5_renorm", "table33_literal", "huatai_matlab")
CLEANED = [(style, other) for style, others in ORTHOGONAL_TO.items() for other in others]
STOCKS = 500


def profile(name):
    return StyleProfile(**OmegaConf.to_container(OmegaConf.load(CONF / f"{name}.yaml")))


def section(seed=0):
    """Correlated descriptors of 500 stocks with gaps, their cap and industry."""
    rng = np.random.default_rng(seed)
    common = rng.normal(size=(2, STOCKS))
    descriptors = {}
    for names in DESCRIPTORS.values():
        for name in names:
            values = 0.5 * common[0] + 0.3 * common[1] + rng.standard_t(4, STOCKS)
            values[rng.random(STOCKS) < 0.15] = np.nan
            descriptors[name] = values
    descriptors["LNCAP"] = 22 + common[0]
    cap = np.exp(21 + common[0] + 0.2 * rng.normal(size=STOCKS))
    return descriptors, cap, rng.integers(-1, 6, STOCKS)


def run(rules, descriptors, cap, industry):
    counts = StyleCounts(rules.name, np.array(["2020-01-02"], "datetime64[D]"))
    exposures = CrossSection(cap, industry, rules).styles(descriptors, counts, 0)
    return dict(zip(STYLES, exposures.T, strict=True)), counts


def weighted_correlation(x, y, weights):
    centred = [v - np.average(v, weights=weights) for v in (x, y)]
    cov = np.average(centred[0] * centred[1], weights=weights)
    return cov / np.sqrt(np.prod([np.average(v**2, weights=weights) for v in centred]))


def slow_styles(rules, descriptors, cap, industry):
    """The same steps, one stock at a time where that is clearer."""
    clipped = np.minimum(cap, np.quantile(cap, 0.95))
    centre = cap if rules.centre_weight == "cap" else clipped**0.5
    regression = cap**0.5 if rules.regression_weight == "sqrt_cap" else clipped

    def scale(x):
        have = np.isfinite(x)
        return (x - np.average(x[have], weights=centre[have])) / x[have].std()

    def clip(x):
        have = x[np.isfinite(x)]
        middle, spread = have.mean(), have.std()
        if rules.winsorise == "mad":
            middle = np.median(have)
            spread = np.median(abs(have - middle))
        return np.clip(x, middle - 3 * spread, middle + 3 * spread)

    def composite(style):
        ready = {name: descriptors[name] for name in DESCRIPTORS[style]}
        if rules.composite == "standardised":
            ready = {name: scale(clip(x)) for name, x in ready.items()}
        out = np.full(len(cap), np.nan)
        for i in range(len(cap)):
            shares = {n: rules.weights[style][n] for n, x in ready.items() if np.isfinite(x[i])}
            if sum(shares.values()):
                out[i] = sum(w * ready[n][i] for n, w in shares.items()) / sum(shares.values())
        return out if rules.composite == "standardised" else clip(out)

    def filled(x):
        out = x.copy()
        for i in np.flatnonzero(~np.isfinite(x)):
            peers = x[(industry == industry[i]) & np.isfinite(x)] if industry[i] >= 0 else []
            out[i] = np.mean(peers) if len(peers) else 0.0
        return out

    made = {s: scale(filled(scale(composite(s)))) for s in STYLES if s != "non_linear_size"}
    made["non_linear_size"] = made["size"] ** 3
    for style, others in ORTHOGONAL_TO.items():
        again = rules.winsorise_residuals == "all" or style == "non_linear_size"
        design = sm.add_constant(np.column_stack([made[o] for o in others]))
        while True:
            made[style] = sm.WLS(made[style], design, weights=regression).fit().resid
            if not again:
                break
            made[style] = clip(made[style])
            left = [weighted_correlation(made[style], made[o], regression) for o in others]
            if max(map(abs, left)) < 0.01:
                break
        made[style] = scale(made[style])
    return made


@pytest.mark.parametrize("name", NAMES)
def test_ten_styles_equal_the_slow_version(name):
    found, _ = run(profile(name), *section())
    expected = slow_styles(profile(name), *section())
    for style in STYLES:
        np.testing.assert_allclose(found[style], expected[style], atol=1e-8, err_msg=style)


@pytest.mark.parametrize("name", NAMES[:2])
def test_cap_weighted_means_are_zero_and_deviations_one(name):
    descriptors, cap, industry = section()
    found, _ = run(profile(name), descriptors, cap, industry)
    for style in STYLES:
        assert np.average(found[style], weights=cap) == pytest.approx(0, abs=1e-10), style
        assert found[style].std() == pytest.approx(1, abs=1e-10), style


@pytest.mark.parametrize(("style", "other"), CLEANED)
@pytest.mark.parametrize("name", NAMES)
def test_a_cleaned_style_is_orthogonal_before_the_last_winsorising(name, style, other):
    descriptors, cap, industry = section()
    rules = replace(profile(name), winsorise_width=1e9)
    found, _ = run(rules, descriptors, cap, industry)
    weights = CrossSection(cap, industry, rules).regression
    assert abs(weighted_correlation(found[style], found[other], weights)) < 1e-10


@pytest.mark.parametrize(("style", "other"), CLEANED)
@pytest.mark.parametrize("name", NAMES)
def test_a_cleaned_style_is_nearly_orthogonal_after_it(name, style, other):
    descriptors, cap, industry = section()
    found, _ = run(profile(name), descriptors, cap, industry)
    weights = CrossSection(cap, industry, profile(name)).regression
    assert abs(weighted_correlation(found[style], found[other], weights)) < 0.02


def test_a_stock_with_one_descriptor_of_three_has_that_one_alone():
    descriptors, cap, industry = section()
    for name in ("STOM", "STOQ", "STOA"):
        descriptors[name] = np.linspace(-2, 2, STOCKS) ** 3 + len(name)
    whole, _ = run(StyleProfile(), descriptors, cap, industry)
    descriptors["STOM"] = descriptors["STOM"].copy()
    descriptors["STOM"][7] = np.nan
    found, counts = run(StyleProfile(), descriptors, cap, industry)
    assert counts.reweighted[STYLES.index("liquidity")] == 1
    assert found["liquidity"][7] == pytest.approx(whole["liquidity"][7], abs=0.02)


def test_only_a_stock_with_no_descriptor_at_all_is_filled_and_counted():
    descriptors, cap, industry = section()
    for name in DESCRIPTORS["leverage"]:
        descriptors[name] = np.random.default_rng(1).normal(size=STOCKS)
        descriptors[name][:3] = np.nan
    descriptors["MLEV"][3:9] = np.nan
    industry[:3] = (2, 2, -1)
    _, counts = run(StyleProfile(), descriptors, cap, industry)
    k = STYLES.index("leverage")
    assert counts.filled_by_industry[k] == 2
    assert counts.filled_by_zero[k] == 1
    assert counts.reweighted[k] == 6
    assert counts.coverage[0, k] == pytest.approx(1 - 3 / STOCKS)


def test_a_style_that_too_few_stocks_have_is_absent_that_day():
    descriptors, cap, industry = section()
    for name in ("EGRO", "SGRO"):
        descriptors[name][49:] = np.nan
    found, counts = run(StyleProfile(), descriptors, cap, industry)
    assert np.isnan(found["growth"]).all()
    assert counts.never() == ("growth",)


def test_a_descriptor_that_too_few_stocks_have_leaves_the_others_to_speak():
    descriptors, cap, industry = section()
    without = {name: values for name, values in descriptors.items() if name != "CETOP"}
    descriptors["CETOP"][49:] = np.nan
    found, _ = run(StyleProfile(), descriptors, cap, industry)
    expected, _ = run(StyleProfile(), without, cap, industry)
    np.testing.assert_array_equal(found["earnings_yield"], expected["earnings_yield"])


def test_without_size_there_is_no_nonlinear_size_and_the_rest_remains():
    descriptors, cap, industry = section()
    descriptors["LNCAP"] = np.full(STOCKS, np.nan)
    found, counts = run(StyleProfile(), descriptors, cap, industry)
    assert counts.never() == ("size", "non_linear_size")
    assert np.isfinite(found["liquidity"]).all()
    assert abs(weighted_correlation(found["residual_volatility"], found["beta"], cap**0.5)) < 0.02


def test_two_sizes_leave_nothing_for_nonlinear_size():
    descriptors, cap, industry = section()
    descriptors["LNCAP"] = np.where(np.arange(STOCKS) % 2, 20.0, 24.0)
    found, _ = run(StyleProfile(), descriptors, cap, industry)
    assert np.isnan(found["non_linear_size"]).all()


def test_an_infinite_descriptor_counts_as_missing():
    descriptors, cap, industry = section()
    descriptors["BTOP"][5] = np.inf
    found, counts = run(StyleProfile(), descriptors, cap, industry)
    assert np.isfinite(found["book_to_price"]).all()
    assert counts.coverage[0, STYLES.index("book_to_price")] < 1


@pytest.mark.parametrize("stocks", [0, 1, 2])
def test_a_universe_of_hardly_any_stock_raises_nothing(stocks):
    descriptors, cap, industry = section()
    own = {name: values[:stocks] for name, values in descriptors.items()}
    found, counts = run(StyleProfile(), own, cap[:stocks], industry[:stocks])
    assert all(len(values) == stocks for values in found.values())
    assert counts.members[0] == stocks


def test_without_capitalisations_every_stock_weighs_the_same():
    descriptors, _, industry = section()
    found, _ = run(StyleProfile(), descriptors, np.full(STOCKS, np.nan), industry)
    assert found["beta"].mean() == pytest.approx(0, abs=1e-10)
