"""The whole study as one command: its record suffices to continue, whatever is lost."""

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.small_study import WINDOWS, Study

from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.settings import RollingSettings
from alphanet_pl.evaluation.results import read_evaluation
from alphanet_pl.factor.roll.plan import Task
from alphanet_pl.fit.folder import DIGEST, Fit
from benchmarks import check_study
from benchmarks import study as command
from benchmarks.study_record import Record, Row, weights_sha256
from datamodules.base.errors import ConfigError, FitError
from datamodules.base.files import read_json, sha256_of, write_json
from datamodules.panel import Panel

VARIANTS = ("v2.1", "v2.2")


@pytest.fixture(scope="module")
def home(study) -> Path:
    """Runs and records of these tests alone."""
    return study.runs / "studies"


@pytest.fixture(scope="module")
def words(study, rolling, home):
    """Words of a study of two variants and two windows; further ones win."""

    def made(name: str, *more: str) -> list[str]:
        small = Study(home).words("roll", *rolling[1:2], "rolling.stop=null", "rolling.seeds=[0]")[
            1:
        ]
        panel = str(study.runs / "demo" / "panel.zarr")
        few = "data.min_in_sample_days=null"
        place = (f"output={home / name}-record", f"experiment={name}")
        return [panel, *small, few, *place, "variants=[v2.1,v2.2]", *more]

    return made


@pytest.fixture(scope="module")
def first(home, words) -> Path:
    """The record of one seed; its runs are in the experiment `first`."""
    command.run(command.study_settings(words("first")))
    return home / "first-record"


@pytest.fixture(scope="module")
def asofs(study) -> list[str]:
    return [str(day) for day in Panel.open(study.runs / "demo" / "panel.zarr").dates[[*WINDOWS]]]


def _run(words: list[str]) -> None:
    command.run(command.study_settings(words))


def _no_training(*_: object, **__: object) -> None:
    raise AssertionError("a recorded fit was trained")


def _files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


def test_each_fit_has_a_row_and_what_scores_of_it(home, first, asofs):
    rows = Record(first).rows
    assert [row.key for row in rows] == [(name, day, 0) for day in asofs for name in VARIANTS]
    for row in rows:
        (folder,) = (home / "first" / row.variant / row.asof).iterdir()
        kept = first / row.variant / row.asof / folder.name
        assert {path.name for path in kept.iterdir()} == {"fit.json", "config.yaml", "best.ckpt"}
        found, there = (read_json(place / "fit.json") for place in (kept, folder))
        assert found | {DIGEST: None} == there | {DIGEST: None}
        assert (row.epochs, row.best_epoch) == (found["epochs"], found["best_epoch"])
        assert row.val_rank_ic == found["metrics"]["val/rank_ic"]
        whole, slim = Fit(folder, there), Fit(kept, found)
        assert row.weights_sha256 == weights_sha256(whole) == weights_sha256(slim)
        numbers = sum(values.numel() for values in slim.load().state_dict().values())
        size = (kept / "best.ckpt").stat().st_size
        assert size < 4 * numbers + 20_000 < (folder / "best.ckpt").stat().st_size / 2


def test_a_fit_is_tested_until_the_next_window(first, asofs):
    for variant in VARIANTS:
        series = read_evaluation(first / variant / "evaluation.json").ic.raw.series
        later = np.array(series.dates) >= asofs[1]
        values = np.array(series.values)
        expected = [values[~later].mean(), values[later].mean()]
        rows = [row.test_rank_ic for row in Record(first).rows if row.variant == variant]
        assert rows == pytest.approx(expected, abs=1e-12)


def test_a_study_that_lost_its_runs_trains_nothing_and_ends_with_the_same(
    home, words, first, monkeypatch
):
    record, runs = home / "lost-record", home / "lost"
    shutil.copytree(first, record)
    monkeypatch.setattr(command, "train", _no_training)
    _run(words("lost"))
    for variant in VARIANTS:
        factors = [home / name / variant / "factor.parquet" for name in ("first", "lost")]
        assert factors[0].read_bytes() == factors[1].read_bytes()
    assert _files(record) == _files(first)
    assert (runs / "v2.1" / "evaluation.json").is_file()


def test_an_interrupted_study_continues_where_it_stopped(home, words, first, asofs, monkeypatch):
    true_train, trained = command.train, []

    def train(settings, **given):
        if len(trained) == 3:
            raise KeyboardInterrupt
        trained.append((settings.variant, settings.asof))
        return true_train(settings, **given)

    monkeypatch.setattr(command, "train", train)
    with pytest.raises(KeyboardInterrupt):
        _run(words("stopped"))
    assert len(Record(home / "stopped-record").rows) == 3
    assert not list((home / "stopped").glob("*/factor.parquet"))
    shutil.rmtree(home / "stopped")
    trained[:] = trained[3:]
    _run(words("stopped"))
    assert trained == [("v2.2", asofs[1])]
    same, whole = Record(home / "stopped-record").rows, Record(first).rows
    assert [row._replace(seconds=0) for row in same] == [row._replace(seconds=0) for row in whole]
    for variant in VARIANTS:
        factors = [home / name / variant / "factor.parquet" for name in ("first", "stopped")]
        assert factors[0].read_bytes() == factors[1].read_bytes()


