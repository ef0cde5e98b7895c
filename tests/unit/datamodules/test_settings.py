"""What settings refuse wherever they are made, and the shipped style profiles."""

from dataclasses import replace
from pathlib import Path

import pytest
from omegaconf import OmegaConf
from pydantic import ValidationError

from datamodules.base.errors import ConfigError
from datamodules.settings import DESCRIPTORS, STYLES, DataSettings, StyleProfile, TableSettings

FOLDER = Path(__file__).parents[3] / "conf" / "style_profile"


def load(name):
    return StyleProfile(**OmegaConf.to_container(OmegaConf.load(FOLDER / name)))


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.yaml")), ids=lambda path: path.stem)
def test_a_shipped_profile_gives_what_differs_with_a_comment(path):
    lines = [line for line in path.read_text().splitlines() if not line.startswith("#")]
    keys = [line for line in lines if not line.startswith(" ") and not line.startswith("name:")]
    assert all("  #" in line or " #" in line for line in keys), keys
    assert load(path.name).name == path.stem
    given = OmegaConf.load(path)
    assert [key for key in given if given[key] == getattr(StyleProfile(), key)] in ([], ["name"])


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
    with pytest.raises((ConfigError, ValidationError), match=next(iter(wrong))):
        replace(StyleProfile(), **wrong)


def test_a_profile_that_names_some_weights_keeps_the_others():
    profile = StyleProfile(weights={"growth": {"EGRO": 1.0}})
    assert profile.weights == StyleProfile().weights | {"growth": {"EGRO": 1.0}}


@pytest.mark.parametrize(
    "wrong",
    [
        {"max_bad_rows": float("nan")},
        {"scale": {"quotes": {"volume": 0}}},
        {"scale": {"quotes": {"volume": float("nan")}}},
        {"scale": {"quotes": {"volume": float("inf")}}},
        {"scale": {"quotes": {"volume": "lots"}}},
        {"scale": {"quotes": {"volume": None}}},
        {"scale": {"quotes": {"volume": [1, 2]}}},
        {"horizon": 10.5},
        {"horizon": True},
        {"features": []},
        {"paht": "x"},
    ],
)
def test_a_value_that_means_nothing_is_refused(wrong):
    with pytest.raises((ConfigError, ValidationError), match=next(iter(wrong))):
        DataSettings(**wrong)


def test_home_is_where_a_path_begins_with_a_tilde(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    assert TableSettings(path="~/tables").path == f"{tmp_path}/tables"
    assert TableSettings(path="~nobody-of-this-name/x").path == "~nobody-of-this-name/x"
    assert TableSettings(path=tmp_path).path == str(tmp_path)
