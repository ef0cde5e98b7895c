import pytest
import wandb

from alphanet_pl.config.settings import LoggerSettings, Settings
from alphanet_pl.fit import tracking as loggers
from datamodules.base.errors import ConfigError
from datamodules.settings import DataSettings


@pytest.fixture(autouse=True)
def _no_key(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE", "WANDB_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))  # no netrc


def test_without_a_key_runs_stay_offline():
    assert loggers.is_offline(LoggerSettings(wandb=True))


def test_with_a_key_runs_go_online(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    assert not loggers.is_offline(LoggerSettings(wandb=True))


def test_a_key_in_netrc_counts(tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine api.wandb.ai login user password " + "a" * 40 + "\n")
    netrc.chmod(0o600)
    assert not loggers.is_offline(LoggerSettings(wandb=True))


def test_the_environment_may_keep_a_key_offline(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert loggers.is_offline(LoggerSettings(wandb=True))


def test_a_mode_that_is_named_decides(monkeypatch):
    assert loggers.is_offline(LoggerSettings(wandb=True, mode="offline"))
    assert not loggers.is_offline(LoggerSettings(wandb=True, mode="online"))


def test_no_logger_is_built_unless_asked_for(tmp_path):
    assert loggers.build_logger(Settings(data=DataSettings(panel="p")), tmp_path, {}) is False


def test_a_resumed_fit_keeps_its_runs_id(tmp_path):
    assert loggers._run_id(tmp_path) == loggers._run_id(tmp_path)


def test_fits_of_one_variant_are_one_group_unless_the_user_names_another():
    settings = Settings(data=DataSettings(panel="p"), experiment="mine", variant="v2.1")
    assert loggers.group_of(settings) == "mine/v2.1"
    settings.logger.group = "ours"
    assert loggers.group_of(settings) == "ours"


def test_online_without_a_key_is_refused_in_one_sentence(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    wandb.teardown()  # of an offline run that an earlier test began in this process
    settings = Settings(data=DataSettings(panel="p"), logger=LoggerSettings(True, mode="online"))
    with pytest.raises(ConfigError, match=r"W&B takes no run .*No API key") as refused:
        loggers.build_logger(settings, tmp_path, {})
    assert "logger.mode=offline" in str(refused.value)
