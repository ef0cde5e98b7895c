from alphanet_pl.config.settings import LoggerSettings, Settings
from alphanet_pl.fit.wandb_runs import group_of, mode_of, run_config
from datamodules.settings import DataSettings


def test_without_a_key_runs_stay_offline():
    assert mode_of(LoggerSettings()) == "offline"


def test_with_a_key_runs_go_online(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    assert mode_of(LoggerSettings()) == "online"


def test_a_key_in_netrc_counts(tmp_path):
    netrc = tmp_path / ".netrc"
    netrc.write_text("machine api.wandb.ai login user password " + "a" * 40 + "\n")
    netrc.chmod(0o600)
    assert mode_of(LoggerSettings()) == "online"


def test_the_environment_may_keep_a_key_offline(monkeypatch):
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    monkeypatch.setenv("WANDB_MODE", "offline")
    assert mode_of(LoggerSettings()) == "offline"


def test_the_environment_may_want_no_runs_at_all(monkeypatch):
    monkeypatch.setenv("WANDB_MODE", "disabled")
    assert mode_of(LoggerSettings()) == "disabled"
    assert mode_of(LoggerSettings(mode="offline")) == "offline"


def test_a_mode_that_is_named_decides(monkeypatch):
    assert mode_of(LoggerSettings(mode="offline")) == "offline"
    assert mode_of(LoggerSettings(mode="online")) == "online"


def test_fits_of_one_variant_are_one_group_unless_the_user_names_another():
    settings = Settings(data=DataSettings(panel="p"), experiment="mine", variant="v2.1")
    assert group_of(settings) == "mine/v2.1"
    settings.logger.group = "ours"
    assert group_of(settings) == "ours"


def test_a_fits_config_sorts_at_its_top_and_says_nothing_of_a_market_that_it_does_not_simulate():
    config = run_config(Settings(data=DataSettings(panel="p"), seed=3))
    assert (config["n"], config["long_weight"], config["seed"]) == (15, 1.0, 3)
    assert "market" not in config["data"]


def test_an_ensembles_config_names_its_seeds_and_no_seed():
    config = run_config(Settings(data=DataSettings(panel="p")), [0, 1])
    assert config["seeds"] == [0, 1]
    assert not {"seed", "asof"} & set(config)
