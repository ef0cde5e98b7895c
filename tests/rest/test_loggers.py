"""What W&B, MLflow and TensorBoard keep of a fit of two starts, read back from their own files."""

from pathlib import Path
from types import SimpleNamespace

import pytest
from helpers.wandb_server import inspect_run

from alphanet_pl.config.compose import load_settings
from alphanet_pl.fit import tracking as loggers
from alphanet_pl.fit.history import History
from alphanet_pl.fit.progress import quiet

RECORD = {
    "metrics": {"val/rank_ic": 0.07, "val/loss": 0.9},
    "best_epoch": 2,
    "epochs": 4,
    "seconds": 1.5,
    "status": "done",
}
ROWS = [
    {"epoch": 0.0, "val/rank_ic": 0.05, "val/loss": 1.0},
    {"epoch": 1.0, "val/rank_ic": 0.07, "val/loss": 0.9},
]


def logged(words: str, runs: Path, status: str = "done", first: int = 0) -> Path:
    """The folder of a fit that was logged in two starts of it, one epoch each.

    Args:
        words: Name the loggers.
        runs: Folder of runs.
        status: How the second start ended; the first was interrupted.
        first: 1: the first start had no logger.
    """
    settings = load_settings("train", [words, f"runs={runs}", "variant=v2.1", "data.panel=p"])
    folder = runs / "default" / "v2.1" / "2011-01-31" / "seed0-abc"
    folder.mkdir(parents=True)
    for epoch in range(first, 2):
        built = loggers.build_loggers(settings, folder, {"panel": {"fingerprint": "f00"}})
        trainer, history = SimpleNamespace(loggers=built), History(folder / "metrics.csv")
        curves = loggers.Curves(history)
        history.rows = ROWS[:epoch]
        curves.on_fit_start(trainer, None)
        history.rows = ROWS[: epoch + 1]
        curves.on_train_epoch_end(trainer, None)
        record = RECORD if epoch else {"metrics": None, "status": "interrupted"}
        loggers.finish_loggers(built, {**record, "status": status} if epoch else record)
    return folder


def test_mlflow_keeps_curves_settings_and_the_best_epoch_in_one_run_that_resumes(tmp_path, caplog):
    from mlflow import MlflowClient

    quiet()
    folder = logged("logger=mlflow", tmp_path)
    assert caplog.text == ""
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    (experiment,) = (e for e in client.search_experiments() if e.name == "default")
    (run,) = client.search_runs([experiment.experiment_id])
    assert run.info.run_id == (folder / "mlflow_id").read_text()
    assert run.info.status == "FINISHED"
    assert run.info.run_name == "v2.1 n=8 2011-01-31 seed 0"
    history = client.get_metric_history(run.info.run_id, "val/rank_ic")
    assert [point.value for point in history] == [0.05, 0.07]
    assert run.data.metrics["best/val/rank_ic"] == 0.07
    assert run.data.params["model/n"] == "8"
    assert run.data.params["fit/panel/fingerprint"] == "f00"
    assert run.data.tags["variant"] == "v2.1"


@pytest.mark.parametrize(("status", "said"), [("failed", "FAILED"), ("interrupted", "KILLED")])
def test_a_fit_that_did_not_end_is_no_success_in_mlflow(tmp_path, status, said):
    from mlflow import MlflowClient

    folder = logged("logger=mlflow", tmp_path, status=status)
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    assert client.get_run((folder / "mlflow_id").read_text()).info.status == said


def test_a_logger_that_is_named_late_has_the_epochs_before_it_too(tmp_path):
    from mlflow import MlflowClient

    folder = logged("logger=mlflow", tmp_path, first=1)
    client = MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    history = client.get_metric_history((folder / "mlflow_id").read_text(), "val/rank_ic")
    assert [(point.step, point.value) for point in history] == [(0, 0.05), (1, 0.07)]


def test_the_wandb_folder_of_a_resumed_fit_holds_every_epoch_and_is_the_only_one(tmp_path):
    folder = logged("logger=wandb", tmp_path)
    (run,) = folder.glob("wandb/offline-run-*/*.wandb")
    records = inspect_run(run)
    rows = [record["history"]["item"] for record in records if "history" in record]
    assert [{name: row[name] for name in ROWS[0]} for row in rows] == ROWS
    summary = {}
    for record in records:
        summary |= record.get("summary", {}).get("update", {})
    assert (summary["status"], summary["seconds"], summary["val/rank_ic"]) == ("done", 1.5, 0.07)
    config = records[1]["run"]["config"]["update"]["fit"]
    assert config == {"panel": {"fingerprint": "f00"}}
    assert records[1]["run"]["run_id"] == (folder / "wandb_id").read_text()


def test_an_argument_of_ones_own_reaches_wandb(tmp_path, capfd):
    words = ["logger=wandb", "logger.others.wandb.notes=mine", "data.panel=p", f"runs={tmp_path}"]
    (logger,) = loggers.build_loggers(load_settings("train", words), tmp_path, {})
    assert logger.experiment.notes == "mine"
    loggers.finish_loggers([logger], RECORD)
    assert capfd.readouterr().err == ""  # nor does W&B warn of what Lightning passes on


def test_tensorboard_writes_event_files_that_read_back(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    folder = logged("logger=tensorboard", tmp_path)
    events = EventAccumulator(str(folder / "tensorboard")).Reload()
    points = [(point.step, point.value) for point in events.Scalars("val/rank_ic")]
    assert points == [(0, pytest.approx(0.05)), (1, pytest.approx(0.07))]
    assert events.Scalars("best/val/rank_ic")[0].step == 2


def test_several_loggers_are_built_in_their_order(tmp_path):
    words = ["logger=[tensorboard,mlflow]", f"runs={tmp_path}", "data.panel=p"]
    built = loggers.build_loggers(load_settings("train", words), tmp_path, {})
    assert [type(one).__name__ for one in built] == ["TensorBoardLogger", "MLFlowLogger"]
