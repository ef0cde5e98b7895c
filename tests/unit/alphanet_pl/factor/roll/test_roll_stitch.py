"""Parts that end together: one factor, written and logged once."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from filelock import FileLock
from helpers.invented_fit import invented_fit

from alphanet_pl.config.settings import LoggerSettings, ScoreSettings, Settings
from alphanet_pl.factor.roll import roll
from alphanet_pl.factor.roll.plan import Study, Task
from datamodules.base.errors import ConfigError, FitError
from datamodules.settings import DataSettings

WINDOWS = (300, 310)


@pytest.fixture
def settings(tmp_path) -> Settings:
    logger = LoggerSettings(others={"wandb": {}})
    return Settings(runs=str(tmp_path), data=DataSettings(panel="p"), logger=logger)


@pytest.fixture
def study(small_panel, settings) -> Study:
    """Two windows of one done fit each, scored to session 314."""
    tasks = []
    for window in WINDOWS:
        asof = str(small_panel.dates[window])
        folder = invented_fit(settings, asof, 0)
        tasks.append(Task(settings, window, folder, size=1))
    return Study(small_panel, WINDOWS, 314, tasks)


@pytest.fixture
def logged(monkeypatch) -> list[tuple]:
    """What is logged; scores are the window's number, and session 305 is a gap."""

    def score_blocks(panel, sessions, fits, *, statistics):
        (fit,) = fits
        dates = panel.dates[[session for session in sessions if session != 305]]
        number = WINDOWS.index(int(np.searchsorted(panel.dates, fit.asof)))
        yield pd.DataFrame({"date": dates, "code": panel.codes[0], "factor": np.float32(number)})

    calls: list[tuple] = []
    monkeypatch.setattr(roll, "score_blocks", score_blocks)
    monkeypatch.setattr(roll, "log_roll", lambda *given: calls.append(given))
    monkeypatch.setattr(roll, "use_threads", lambda options: None)
    monkeypatch.setattr(roll, "install", lambda: None)
    return calls


def test_each_window_scores_until_the_next_and_a_gap_is_said(study, settings, logged, capsys):
    path, fits = roll.stitch(study, settings)
    factor = pd.read_parquet(path)
    assert factor["factor"].tolist() == [0.0] * 9 + [1.0] * 5
    assert [fit.asof for fit in fits] == study.panel.dates[[*WINDOWS]].tolist()
    said = capsys.readouterr().err
    assert "score 2 of 2" in said
    assert f"1 of 10 sessions are gaps, with too few scorable stocks: {study.panel.dates[305]}" in (
        said
    )


def test_a_second_part_finds_the_factor_and_logs_nothing(study, settings, logged):
    path, _ = roll.stitch(study, settings)
    before = path.stat().st_mtime_ns
    assert roll.stitch(study, settings)[0] == path
    assert path.stat().st_mtime_ns == before
    assert len(logged) == 1
    left = sorted(file.name for file in path.parent.iterdir() if file.is_file())
    assert left == [".factor.parquet.logged", "factor.parquet"]


def test_other_statistics_make_another_factor(study, settings, logged):
    roll.stitch(study, settings)
    own = replace(settings, score=ScoreSettings(statistics="own"))
    for _ in range(2):
        roll.stitch(study, own)
    assert len(logged) == 2


def test_what_wandb_did_not_take_is_logged_by_the_same_command(
    study, settings, logged, monkeypatch
):
    def refuse(*given):
        raise ConfigError("W&B takes no run", "a key", "logger.mode=offline")

    taken = roll.log_roll
    monkeypatch.setattr(roll, "log_roll", refuse)
    with pytest.raises(ConfigError):
        roll.stitch(study, settings)
    monkeypatch.setattr(roll, "log_roll", taken)
    for _ in range(2):
        roll.stitch(study, settings)
    assert len(logged) == 1


def test_while_another_part_writes_the_factor_nobody_else_does(study, settings, logged):
    path = roll.factor_path(settings)
    with (
        FileLock(path.with_name(".factor.parquet.lock"), is_singleton=False),
        pytest.raises(roll.FactorBusy, match="one process at a time"),
    ):
        roll.stitch(study, settings)
    assert not logged
    roll.stitch(study, settings)
    assert len(logged) == 1


def test_another_period_is_another_factor(study, settings, logged):
    roll.stitch(study, settings)
    path, _ = roll.stitch(Study(study.panel, WINDOWS, 312, study.tasks), settings)
    assert len(pd.read_parquet(path)) == 12
    assert len(logged) == 2


def test_fewer_seeds_are_never_averaged_silently(study, settings, logged):
    (study.tasks[1].folder / "fit.json").unlink()
    with pytest.raises(FitError, match="1 of 2 fits are not trained"):
        roll.stitch(study, settings)
