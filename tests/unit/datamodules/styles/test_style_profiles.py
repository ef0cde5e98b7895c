"""The shipped profiles, and what a profile refuses."""

from dataclasses import fields, replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf

from datamodules.base.errors import ConfigError
from datamodules.styles.profiles import DESCRIPTORS, STYLES, StyleProfile

FOLDER = Path(__file__).parents[4] / "conf" / "style_profile"


def load(name):
    merged = OmegaConf.merge(OmegaConf.structured(StyleProfile), OmegaConf.load(FOLDER / name))
    profile = OmegaConf.to_object(merged)
    profile.check()
    return profile


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_profile_gives_every_key_with_a_comment(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    keys = [line for line in lines if not line.startswith(" ") and not line.startswith("name:")]
    assert all("  #" in line or " #" in line for line in keys), keys
    assert set(OmegaConf.load(path)) == {item.name for item in fields(StyleProfile)}
    assert load(path.name).name == path.stem


def test_ten_styles_are_made_of_eighteen_descriptors():
    assert len(STYLES) == 10
    assert tuple(DESCRIPTORS) == STYLES
    assert len({name for names in DESCRIPTORS.values() for name in names}) == 18


def test_the_defaults_are_those_of_cne5_renorm():
    assert load("cne5_renorm.yaml") == StyleProfile()


def test_the_weights_of_a_style_sum_to_one_in_every_profile():
    for path in FOLDER.glob("*.yaml"):
        for weights in load(path.name).weights.values():
            assert sum(weights.values()) == pytest.approx(1)


def test_table_33_swaps_the_earnings_yields_and_has_no_sales_growth():
    literal = load("table33_literal.yaml")
    assert literal.weights["earnings_yield"] == {"ETOP": 0.66, "CETOP": 0.34}
    assert "SGRO" not in literal.used()
    assert replace(literal, name="cne5_renorm", weights=StyleProfile().weights) == StyleProfile()


def test_the_platforms_profile_sums_raw_descriptors_and_clips_by_mad():
    matlab = load("huatai_matlab.yaml")
    assert (matlab.composite, matlab.winsorise, matlab.balance_sheet) == ("raw", "mad", "annual")
    assert matlab.min_observed_momentum == 1.0
    assert matlab.weights == StyleProfile().weights


@pytest.mark.parametrize(
    "wrong",
    [
        {"winsorise": "iqr"},
        {"beta_days": 1},
        {"min_coverage": 1.5},
        {"weights": {**StyleProfile().weights, "growth": {"EGRO": 0.0}}},
        {"weights": {**StyleProfile().weights, "growth": {"EGR0": 1.0}}},
        {"weights": {**StyleProfile().weights, "leverage": {"MLEV": 2.0, "DTOA": -1.0}}},
    ],
)
def test_a_wrong_profile_is_refused_by_the_name_of_its_key(wrong):
    with pytest.raises(ConfigError, match=f"style_profile.{next(iter(wrong))}"):
        replace(StyleProfile(), **wrong).check()
