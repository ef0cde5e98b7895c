import json
import shutil
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest
import torch
from helpers.small_study import ASOF, call

from alphanet_pl.evaluation.results import read_evaluation
from alphanet_pl.fit.folder import recorded_settings
from datamodules.panel import Panel


@pytest.fixture
def panel(study):
    return Panel.open(study.runs / "demo" / "panel.zarr")


def test_a_fit_describes_itself(study):
    (folder,) = study.fits()
    record = json.loads((folder / "fit.json").read_text())
    assert record["status"] == "done"
    assert record["variant"] == "v2.1"
    assert record["seed"] == 0
    assert record["parameters"] == [232, 17700, 31]
    assert len(record["sampled_features"]) == 8
    assert record["in_sample_days"] == 200
    assert record["metrics"]["val/loss"] > 0
    assert record["panel"]["fingerprint"]
    assert torch.__version__.startswith(record["versions"]["torch"])
    assert record["seconds"] > 0


def test_the_checkpoint_holds_plain_types_only(study):
    (folder,) = study.fits()
    for name in ("best.ckpt", "last.ckpt"):
        assert "state_dict" in torch.load(folder / name, weights_only=True)


def test_metrics_csv_has_a_row_an_epoch(study):
    (folder,) = study.fits()
    table = pd.read_csv(folder / "metrics.csv")
    assert table["epoch"].tolist() == [0, 1, 2]
    assert {"train/loss", "val/loss", "val/rank_ic"} <= set(table.columns)


def test_a_done_fit_is_not_repeated(study, capsys):
    (folder,) = study.fits()
    before = (folder / "best.ckpt").stat().st_mtime_ns
    asof = json.loads((folder / "fit.json").read_text())["asof"]
    assert call(study, "train", "variant=v2.1", f"asof={asof}") == 0
    assert (folder / "best.ckpt").stat().st_mtime_ns == before


def test_a_fit_of_an_earlier_protocol_is_named_left_alone_and_not_scored(study, capsys):
    (folder,) = study.fits()
    record = json.loads((folder / "fit.json").read_text())
    older = study.runs / "older" / "v2.1" / record["asof"] / "seed0-0123456789"
    shutil.copytree(folder, older)
    identity = {"protocol": 1, **recorded_settings(record["identity"])}
    (older / "fit.json").write_text(json.dumps(record | {"identity": identity}))
    before = {path.name: path.read_bytes() for path in older.iterdir() if path.is_file()}
    words = ("variant=v2.1", "experiment=older")
    assert call(study, "predict", *words, "date=latest") == 2
    said = capsys.readouterr().err
    assert "fits of protocol 1, where 2 is the present one: 1" in said
    assert "HINT: alphanet train variant=v2.1 asof=" in said
    assert call(study, "train", *words, f"asof={record['asof']}") == 0
    (line,) = [one for one in capsys.readouterr().err.splitlines() if "protocol" in one]
    assert "a fit of protocol 1 with these settings stays as it is" in line
    (own,) = [path for path in older.parent.iterdir() if path != older]
    assert own.name == folder.name
    assert before == {path.name: path.read_bytes() for path in older.iterdir() if path.is_file()}
    assert call(study, "predict", *words, "date=latest") == 0


def test_every_scorable_stock_of_every_session_is_scored(study, panel):
    factor = pd.read_parquet(study.runs / "default" / "v2.1" / "factor.parquet")
    assert list(factor.columns) == ["date", "code", "seed_0", "factor"]
    scorable = panel.read("scorable")[ASOF:]
    assert len(factor) == scorable.sum()
    assert np.isfinite(factor["factor"]).all()


def test_the_newest_session_is_scored_without_a_label(study, panel, tmp_path, capsys):
    out = tmp_path / "today.parquet"
    assert call(study, "predict", "variant=v2.1", "date=latest", f"factor={out}") == 0
    today = pd.read_parquet(out)
    assert today["date"].unique() == [panel.dates[-1]]
    assert len(today) == panel.read("scorable")[-1].sum()


def test_the_evaluation_is_in_files_that_agree(study):
    folder = study.runs / "default" / "v2.1"
    evaluation = read_evaluation(folder / "evaluation.json")
    table = pd.read_csv(folder / "tables" / "ic.csv", index_col=0)
    summary = evaluation.ic.neutral.summary
    assert table.loc["neutral", "mean"] == pytest.approx(summary.mean)
    assert evaluation.ic.achievable.summary.mean > 0
    assert f"{100 * summary.mean:.2f}%" in (folder / "report.html").read_text()


class _Addresses(HTMLParser):
    """Every address that a page's tags name; what stands inside a script is text."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag, attrs):
        self.found += [value for name, value in attrs if name in {"src", "href"}]


def test_the_report_asks_no_network_for_anything(study):
    page = _Addresses()
    page.feed((study.runs / "default" / "v2.1" / "report.html").read_text())
    assert {found for found in page.found if not found.startswith("#")} == {"data:,"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("train", "asof=1999-01-04"), "the panel has sessions from"),
        (("train", "asof=soon"), "asof=soon was given: a date reads YYYY-MM-DD"),
        (("train", "asof=2011-06-30"), "data.min_in_sample_days="),
        (("train", "data.panel=/nowhere"), "/nowhere"),
        (("train", "data.horizon=5"), "was prepared with 10"),
        (("prepare", "data.beta_index=SH999999"), "SH999999"),
        (("predict",), "date is not set"),
        (("predict", "date=1999-01-04"), "date=latest"),
        (("predict", "date=latest", "variant=v2.3"), "alphanet train variant=v2.3"),
        (("evaluate", "factor=/nowhere.parquet"), "/nowhere.parquet is not there"),
        (("train", "trainer.accelerator=gpu"), "trainer.accelerator=auto"),
    ],
)
def test_a_mistake_is_one_sentence_with_a_hint(study, capsys, words, said):
    assert call(study, *words) == 2
    error = capsys.readouterr().err
    assert said in error
    assert "HINT" in error
    assert "Traceback" not in error


def test_doctor_numbers_its_checks(study, capsys):
    assert call(study, "doctor") == 0
    out = capsys.readouterr().out
    assert out.splitlines()[0].startswith("1. ok    settings")
    assert out.rstrip().endswith("ready")


def test_doctor_fails_with_the_first_hint(study, capsys):
    assert call(study, "doctor", "data.in_sample_days=3000", "data.embargo=12") == 2
    error = capsys.readouterr().err
    assert "FAIL  history" in error
    assert "HINT: data.min_in_sample_days=" in error
