import json

import pytest
from helpers.small_study import call
from helpers.wandb_server import inspect_run


@pytest.fixture(scope="module")
def records(study):
    """Every record of the run that a fit logged offline, with no key in the environment."""
    words = ("variant=v2.1", "logger=wandb", "experiment=wandb", "logger.tags=[one]")
    assert call(study, "train", *words) == 0
    (run,) = study.runs.glob("wandb/*/*/*/wandb/offline-run-*/*.wandb")
    return inspect_run(run)


def test_an_offline_run_needs_no_key_and_carries_its_curves(records):
    text = json.dumps(records)
    for name in ("train/loss", "val/loss", "val/rank_ic"):
        assert name in text


def test_a_run_carries_config_commit_and_fingerprint(records):
    text = json.dumps(records)
    for name in ("in_sample_days", "fingerprint", "git_commit", "sampled_features"):
        assert name in text


def test_a_run_is_finished(records):
    assert any("exit" in record or record.get("type") == "exit" for record in records)


def test_a_run_plots_over_epochs(records):
    metrics = [record["metric"] for record in records if "metric" in record]
    stepped = {metric.get("name"): metric.get("step_metric") for metric in metrics}
    assert stepped.get("val/rank_ic") == "epoch", stepped


@pytest.fixture(scope="module")
def evaluation(study, tmp_path_factory):
    """Every record of an evaluation's run, and its folder."""
    out = tmp_path_factory.mktemp("evaluation")
    assert call(study, "evaluate", "variant=v2.1", "logger=wandb", f"output={out}") == 0
    (run,) = out.glob("wandb/offline-run-*/*.wandb")
    return inspect_run(run), out


def test_an_evaluation_logs_its_figures_of_merit_as_they_stand_in_its_files(evaluation):
    records, out = evaluation
    written = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    summary = {}
    for record in records:
        summary |= record.get("summary", {}).get("update", {})
    assert summary["test/rank_ic"] == written["ic"]["raw"]["summary"]["mean"]


def test_an_evaluation_logs_tables_figures_and_the_factor_with_its_fingerprint(evaluation):
    records, out = evaluation
    text = json.dumps(records)
    written = json.loads((out / "evaluation.json").read_text(encoding="utf-8"))
    for name in ("tables/ic", "figures/cumulative_rank_ic", "factor-v2.1"):
        assert name in text
    assert written["provenance"]["factor_sha256"] in text
    assert written["provenance"]["panel_fingerprint"] in text
