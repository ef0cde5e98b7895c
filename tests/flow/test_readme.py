"""Every block of the README runs as it stands."""

import contextlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import lightning.pytorch as pl
import pandas as pd
import pytest

from alphanet_pl.cli.main import main
from datamodules.batches.datamodule import CrossSectionDataModule
from datamodules.market.market import simulate
from datamodules.settings import DataSettings, MarketSettings

ROOT = Path(__file__).resolve().parents[2]
BLOCKS = re.findall(r"```(\w+)\n(.*?)```", (ROOT / "README.md").read_text(encoding="utf-8"), re.S)
SMALLER = """
in_sample_days: 200         # a small market in a test has a short history
"""


def _block(language: str, word: str) -> str:
    (found,) = [text for kind, text in BLOCKS if kind == language and word in text]
    return found


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """A user's folder: a vendor's quotes in `tables`, the README's map of them in `my`."""
    home = tmp_path_factory.mktemp("readme")
    simulate(MarketSettings(stocks=60, days=330, seed=5, start="2012-06-01"), home / "tables")
    path = home / "tables" / "quotes.parquet"
    quotes = pd.read_parquet(path).rename(columns={"code": "ticker"})
    quotes["lots"] = quotes.pop("volume") / 100
    quotes.to_parquet(path, index=False)
    (home / "my" / "data").mkdir(parents=True)
    (home / "my" / "data" / "vendor.yaml").write_text(_block("yaml", "source:") + SMALLER)
    return home


@pytest.fixture(scope="module", autouse=True)
def one_core() -> Iterator[None]:
    """A block owns one core, so one thread: others test beside us, on other cores."""
    cores, worker = sorted(os.sched_getaffinity(0)), os.environ.get("PYTEST_XDIST_WORKER", "gw0")
    os.sched_setaffinity(0, {cores[int(worker.removeprefix("gw")) % len(cores)]})
    yield
    os.sched_setaffinity(0, cores)


def _bash(text: str, cwd: Path) -> str:
    here = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"PATH": here, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["bash", "-euc", text],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _here(line: str, cwd: Path) -> None:
    """`alphanet VERB ...` in this process, which has imported what the verb would import."""
    with contextlib.chdir(cwd):
        assert main(shlex.split(line)[1:]) == 0, line


@pytest.fixture(scope="module")
def said(folder) -> str:
    return _bash(_block("bash", "alphanet prepare"), folder)


def test_the_vendor_block_goes_from_quotes_to_a_report(said, folder):
    assert "ready" in said
    assert "validation RankIC" in said
    assert (folder / "runs" / "default" / "v2.1" / "report.html").is_file()


def test_the_python_block_opens_a_panel_and_a_network(said, folder, monkeypatch, capsys):
    monkeypatch.chdir(folder)
    exec(compile(_block("python", "Panel.open"), "README.md", "exec"), {})
    out = capsys.readouterr().out
    assert "330 sessions" in out
    assert "(232, 17700, 31)" in out


def test_the_neutralised_loss_trains_a_users_own_module(small_panel, tmp_path):
    place: dict[str, type[pl.LightningModule]] = {}
    exec(compile(_block("python", "class MyModule"), "README.md", "exec"), place)
    settings = DataSettings(panel="", in_sample_days=100)
    data = CrossSectionDataModule(small_panel, settings, 280, 0, with_styles=True)
    trainer = pl.Trainer(
        max_steps=3, accelerator="cpu", logger=False, enable_progress_bar=False,
        enable_model_summary=False, default_root_dir=tmp_path, limit_val_batches=0,
        enable_checkpointing=False, use_distributed_sampler=False,
    )  # fmt: skip
    trainer.fit(place["MyModule"](), data)
    assert trainer.global_step == 3


