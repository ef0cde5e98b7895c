import os
from pathlib import Path

import pytest
import wandb

from alphanet_pl.config.compose import load_settings
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
    assert loggers.build_loggers(Settings(data=DataSettings(panel="p")), tmp_path, {}) == []


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
    settings = Settings(
        data=DataSettings(panel="p"), logger=LoggerSettings(wandb=True, mode="online")
    )
    with pytest.raises(ConfigError, match=r"W&B takes no run .*No API key") as refused:
        loggers.build_loggers(settings, tmp_path, {})
    assert "logger.mode=offline" in str(refused.value)


RECORD = {
    "metrics": {"val/rank_ic": 0.07, "val/loss": 0.9},
    "best_epoch": 2,
    "epochs": 4,
    "seconds": 1.5,
    "status": "done",
}
CURVES = ({"val/rank_ic": 0.05, "epoch": 0.0}, {"val/rank_ic": 0.07, "epoch": 1.0})


def logged(words: str, runs: Path, status: str = "done") -> Path:
    """The folder of a fit that was logged in two runs of it, one epoch each."""
    settings = load_settings("train", [words, f"runs={runs}", "variant=v2.1", "data.panel=p"])
    folder = runs / "default" / "v2.1" / "2011-01-31" / "seed0-abc"
    folder.mkdir(parents=True)
    for step, row in enumerate(CURVES):
        (logger,) = loggers.build_loggers(settings, folder, {"panel": {"fingerprint": "f00"}})
        logger.log_metrics(row, step)
        record = RECORD if step else {"metrics": None, "status": "interrupted"}
        loggers.finish_loggers([logger], {**record, "status": status} if step else record)
    return folder


def test_mlflow_keeps_curves_settings_and_the_best_epoch_in_one_run_that_resumes(tmp_path):
    from mlflow import MlflowClient

    folder = logged("logger=mlflow", tmp_path)
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (experiment,) = (e for e in client.search_experiments() if e.name == "default")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_id == (folder / "mlflow_id").read_text()
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "v2.1 2011-01-31 seed 0"
    history = client.get_metric_history(run.info.run_id, "val/rank_ic")
    assert [point.value for point in history] == [0.05, 0.07]
    assert run.data.metrics["best/val/rank_ic"] == 0.07
    assert run.data.params["model/n"] == "8"
    assert run.data.params["fit/panel/fingerprint"] == "f00"
    assert run.data.tags["variant"] == "v2.1"


def test_a_fit_that_failed_is_no_success_in_mlflow(tmp_path):
    from mlflow import MlflowClient

    folder = logged("logger=mlflow", tmp_path, status="failed")
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    assert client.get_run((folder / "mlflow_id").read_text()).info.status == "FAILED"


def test_tensorboard_writes_event_files_that_read_back(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = logged("logger=tensorboard", tmp_path)
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    assert [point.value for point in events.Scalars("val/rank_ic")] == pytest.approx([0.05, 0.07])
    assert events.Scalars("best/val/rank_ic")[0].step == 2


def test_several_loggers_are_built_in_their_order(tmp_path):
    words = ["logger=[tensorboard,mlflow]", f"runs={tmp_path}", "data.panel=p"]
    built = loggers.build_loggers(load_settings("train", words), tmp_path, {})
    assert [type(one).__name__ for one in built] == ["TensorBoardLogger", "MLFlowLogger"]


@pytest.mark.parametrize("target", ["os.system", "nowhere.Logger", None, "pathlib.Path"])
def test_what_is_no_logger_is_refused_and_not_called(tmp_path, monkeypatch, target):
    called = []
    monkeypatch.setattr(os, "system", called.append)
    settings = Settings(logger=LoggerSettings(others={"mine": {"_target_": target}}))
    with pytest.raises(ConfigError, match=r"logger\.others\.mine\._target_=.* was given"):
        loggers.build_loggers(settings, tmp_path, {})
    assert called == []


def test_an_argument_that_a_logger_does_not_take_is_refused(tmp_path):
    csv = {"_target_": "lightning.pytorch.loggers.CSVLogger", "colour": "red"}
    settings = Settings(logger=LoggerSettings(others={"csv": csv}))
    with pytest.raises(ConfigError, match="takes no run"):
        loggers.build_loggers(settings, tmp_path, {})