def test_a_fit_that_is_done_but_has_no_row_is_recorded_without_training(home, words, first):
    record = home / "rowless-record"
    shutil.copytree(first, record)
    shutil.copytree(home / "first", home / "rowless")
    table = record / "fits.csv"
    table.write_text("".join(table.read_text().splitlines(keepends=True)[:-1]))
    _run(words("rowless"))
    assert table.read_bytes() == (first / "fits.csv").read_bytes()  # its seconds too


def test_a_seed_more_trains_its_own_fits_and_judges_anew(home, words, first, capsys):
    shutil.copytree(first, home / "more-record")
    _run(words("more", "rolling.seeds=[0,1]"))
    rows = Record(home / "more-record").rows
    assert rows[:4] == Record(first).rows
    assert [row.seed for row in rows] == [0] * 4 + [1] * 4
    for variant in VARIANTS:
        found = read_evaluation(home / "more-record" / variant / "evaluation.json")
        assert found.provenance.seeds == [0, 1]
        columns = pd.read_parquet(home / "more" / variant / "factor.parquet").columns
        assert {"seed_0", "seed_1"} <= {*columns}
    said = capsys.readouterr().err
    assert "8 fits, 4 of them recorded" in said
    assert "fit 5 of 8: v2.1" in said
    assert said.count(" left, then each variant is judged\n") == 3


def test_a_record_of_other_settings_is_refused(words, first):
    with pytest.raises(FitError, match="a record is of one study"):
        _run(words("first", "trainer.max_epochs=2"))


def test_a_damaged_record_is_refused_by_name(home, words, first):
    record = home / "damaged-record"
    shutil.copytree(first, record)
    path = next(record.glob("v2.2/*/*/best.ckpt"))
    content = torch.load(path, weights_only=True)
    next(each for each in content["state_dict"].values() if each.is_floating_point()).add_(1)
    torch.save(content, path)
    with pytest.raises(FitError, match=r"not what the fit ended with(.|\n)*HINT: .*rm -r "):
        _run(words("damaged"))
    _forget_digest(path.with_name("fit.json"))
    with pytest.raises(FitError, match=r"does not hold the weights.*\nHINT: rm -r "):
        _run(words("damaged"))


def _forget_digest(path: Path) -> None:
    """fit.json as it was before it held the digest of best.ckpt."""
    found = read_json(path)
    del found[DIGEST]
    write_json(path, found | {"schema": 2})


def test_a_fit_recorded_before_digests_gets_one_where_it_is_laid_back(
    home, words, first, monkeypatch
):
    record = home / "old-record"
    shutil.copytree(first, record)
    for path in record.glob("*/*/*/fit.json"):
        _forget_digest(path)
    monkeypatch.setattr(command, "train", _no_training)
    _run(words("old"))
    laid = list((home / "old").glob("*/*/*/fit.json"))
    assert len(laid) == 4
    for path in laid:
        assert read_json(path)[DIGEST] == sha256_of(path.with_name("best.ckpt"))


def test_parts_of_a_study_keep_one_record_and_the_last_of_them_judges(home, words, first, asofs):
    shared = f"output={home / 'shared-record'}"
    _run(words("second_part", "parts=2/2", shared))
    keys = [row.key for row in Record(home / "shared-record").rows]
    assert keys == [(name, asofs[1], 0) for name in VARIANTS]
    assert not list((home / "second_part").glob("*/factor.parquet"))
    _run(words("first_part", "parts=1/2", shared))  # as on a machine without the other's runs
    rows = {row.key: row._replace(seconds=0) for row in Record(home / "shared-record").rows}
    assert rows == {row.key: row._replace(seconds=0) for row in Record(first).rows}
    for variant in VARIANTS:
        factors = [home / name / variant / "factor.parquet" for name in ("first", "first_part")]
        assert factors[0].read_bytes() == factors[1].read_bytes()
        assert (home / "shared-record" / variant / "evaluation.json").is_file()


def test_a_row_kept_meanwhile_by_another_part_stays(first, tmp_path):
    shutil.copytree(first, tmp_path / "record")
    other, ours = Record(tmp_path / "record"), Record(tmp_path / "record")
    row = ours.rows[0]
    fit = ours.fit(row)
    (tmp_path / "record" / "fits.csv").unlink()
    other.keep(fit, row._replace(seed=1))
    ours.keep(fit, row)
    assert Record(tmp_path / "record").rows == [row._replace(seed=1), row]


