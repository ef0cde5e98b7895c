import json
import os
import shutil
from copy import copy
from dataclasses import dataclass, fields, is_dataclass, replace
from pathlib import Path

import lightning.pytorch as pl
import numpy as np
import pytest
import torch
from helpers.invented_fit import invented_fit

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import LossSettings, ModelSettings, Settings
from alphanet_pl.fit.folder import (
    PROTOCOL,
    Fit,
    decisive_settings,
    describe_earlier,
    done_fit,
    earlier_fits,
    find_fits,
    fit_folder,
    fit_hash,
    model_identity,
    read_record,
    recorded_settings,
    same_settings,
)
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import ConfigError, FitError
from datamodules.base.files import read_json, write_json
from datamodules.settings import DataSettings

BASE = Settings(data=DataSettings(panel="p"))
PLACE_OR_SPEED = {
    "data": {
        "source", "path", "files", "columns", "scale", "free_turn", "without", "qlib_adjusted",
        "sql", "views", "encoding", "database", "memory",
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
    "model": {
        "network": "alphanet",
        "arguments": {},
        "operators": "six",
        "days": 10,
        "stride": 10,
        "n": 15,
        "units": 30,
        "batch_norm_eps": 1e-3,
        "batch_norm_momentum": 0.99,
    },
    "loss": {"error": "squared", "arguments": {}, "long_weight": 1.0, "neutralise": False},
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
    "trainer": {
        "learning_rate": 1e-4,
        "optimiser": "adam",
        "optimiser_arguments": {},
        "patience": 10,
        "max_epochs": 200,
        "precision": "32-true",
    },
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
    assert decisive_settings(BASE) == PROTOCOL_2


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


def test_a_date_is_scored_by_the_newest_window_before_it(settings):
    for asof in ("2011-01-31", "2011-07-29", "2012-01-31"):
        for seed in (2, 0, 1):
            invented_fit(settings, asof, seed)
    found = find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert {str(fit.asof) for fit in found} == {"2011-07-29"}
    assert [fit.seed for fit in found] == [0, 1, 2]


def test_the_as_of_session_itself_is_scored_by_its_own_fit(settings):
    invented_fit(settings, "2011-01-31", 0)
    assert str(find_fits(settings, np.datetime64("2011-01-31"), "f")[0].asof) == "2011-01-31"


@pytest.mark.parametrize("order", [["f", "older"], ["older", "f"]])
def test_of_one_seed_the_fit_on_the_present_panel_counts_once(settings, order):
    for panel in order:
        invented_fit(settings, "2011-01-31", 0, panel=panel)
    (found,) = find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert found.record["panel"]["fingerprint"] == "f"


def test_of_fits_on_other_panels_the_last_that_was_trained_counts(settings):
    for time, panel in ((2, "later"), (1, "older")):
        invented_fit(settings, "2011-01-31", 0, panel=panel)
        path = fit_folder(replace(settings, seed=0), "2011-01-31", panel) / "fit.json"
        os.utime(path, (time, time))
    (found,) = find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert found.record["panel"]["fingerprint"] == "later"


def test_no_fit_of_a_simulated_market_scores_a_real_one(settings):
    at = np.datetime64("2011-12-01")
    for source, asof in (("parquet", "2011-01-31"), ("simulated", "2011-07-29")):
        invented_fit(settings, asof, 0, panel=source)
        path = fit_folder(settings, asof, source) / "fit.json"
        record = read_json(path)
        write_json(path, record | {"panel": {"fingerprint": source, "source": source}})
    assert [str(fit.asof) for fit in find_fits(settings, at, "f")] == ["2011-01-31"]
    assert [str(fit.asof) for fit in find_fits(settings, at, "f", simulated=True)] == ["2011-07-29"]
    with pytest.raises(FitError, match="of simulated markets: 1"):
        find_fits(settings, np.datetime64("2011-01-03"), "f")


def test_running_fits_and_fits_with_other_settings_do_not_count(settings):
    invented_fit(settings, "2011-01-31", 0, status="running")
    invented_fit(replace(settings, loss=replace(settings.loss, long_weight=2.0)), "2011-01-31", 1)
    with pytest.raises(FitError, match="fits with other settings: 1") as refused:
        find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert "HINT: alphanet train variant=v2 asof=2011-12-01" in str(refused.value)


def _earlier(settings: Settings, asof: str, seed: int) -> Path:
    """A fit of protocol 1, whose record holds the defaults, too."""
    identity = {"protocol": 1, **decisive_settings(settings)}
    return invented_fit(settings, asof, seed, name=f"seed{seed}-0123456789", identity=identity)


def test_fits_of_an_earlier_protocol_are_named_and_not_used(settings):
    for seed in (0, 1):
        _earlier(settings, "2011-01-31", seed)
    with pytest.raises(FitError, match="fits of protocol 1, where 2 is the present one: 2") as no:
        find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert "fits with other settings: 0" in str(no.value)
    assert "HINT: alphanet train variant=v2 asof=2011-12-01" in str(no.value)
    invented_fit(settings, "2011-01-31", 1)
    (found,) = find_fits(settings, np.datetime64("2011-12-01"), "f")
    assert (found.seed, found.protocol) == (1, 2)


def test_what_an_earlier_protocol_trained_already_is_said_in_one_line(settings):
    folder = _earlier(settings, "2011-01-31", 0)
    invented_fit(settings, "2011-01-31", 0)
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
    identity = {"protocol": 1, "model": {"network": "os.system"}}
    invented_fit(settings, "2011-01-31", 3, name="seed3-0123456789", identity=identity)
    with pytest.raises(FitError, match="fits with other settings: 1"):
        find_fits(settings, np.datetime64("2011-12-01"), "f")


def test_a_date_before_every_window_names_the_windows(settings):
    invented_fit(settings, "2011-01-31", 0)
    with pytest.raises(FitError, match="windows with these settings: 2011-01-31"):
        find_fits(settings, np.datetime64("2010-12-01"), "f")


def without(key):
    def damage(record):
        del record[key]

    return damage


def of_another_seed(record):
    record["seed"] = 7


def of_other_settings(record):
    record["identity"]["loss"] = {"long_weight": 2.0}


def of_another_panel(record):
    record["panel"]["fingerprint"] = "g"


DAMAGES = [
    *map(without, ("status", "identity", "panel", "metrics", "sampled_features", "best_sha256")),
    of_another_seed, of_other_settings, of_another_panel, dict.clear,
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_record_is_named(settings, damage):
    folder = invented_fit(settings, "2011-01-31", 0)
    record = read_json(folder / "fit.json")
    damage(record)
    write_json(folder / "fit.json", record)
    with pytest.raises(FitError, match=rf"{folder}/fit.json (has|is)(.|\n)*HINT: rm -r {folder}"):
        done_fit(folder)


@pytest.mark.parametrize("text", ["{", "[]", "[" * 100_000, "\0", "null"])
def test_a_record_that_is_none_is_named(tmp_path, text):
    (tmp_path / "fit.json").write_text(text)
    with pytest.raises(FitError, match=r"fit\.json (is not JSON|has no status)"):
        read_record(tmp_path)


def test_a_damaged_record_stops_only_a_date_that_its_fit_might_score(settings, capsys):
    for asof in ("2011-01-31", "2011-07-29", "2012-01-31"):
        invented_fit(settings, asof, 0)
    damaged = invented_fit(settings, "2011-07-29", 1)
    (damaged / "fit.json").write_text("{}")
    for date in ("2011-07-28", "2012-01-31"):
        (fit,) = find_fits(settings, np.datetime64(date), "f")
        assert fit.asof <= np.datetime64(date)
        assert f"{damaged}/fit.json has no status: passed over" in capsys.readouterr().err
    with pytest.raises(FitError, match=f"{damaged}/fit.json"):
        find_fits(settings, np.datetime64("2011-12-01"), "f")


def swap(folder, other):
    shutil.copy(other / "best.ckpt", folder / "best.ckpt")


def remove(folder, other):
    (folder / "best.ckpt").unlink()


def empty(folder, other):
    (folder / "best.ckpt").write_bytes(b"")


@pytest.mark.parametrize("damage", [swap, remove, empty])
def test_a_finished_fit_is_its_own_best_checkpoint(settings, damage):
    folder = invented_fit(settings, "2011-01-31", 0)
    other = invented_fit(settings, "2011-07-29", 0)
    torch.save({"state_dict": {"another": torch.ones(1)}}, other / "best.ckpt")
    assert done_fit(folder) is not None
    damage(folder, other)
    with pytest.raises(FitError, match=rf"{folder}/best.ckpt is (.|\n)*HINT: .*rm -r {folder}"):
        done_fit(folder)


def test_a_fit_of_before_digests_is_read_and_its_parts_must_be_whole(settings, capsys):
    folder = invented_fit(settings, "2011-01-31", 0, schema=2)
    record = read_json(folder / "fit.json")
    del record["best_sha256"]
    write_json(folder / "fit.json", record)
    module = AlphaNetModule.create(settings)
    trainer = pl.Trainer(logger=False, enable_checkpointing=False, accelerator="cpu")
    trainer.strategy.connect(module)
    trainer.save_checkpoint(folder / "best.ckpt", weights_only=True)
    fit = done_fit(folder)
    assert fit is not None
    fit.load()
    assert "has no digest in fit.json" in capsys.readouterr().err
    content = bytearray((folder / "best.ckpt").read_bytes())
    content[len(content) // 2] ^= 1
    (folder / "best.ckpt").write_bytes(content)
    with pytest.raises(FitError, match="not what the fit ended with"):
        done_fit(folder)


def test_a_checkpoint_that_does_not_load_is_named(tmp_path):
    torch.save([1], tmp_path / "best.ckpt")
    with pytest.raises(FitError, match=r"best\.ckpt cannot be read"):
        Fit(tmp_path, {}).load()


def test_a_package_that_is_not_there_is_no_damage_of_the_checkpoint(tmp_path, monkeypatch):
    def lacks(*_: object, **__: object) -> None:
        raise ConfigError("model.network=lightgbm was given", "it needs the package", "pip install")

    torch.save([1], tmp_path / "best.ckpt")
    monkeypatch.setattr(AlphaNetModule, "load_from_checkpoint", lacks)
    with pytest.raises(ConfigError, match="it needs the package"):
        Fit(tmp_path, {}).load()
