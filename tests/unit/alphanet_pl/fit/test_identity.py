import json
from copy import copy
from dataclasses import dataclass, fields, is_dataclass, replace

import pytest

from alphanet_pl.config.settings import ModelSettings, Settings
from alphanet_pl.fit.identity import (
    PROTOCOL,
    decisive_settings,
    fit_folder,
    fit_hash,
    model_identity,
    recorded_settings,
    same_settings,
)
from datamodules.settings import DataSettings

BASE = Settings(data=DataSettings(panel="p"))
PLACE_OR_SPEED = {
    "data": {
        "source", "path", "files", "columns", "scale", "free_turn", "without", "qlib_adjusted",
        "max_bad_rows", "market", "panel", "styles", "style_profile", "beta_index",
        "size", "market_rules", "limit_rules", "boards", "accept",
        "min_in_sample_days", "residency", "workers",
    },
    "trainer": {"accelerator", "devices", "num_nodes", "threads", "progress"},
    "model": set(),
    "loss": set(),
}  # fmt: skip
"""Settings that cannot change the weights: what they did to the data is in the fingerprint."""


def _changed(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    if is_dataclass(value):
        return _with(value, fields(value)[0].name)
    return ["other"] if isinstance(value, list) else {"other": {}}


def _with(node, name):
    """A copy with one other value, be it one that is refused."""
    other = copy(node)
    setattr(other, name, _changed(getattr(node, name)))
    return other


@pytest.mark.parametrize("group", PLACE_OR_SPEED)
def test_every_setting_either_changes_the_hash_or_is_one_of_place_or_speed(group):
    node = getattr(BASE, group)
    before = fit_hash(BASE, "2011-01-31", "f")
    for item in fields(node):
        other = _with(node, item.name)
        after = fit_hash(replace(BASE, **{group: other}), "2011-01-31", "f")
        assert (after == before) == (item.name in PLACE_OR_SPEED[group]), item.name


def test_seed_session_and_panel_change_the_hash():
    hashes = {
        fit_hash(BASE, "2011-01-31", "f"),
        fit_hash(replace(BASE, seed=1), "2011-01-31", "f"),
        fit_hash(BASE, "2011-02-01", "f"),
        fit_hash(BASE, "2011-01-31", "g"),
    }
    assert len(hashes) == 4


def test_a_folder_is_named_by_what_the_fit_is():
    folder = fit_folder(replace(BASE, seed=3, experiment="e"), "2011-01-31", "f")
    assert folder.parts[:4] == ("runs", "e", "v2", "2011-01-31")
    assert folder.name == f"seed3-{fit_hash(replace(BASE, seed=3), '2011-01-31', 'f')}"


PROTOCOL_2 = {
    "model": {"n": 15, "units": 30, "batch_norm_eps": 1e-3, "batch_norm_momentum": 0.99},
    "loss": {"long_weight": 1.0, "neutralise": False},
    "data": {
        "features": [
            "open", "high", "low", "close", "vwap", "volume", "return1", "turn", "free_turn",
            "close/free_turn", "open/turn", "volume/low", "vwap/high", "low/high", "vwap/close",
        ],
        "picture_days": 30,
        "horizon": 10,
        "label": "close",
        "filter": "report",
        "in_sample_days": 1500,
        "sample_step": 2,
        "train_share": 0.8,
        "embargo": 11,
        "dates_per_step": 1,
    },
    "trainer": {"learning_rate": 1e-4, "patience": 10, "max_epochs": 200},
}  # fmt: skip
"""Its defaults, which fits of it leave out: another default is another protocol."""


@dataclass
class WiderModel(ModelSettings):
    """The model as it may be one day."""

    kind: str = "alphanet"


def wider(settings: Settings, **model: object) -> Settings:
    return replace(settings, model=WiderModel(n=settings.model.n, **model))


def test_the_defaults_are_those_of_the_protocol():
    assert PROTOCOL == 2
    found = decisive_settings(BASE)
    for group, values in PROTOCOL_2.items():
        assert {name: found[group][name] for name in values} == values


def test_a_fit_of_all_defaults_is_named_by_the_protocol_alone():
    assert model_identity(BASE) == {"protocol": 2}
    assert fit_hash(BASE, "2011-01-31", "f") == "c8c489bcee"


def test_what_differs_from_the_defaults_is_recorded_and_nothing_else():
    other = replace(BASE, model=replace(BASE.model, n=8))
    assert model_identity(other) == {"protocol": 2, "model": {"n": 8}}
    recorded = json.loads(json.dumps(model_identity(other)))
    assert recorded_settings(recorded) == decisive_settings(other)


def test_a_new_setting_with_a_neutral_default_renames_no_fit():
    for settings in (BASE, replace(BASE, model=replace(BASE.model, n=8))):
        assert model_identity(wider(settings)) == model_identity(settings)
        assert fit_hash(wider(settings), "d", "f") == fit_hash(settings, "d", "f")
        assert same_settings(model_identity(settings), wider(settings))
        assert not same_settings(model_identity(settings), wider(settings, kind="v3"))


def test_settings_are_compared_whether_a_record_leaves_out_defaults_or_not():
    other = replace(BASE, model=replace(BASE.model, n=8))
    for identity in (model_identity(other), {"protocol": 1, **decisive_settings(other)}):
        assert same_settings(identity, other)
        assert not same_settings(identity, BASE)
        assert same_settings(identity, wider(other))
