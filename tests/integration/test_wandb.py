import json
import subprocess
import sys

import pytest


@pytest.fixture(scope="module")
def records(study):
    """Every record of the run that a fit logged offline, with no key in the environment."""
    study.run("train", "variant=v2.1", "logger=wandb", "experiment=wandb", "logger.tags=[one]")
    (run,) = study.runs.glob("wandb/*/*/*/wandb/offline-run-*/*.wandb")
    command = [sys.executable, "-m", "wandb", "leet", "inspect", "--json", str(run)]
    out = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    return [json.loads(line) for line in out.splitlines()]


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
