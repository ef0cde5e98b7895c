from types import SimpleNamespace

import pandas as pd

from alphanet_pl.fit.history import History


def _epoch(history: History, epoch: int, loss: float) -> None:
    trainer = SimpleNamespace(
        callback_metrics={"val/loss": loss}, current_epoch=epoch, is_global_zero=True
    )
    history.on_train_epoch_end(trainer, None)


def test_every_epoch_is_a_row(tmp_path):
    history = History(tmp_path / "metrics.csv")
    _epoch(history, 0, 1.5)
    _epoch(history, 1, 1.25)
    table = pd.read_csv(tmp_path / "metrics.csv")
    assert table.to_dict("list") == {"epoch": [0, 1], "val/loss": [1.5, 1.25]}


def test_a_resumed_fit_continues_from_its_checkpoints_rows(tmp_path):
    first = History(tmp_path / "metrics.csv")
    _epoch(first, 0, 1.5)
    state = first.state_dict()
    _epoch(first, 1, 9.0)  # lost: the fit was killed before the next checkpoint
    second = History(tmp_path / "metrics.csv")
    second.load_state_dict(state)
    _epoch(second, 1, 1.25)
    assert pd.read_csv(tmp_path / "metrics.csv")["val/loss"].tolist() == [1.5, 1.25]


def test_seconds_of_a_killed_run_are_counted_with_its_epochs(tmp_path, monkeypatch):
    clock = iter([100.0, 160.0, 500.0, 530.0])  # begun, saved; begun again, asked
    monkeypatch.setattr("alphanet_pl.fit.history.time.monotonic", lambda: next(clock))
    state = History(tmp_path / "metrics.csv").state_dict()
    resumed = History(tmp_path / "metrics.csv")
    resumed.load_state_dict(state)
    assert resumed.seconds == 90.0
