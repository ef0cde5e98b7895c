import os

import pytest
import wandb

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.keys import conf_dir
from alphanet_pl.config.settings import LoggerSettings, Settings
from alphanet_pl.fit import tracking as loggers
from datamodules.base.errors import ConfigError
from datamodules.settings import DataSettings


def test_no_logger_is_built_unless_asked_for(tmp_path):
    assert loggers.build_loggers(Settings(data=DataSettings(panel="p")), tmp_path, {}) == []


def test_online_without_a_key_is_refused_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wandb.teardown()  # of an offline run that an earlier test began in this process
    settings = load_settings("train", ["logger=wandb", "logger.mode=online", "data.panel=p"])
    with pytest.raises(ConfigError, match=r"W&B takes no run .*No API key") as refused:
        loggers.build_loggers(settings, tmp_path, {})
    assert "logger.mode=offline" in str(refused.value)


def test_the_id_of_a_wandb_run_is_kept_before_the_run_begins(tmp_path, monkeypatch):
    begun = []

    def init(**arguments):
        begun.append(arguments["id"])
        raise KeyboardInterrupt  # killed while W&B begins it

    monkeypatch.setattr(wandb, "init", init)
    words = ["logger=wandb", "logger.mode=offline", "data.panel=p", "asof=2012-01-10"]
    settings = load_settings("train", words)
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            loggers.build_loggers(settings, tmp_path, {})
    assert begun[0] == begun[1] == (tmp_path / "wandb_id").read_text()


CSV = {"_target_": "lightning.pytorch.loggers.CSVLogger"}


@pytest.mark.parametrize("name", sorted(path.stem for path in conf_dir().glob("logger/*.yaml")))
def test_every_logger_that_ships_is_a_class_that_its_file_names(name):
    others = load_settings("train", [f"logger={name}", "data.panel=p"]).logger.others
    assert set(others) == {name} - {"csv"}  # metrics.csv is written anyway
    for one in others.values():
        assert one["_target_"].startswith("lightning.pytorch.loggers.")


def test_what_a_logger_answers_at_the_end_of_a_fit_is_no_failure_of_the_fit(tmp_path, capsys):
    (logger,) = loggers.build_loggers(
        Settings(logger=LoggerSettings(others={"curves": CSV | {"save_dir": str(tmp_path)}})),
        tmp_path,
        {},
    )
    loggers.finish_loggers([logger], {"metrics": {}})
    assert "CSVLogger was not told how the fit ended" in capsys.readouterr().err


@pytest.mark.parametrize("target", ["os.system", "nowhere.Logger", None, "pathlib.Path"])
def test_what_is_no_logger_is_refused_and_not_called(tmp_path, monkeypatch, target):
    called = []
    monkeypatch.setattr(os, "system", called.append)
    settings = Settings(logger=LoggerSettings(others={"mine": {"_target_": target}}))
    with pytest.raises(ConfigError, match=r"logger\.others\.mine\._target_=.* was given"):
        loggers.build_loggers(settings, tmp_path, {})
    assert called == []


def test_an_argument_that_a_logger_does_not_take_is_refused(tmp_path):
    settings = Settings(logger=LoggerSettings(others={"mine": CSV | {"prefx": "a"}}))
    with pytest.raises(ConfigError, match=r"logger\.others\.mine\.prefx was given") as refused:
        loggers.build_loggers(settings, tmp_path, {})
    assert refused.value.hint == "logger.others.mine.prefix=a"


def test_what_a_logger_itself_refuses_is_said(tmp_path):
    given = CSV | {"flush_logs_every_n_steps": 1, "save_dir": None}
    settings = Settings(logger=LoggerSettings(others={"mine": given}))
    with pytest.raises(ConfigError, match="takes no run"):
        loggers.build_loggers(settings, tmp_path, {})
