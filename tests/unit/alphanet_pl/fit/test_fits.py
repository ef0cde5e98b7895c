import os
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from alphanet_pl.config.settings import LossSettings, Settings
from alphanet_pl.fit.fits import Fit, describe_earlier, earlier_fits, find_fits, read_record
from alphanet_pl.fit.identity import decisive_settings, fit_folder, model_identity
from datamodules.base.errors import FitError
from datamodules.base.files import write_json
from datamodules.settings import DataSettings


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
