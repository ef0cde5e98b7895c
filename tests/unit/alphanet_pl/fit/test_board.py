import io
import re

import pytest
import torch

from alphanet_pl.fit.board import Board, Shown
from alphanet_pl.fit.lock import LOCK
from datamodules.base.files import write_json, write_text


@pytest.fixture
def fits(tmp_path):
    """Four fits of which nothing is done yet."""
    return [Shown(f"seed {seed}", tmp_path / str(seed), max_epochs=10) for seed in range(4)]


def train(fit, epochs, done=True):
    """What a fit has written after so many epochs."""
    rows = "".join(f"{epoch},0.0{epoch}\n" for epoch in range(epochs))
    write_text(fit.folder / "metrics.csv", f"epoch,val/rank_ic\n{rows}")
    record = {"metrics": {"val/rank_ic": 0.05}, "epochs": epochs, "seconds": 50.0}
    write_json(fit.folder / "fit.json", record | {"status": "done" if done else "running"})


def board(fits, now, monkeypatch, terminal=False):
    """A board whose stream keeps what it says, and whose clock stands at now[0]."""
    monkeypatch.setattr("alphanet_pl.fit.board.time.monotonic", lambda: now[0])
    stream = io.StringIO()
    stream.isatty = lambda: terminal
    return Board(fits, live=True, stream=stream), stream


def test_the_time_left_is_at_most_until_a_fit_has_ended_and_then_about(fits, monkeypatch):
    now = [0.0]
    made, stream = board(fits, now, monkeypatch)
    assert made.left() == ""
    now[0] = 10.0
    train(fits[0], 2, done=False)  # 5 s an epoch: 8 + 3 x 10 epochs to come
    assert made.left() == "at most 3 min left"
    now[0] = 20.0
    train(fits[0], 4)
    made.finish(fits[0])  # 3 x 4 epochs to come
    assert stream.getvalue() == "1/4 seed 0: val/rank_ic 0.0500, 4 epochs, 50 s, about 60 s left\n"


def test_fits_that_train_at_once_count_together(fits, monkeypatch):
    now = [0.0]
    made, _ = board(fits, now, monkeypatch)
    now[0] = 10.0
    for fit in fits[:2]:
        train(fit, 5)
        made.finish(fit)
    assert made.left() == "about 10 s left"


def test_an_epoch_weighs_as_much_as_its_fit_is_large(tmp_path, monkeypatch):
    large = [Shown(name, tmp_path / name, 10, size) for name, size in (("a", 1.0), ("b", 3.0))]
    now = [0.0]
    made, _ = board(large, now, monkeypatch)
    now[0] = 10.0
    train(large[0], 5)
    made.finish(large[0])
    assert made.left() == "about 30 s left"


def test_epochs_of_an_earlier_run_took_no_time_of_this_one(fits, monkeypatch):
    train(fits[0], 5)
    train(fits[1], 3, done=False)
    now = [0.0]
    made, _ = board(fits[:2], now, monkeypatch)
    assert (made.count(), made.left()) == ("1/2", "")
    now[0] = 10.0
    train(fits[1], 4, done=False)
    assert made.left() == "about 10 s left"


def test_a_fit_that_failed_or_was_stopped_early_is_counted_and_named(fits, monkeypatch):
    made, stream = board(fits[:2], [0.0], monkeypatch)
    made.finish(fits[0], "OSError: [no] space")
    train(fits[1], 3, done=False)
    made.finish(fits[1])
    first, second = stream.getvalue().splitlines()
    assert first == "1/2 seed 0: failed, OSError: [no] space"
    assert second == "2/2 seed 1: stopped early after 3 epochs"
    assert made.left() == ""


def test_the_table_shows_the_fits_that_train_and_not_whom_an_old_lock_names(fits, monkeypatch):
    write_text(fits[1].folder / LOCK, "old")
    train(fits[1], 2, done=False)
    made, stream = board(fits, [0.0], monkeypatch, terminal=True)
    write_text(fits[2].folder / LOCK, "new")
    train(fits[2], 3, done=False)
    with made:
        pass
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", stream.getvalue())
    assert re.search(r"seed 2 +3 +0\.0200 +0\.0200", text)
    assert "seed 1" not in text
    assert "0/4 fits done" in text


def test_what_an_interruption_leaves_is_counted_by_checkpoints(fits, monkeypatch):
    train(fits[0], 5)
    train(fits[1], 4, done=False)
    saved = {"callbacks": {"History": {"rows": [{}] * 3}}, "state_dict": {}, "optimizer_states": []}
    torch.save(saved, fits[1].folder / "last.ckpt")
    made, _ = board(fits, [0.0], monkeypatch)
    assert made.kept() == "with 1 of 4 fits done and 3 epochs of 1 more kept"


def test_before_the_first_fit_begins_there_is_no_empty_table(fits, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    made, stream = board(fits, [0.0], monkeypatch, terminal=True)
    with made:
        pass
    assert "0/4 fits done, the next is starting" in stream.getvalue()
    assert "RankIC" not in stream.getvalue()
