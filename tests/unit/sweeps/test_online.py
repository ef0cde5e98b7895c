"""The W&B report as an object, and why there may be none."""

import json

import pytest
from helpers.invented_sweep import invented

from alphanet_pl.config.compose import load_settings
from alphanet_pl.evaluation.compare import compare
from alphanet_pl.evaluation.results import Evaluation
from sweeps.online import build_report, publish
from sweeps.results import Sweep


@pytest.fixture
def sweep() -> Sweep:
    return invented(simulated=True)


@pytest.fixture
def no_key(monkeypatch, tmp_path):
    for name in ("WANDB_API_KEY", "WANDB_MODE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("NETRC", str(tmp_path / "none"))
    monkeypatch.setenv("HOME", str(tmp_path))


def test_without_a_key_only_the_page_is_made(no_key, sweep):
    said = publish(load_settings("compare"), None, [sweep])
    assert said == "only the page was made: there is no W&B key (WANDB_API_KEY)"


def test_offline_is_respected_though_there_is_a_key(monkeypatch, sweep):
    monkeypatch.setenv("WANDB_API_KEY", "a" * 40)
    said = publish(load_settings("compare", ["logger.mode=offline"]), None, [sweep])
    assert said == "only the page was made: logger.mode=offline"


def _spec(report) -> str:
    return json.dumps(report._to_model().spec.model_dump(by_alias=True, exclude_none=True))


def test_a_sweep_has_its_table_coordinates_and_importance(sweep):
    wr = pytest.importorskip("wandb_workspaces.reports.v2")
    settings = load_settings("compare", ["experiment=mine", "logger.project=alphas"])
    report = build_report(settings, "team", None, [sweep])
    assert (report.entity, report.project) == ("team", "alphas")
    (grid,) = [block for block in report.blocks if isinstance(block, wr.PanelGrid)]
    kinds = {type(panel) for panel in grid.panels}
    assert {wr.ParallelCoordinatesPlot, wr.ParameterImportancePlot, wr.LinePlot} <= kinds
    spec = _spec(report)
    assert "2.00% \\u00b1 0.58%" in spec
    assert '"value": "mine"' in spec
    assert '"value": ["fit", "trial"]' in spec  # neither rolls nor evaluations
    assert '"value": ["2012-01-10"]' in spec


def test_every_variant_has_its_own_run_set_and_tables():
    wr = pytest.importorskip("wandb_workspaces.reports.v2")
    days = {"start": "2011-01-31", "stop": "2021-06-30"}
    empty = {name: Evaluation(variant=name, **days) for name in ("v2", "v2.1")}
    report = build_report(load_settings("compare"), "team", compare(empty), [])
    (grid,) = [block for block in report.blocks if isinstance(block, wr.PanelGrid)]
    assert [runset.name for runset in grid.runsets] == ["v2", "v2.1"]
    assert "2011-01-31 to 2021-06-30; the baseline is v2." in _spec(report)
