import json
import os
from copy import copy
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import LossSettings, ModelSettings, Settings
from alphanet_pl.fit.folder import (
    PROTOCOL,
    Fit,
    decisive_settings,
    describe_earlier,
    earlier_fits,
    find_fits,
    fit_folder,
    fit_hash,
    model_identity,
    read_record,
    recorded_settings,
    same_settings,
)
from datamodules.base.errors import FitError
from datamodules.base.files import write_json
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


@pytest.mark.parametrize(
    ("variant", "digest"),
    [
        ("v2", "c43c650740"), ("v2.1", "e580ca9114"), ("v2.2", "f76ded43f6"),
        ("v2.3", "87c1d50c68"), ("combined", "2606fd6684"),
    ],
)  # fmt: skip
def test_fits_of_the_study_keep_their_names(variant, digest):
    settings = load_settings("train", ["data.panel=p", f"variant={variant}"])
    panel = "bead442c92dba48c36514fdc2bff8f001f361e905b478cd3fa81b4afbddfd555"
    assert fit_hash(settings, "2011-01-31", panel) == digest


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


@pytest.fixture
def settings(tmp_path) -> Settings:
    return Settings(runs=str(tmp_path), data=DataSettings(panel="p"))


def _done(settings: Settings, asof: str, seed: int, status: str = "done", panel: str = "f") -> None:
    one = replace(settings, seed=seed)
    what = {"asof": asof, "seed": seed, "identity": model_identity(one)}
    record = {"status": status, **what, "panel": {"fingerprint": panel}}
    write_json(fit_folder(one, asof, panel) / "fit.json", record)


def test_a_date_is_scored_by_the_newest_window_before_it(settings):
    for asof in ("2011-01-31", "2011-07-29", "2012-01-31"):
        for seed in (2, 0, 1):
            _done(settings, asof, seed)
    found = find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert {str(fit.asof) for fit in found} == {"2011-07-29"}
    assert [fit.seed for fit in found] == [0, 1, 2]


def test_the_as_of_session_itself_is_scored_by_its_own_fit(settings):
    _done(settings, "2011-01-31", 0)
    assert str(find_fits(settings, np.datetime64("2011-01-31"), "f")[0].asof) == "2011-01-31"


@pytest.mark.parametrize("order", [["f", "older"], ["older", "f"]])
def test_of_one_seed_the_fit_on_the_present_panel_counts_once(settings, order):
    for panel in order:
        _done(settings, "2011-01-31", 0, panel=panel)
    (found,) = find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert found.record["panel"]["fingerprint"] == "f"


def test_of_fits_on_other_panels_the_last_that_was_trained_counts(settings):
    for time, panel in ((2, "later"), (1, "older")):
        _done(settings, "2011-01-31", 0, panel=panel)
        path = fit_folder(replace(settings, seed=0), "2011-01-31", panel) / "fit.json"
        os.utime(path, (time, time))
    (found,) = find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert found.record["panel"]["fingerprint"] == "later"


def test_running_fits_and_fits_with_other_settings_do_not_count(settings):
    _done(settings, "2011-01-31", 0, status="running")
    _done(replace(settings, loss=replace(settings.loss, long_weight=2.0)), "2011-01-31", 1)
    with pytest.raises(FitError, match="fits with other settings: 1") as refused:
        find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert "HINT: alphanet train variant=v2 asof=2011-12-01" in str(refused.value)


def _earlier(settings: Settings, asof: str, seed: int) -> Path:
    """A fit of protocol 1, whose record holds the defaults, too."""
    folder = fit_folder(replace(settings, seed=seed), asof, "f").with_name(f"seed{seed}-0123456789")
    identity = {"protocol": 1, **decisive_settings(settings)}
    what = {"asof": asof, "seed": seed, "identity": identity, "panel": {"fingerprint": "f"}}
    write_json(folder / "fit.json", {"status": "done", **what})
    return folder


def test_fits_of_an_earlier_protocol_are_named_and_not_used(settings):
    for seed in (0, 1):
        _earlier(settings, "2011-01-31", seed)
    with pytest.raises(FitError, match="fits of protocol 1, where 2 is the present one: 2") as no:
        find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert "fits with other settings: 0" in str(no.value)
    assert "HINT: alphanet train variant=v2 asof=2011-12-01" in str(no.value)
    _done(settings, "2011-01-31", 1)
    (found,) = find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert (found.seed, found.protocol) == (1, 2)


def test_what_an_earlier_protocol_trained_already_is_said_in_one_line(settings):
    folder = _earlier(settings, "2011-01-31", 0)
    _done(settings, "2011-01-31", 0)
    fits = earlier_fits(settings, "2011-01-31")
    assert [fit.folder for fit in fits] == [folder]
    line = describe_earlier(fits)
    assert line is not None
    assert line.startswith("a fit of protocol 1 with these settings stays as it is, and is trained")
    assert line.endswith(str(folder))


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"loss": LossSettings(long_weight=2.0)},
        {"variant": "v2.1"},
        {"experiment": "e"},
    ],
)
def test_another_fit_is_none_that_an_earlier_protocol_trained(settings, other):
    _earlier(settings, "2011-01-31", 0)
    assert describe_earlier(earlier_fits(replace(settings, **other), "2011-01-31")) is None
    assert not earlier_fits(settings, "2011-07-29")


def test_a_record_that_names_a_function_is_one_with_other_settings(settings):
    _done(replace(settings, seed=3), "2011-01-31", 3)
    path = fit_folder(replace(settings, seed=3), "2011-01-31", "f") / "fit.json"
    record = json.loads(path.read_text())
    record["identity"]["model"] = {"network": "os.system"}
    write_json(path, record)
    with pytest.raises(FitError, match="fits with other settings: 1"):
        find_fits(settings, np.datetime64("2011-12-01"), "f")


def test_a_date_before_every_window_names_the_windows(settings):
    _done(settings, "2011-01-31", 0)
    with pytest.raises(FitError, match="windows with these settings: 2011-01-31"):
        find_fits(settings, np.datetime64("2010-12-01"), "f")


def test_a_broken_record_is_named(tmp_path):
    (tmp_path / "fit.json").write_text("{")
    with pytest.raises(FitError, match=r"fit\.json is not JSON"):
        read_record(tmp_path)


def test_a_damaged_checkpoint_is_named(tmp_path):
    (tmp_path / "best.ckpt").write_bytes(b"not a checkpoint")
    with pytest.raises(FitError, match=r"best\.ckpt cannot be read"):
        Fit(tmp_path, {}).load()