@pytest.fixture(scope="module")
def mine(said, folder) -> Path:
    """Fits, factor, page and sweep of the README's own network, loss and logger."""
    my = folder / "my"
    for name, language, word in (
        ("attention.py", "python", "class Attention"),
        ("correlation.py", "python", "class Correlation"),
        ("logger/curves.yaml", "yaml", "_target_"),
        ("variant/mine.yaml", "yaml", "variant: mine"),
    ):
        (my / name).parent.mkdir(exist_ok=True)
        (my / name).write_text(_block(language, word))
    with (my / "variant" / "mine.yaml").open("a") as file:
        file.write("trainer: {max_epochs: 3}\n")
    seeds = "sweep=seeds sweep.axes.seed=[0,1] sweep.cpus_per_trial=1"
    *lines, sweep = _block("bash", "variant=mine").replace("sweep=seeds", seeds).splitlines()
    for line in lines:
        _here(line, folder)
    _bash(sweep, folder)  # Ray has processes of its own
    return folder / "runs" / "default"


def test_an_own_network_and_loss_train_under_their_own_name(mine):
    (folder,) = (path.parent for path in mine.glob("mine/2013-06-28/seed0-*/fit.json"))
    record = json.loads((folder / "fit.json").read_text())
    assert record["status"] == "done"
    assert record["identity"]["model"]["network"] == "attention.Attention"
    assert set(record["identity"]["sources"]) == {"model.network", "loss.error"}
    rows = pd.read_csv(folder / "metrics.csv").set_index("epoch")
    assert rows["val/rank_ic"].idxmax() == record["best_epoch"]


def test_an_own_logger_has_the_curves(mine):
    (path,) = mine.glob("mine/*/seed0-*/curves/*/metrics.csv")
    assert "val/rank_ic" in pd.read_csv(path)


def test_an_own_network_is_scored_swept_and_put_on_the_page(mine):
    assert pd.read_parquet(mine / "mine" / "factor.parquet")["factor"].notna().any()
    assert (mine / "mine" / "report.html").is_file()
    trials = pd.read_csv(mine / "sweeps" / "seeds" / "trials.csv")
    assert trials["val/rank_ic"].notna().sum() == 2


def test_own_operators_make_the_features_of_a_fit(said, folder):
    (folder / "my" / "moments.py").write_text(_block("python", "class Moments"))
    words = "variant=v2 experiment=moments model.operators=moments.Moments trainer.max_epochs=1"
    _here(f"alphanet train --config-dir my data=vendor asof=2013-06-28 {words}", folder)
    (path,) = folder.glob("runs/moments/v2/2013-06-28/seed0-*/fit.json")
    assert json.loads(path.read_text())["parameters"][0] == 2 * 2 * 15


def test_the_first_block_names_the_makefiles_two_targets():
    text = _block("bash", "make demo")
    targets = re.findall(r"^make (\w+)", text, re.M)
    assert targets == ["demo", "test"]
    _bash("make --dry-run test", ROOT)  # it is running: this test is part of it


def test_make_demo_ends_with_a_report(tmp_path):
    for name in ("Makefile", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path / name)
    installed = tmp_path / ".venv"
    installed.mkdir()
    (installed / "bin").symlink_to(Path(sys.executable).parent)
    (installed / "installed").touch()
    said = _bash("make demo", tmp_path)
    assert "RankIC" in said
    assert (tmp_path / "runs" / "demo" / "report.html").is_file()
    assert (tmp_path / "runs" / "demo" / "evaluation.json").is_file()


def test_every_block_is_one_that_a_test_above_runs():
    assert [kind for kind, _ in BLOCKS] == [
        "bash", "yaml", "bash", "python", "python", "python", "python", "yaml", "yaml", "bash",
        "python",
    ]  # fmt: skip


def test_every_file_that_the_readme_names_exists():
    for name in re.findall(r"\]\(([^)]+)\)", (ROOT / "README.md").read_text(encoding="utf-8")):
        assert (ROOT / name).is_file(), name