def test_a_record_has_a_folder(words):
    with pytest.raises(ConfigError, match="output=FOLDER"):
        _run(words("first", "output=null"))


def test_a_recorded_fit_trained_again_is_the_same(first, capsys):
    row = Record(first).rows[0]
    chosen = ["--variant", row.variant, "--asof", row.asof, "--seed", "0"]
    assert check_study.main(["--record", str(first), *chosen]) == 0
    assert "the same weights, bit for bit" in capsys.readouterr().out


def test_a_check_has_a_tolerance_and_names_what_is_absent(first, capsys):
    row = Record(first).rows[0]
    other = row._replace(
        weights_sha256="0", test_rank_ic=row.test_rank_ic + 0.9 * check_study.TOLERANCE
    )
    assert check_study.compare("a fit", other, row) == 0
    assert check_study.compare("a fit", other._replace(val_rank_ic=1.0), row) == 1
    assert "NOT within the tolerance" in capsys.readouterr().out
    assert check_study.main(["--record", str(first), "--seed", "7"]) == 2
    assert "no such fit among 4" in capsys.readouterr().err


def test_the_time_left_is_by_size_at_each_variants_rate_and_at_this_runs_pace():
    one = load_settings("train")
    tasks = [
        Task(replace(one, variant=name, asof=asof, seed=seed), 0, Path("nowhere"), size)
        for seed in (0, 1)
        for asof, size in (("2011-01-31", 100), ("2011-07-29", 300))
        for name in ("v2", "v2.1")
    ]
    row = Row("v2", "2011-01-31", 0, 17, 6, 0.1, 0.1, 10.0, "", "")  # 0.1 s a stock-day
    rows = [row, row._replace(variant="v2.1", seconds=30.0), row._replace(asof="2010-07-30")]
    own = [row._replace(seed=1, seconds=20.0)]  # half as fast: both together 0.15 s a stock-day
    left = command.time_left([*rows, *own], own, tasks, tasks[5:])
    assert left == pytest.approx(20 / 15 * (0.15 * 300 + 0.3 * (100 + 300)))
    assert command.time_left(own, own, tasks, tasks[5:]) == pytest.approx(0.2 * 700)


def test_the_study_is_the_reports(tmp_path):
    settings = command.study_settings([str(tmp_path / "panel.zarr")])
    dates = settings.rolling.dates
    assert (len(dates), dates[0], dates[1], dates[-1]) == (
        19, "2011-01-31", "2011-07-31", "2020-01-31",
    )  # fmt: skip
    assert settings.data.panel == str(tmp_path / "panel.zarr")
    assert settings.variants == ["v2", "v2.1", "v2.2", "v2.3", "combined", "blend"]


def test_of_some_of_its_windows_a_fit_is_tested_until_the_next_of_all():
    some = RollingSettings(dates=["2011-01-31", "2014-07-31"], stop="2015-01-29")
    whole = command.whole_calendar(some)
    assert (len(whole.dates), whole.dates[7], whole.stop) == (19, "2014-07-31", "2020-08-24")
    other = RollingSettings(dates=["2011-01-31", "2014-08-01"], stop="2015-01-29")
    assert command.whole_calendar(other) is other


def test_what_is_judged_of_more_seeds_is_left_alone(first, words, home, capsys):
    folder = home / "kept-record"
    shutil.copytree(first, folder)
    path = folder / "v2.1" / "evaluation.json"
    found = read_json(path)
    found["provenance"]["seeds"] = [0, 1]
    write_json(path, found)
    before = path.read_bytes()
    _run(words("kept"))
    assert path.read_bytes() == before
    assert (
        f"{folder / 'v2.1'} is of seeds [0, 1]: not judged without [1]" in capsys.readouterr().err
    )


def test_a_blend_is_judged_on_its_members_fits_and_waits_for_all_of_them(home, words):
    blend = words("blended", "variants=[blend]", "rolling.seeds=[0,1]")
    _run(blend)
    folder = home / "blended-record"
    rows = Record(folder).rows
    assert {(row.variant, row.seed) for row in rows} == {("v2", 0), ("v2", 1), ("ridge", 0)}
    assert read_evaluation(folder / "blend" / "evaluation.json").provenance.seeds == [0, 1]
    both = command.of_variants(command.study_settings([*blend, "variants=[v2,blend]"]))
    panel = Panel.open(both["blend"].data.panel)
    plans = {
        name: command.plan_study(replace(each, output=None), panel) for name, each in both.items()
    }
    assert len(command.in_order(plans)) == 6  # the blend's and v2's fits are the same
    study = plans["blend"]
    assert len(command.complete_seeds(study, Record(folder))) == 6
    table = pd.read_csv(folder / "fits.csv")
    table[table["variant"] != "ridge"].to_csv(folder / "fits.csv", index=False)
    assert command.complete_seeds(study, Record(folder)) == []
