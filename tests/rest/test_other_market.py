"""docs/data.md on a market of another shape, from its tables to a score of the day after.

No special treatment, no price limits, no free float, other codes; then one more session, by the
page's daily.sh, run as the page's line of the crontab runs it.
"""

import os
import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

from alphanet_pl.cli.main import main
from datamodules.base.errors import TableError
from datamodules.panel import Panel
from datamodules.settings import TableSettings
from datamodules.tables.load import load_tables

PAGE = (Path(__file__).resolve().parents[2] / "docs" / "data.md").read_text(encoding="utf-8")
WORDS = ("--config-dir", "my", "data=vendor", "variant=v2.1")


def block(language, word):
    (found,) = [
        text for kind, text in re.findall(r"```(\w+)\n(.*?)```", PAGE, re.S)
        if kind == language and word in text
    ]  # fmt: skip
    return found


def foreign(quotes):
    """Quotes of a market without limits: some stocks move by a third in a day, and trade on."""
    quotes = quotes.drop(columns=["is_st", "free_turn", "prev_close"])
    codes = {code: f"X{number:03d}.N" for number, code in enumerate(quotes["code"].unique())}
    days = dict(zip(list(codes)[:12], quotes["date"].unique()[100::10], strict=False))
    leaps = quotes["date"] >= quotes["code"].astype(str).map(days)
    prices = ["open", "high", "low", "close", "vwap", "amount", "float_cap", "total_cap"]
    quotes[prices] = quotes[prices].mul(leaps.map({True: 1.33, False: 1.0}), axis="index")
    return quotes.assign(code=quotes["code"].astype(str).map(codes))


@pytest.fixture(scope="module")
def home(small_tables, tmp_path_factory):
    """A user's home with the page's folder `alphanet`: all sessions but the last, and a factor."""
    home = tmp_path_factory.mktemp("home")
    folder = home / "alphanet"
    (folder / "my" / "data").mkdir(parents=True)
    (folder / "tables").mkdir()
    text = block("yaml", "market_rules: none") + "in_sample_days: 200\n"
    (folder / "my" / "data" / "vendor.yaml").write_text(text)
    (folder / "daily.sh").write_text(block("bash", "words="))
    quotes = foreign(pd.read_parquet(small_tables / "quotes.parquet"))
    quotes.to_parquet(home / "tomorrow.parquet", index=False)
    today = quotes[quotes["date"] < quotes["date"].max()]
    today.to_parquet(folder / "tables" / "quotes.parquet", index=False)
    before = Path.cwd()
    os.chdir(folder)
    try:
        assert main(["prepare", *WORDS]) == 0
        asof = str(Panel.open("panel.zarr").dates[250])
        assert main(["train", *WORDS, f"asof={asof}", "trainer.threads=1"]) == 0
        assert main(["predict", *WORDS, f"date={asof}:"]) == 0
        assert main(["evaluate", *WORDS, "evaluation.filter=none"]) == 0
    finally:
        os.chdir(before)
    return home


def test_a_market_without_limits_has_a_panel_a_factor_and_a_page(home):
    folder = home / "alphanet"
    panel = Panel.open(folder / "panel.zarr")
    assert panel.codes[0] == "X000.N"
    for mask in ("is_st", "limit_close_next", "unbuyable_next", "unsellable_next"):
        assert not panel.read(mask).any(), mask
    assert panel.read("scorable").any()
    assert (folder / "runs" / "default" / "v2.1" / "report.html").is_file()


def test_under_a_share_rules_its_moves_are_refused(home):
    path = str(home / "alphanet" / "tables")
    given = TableSettings("parquet", path, free_turn="turn", without=["is_st"])
    with pytest.raises(TableError, match="moves of adjusted close are beyond the day's price lim"):
        load_tables(given)


def test_the_crontab_scores_the_day_after(home):
    """Its line as cron gives it to sh, with the home that cron sets."""
    folder = home / "alphanet"
    (folder / "download.py").write_text(
        "import shutil; shutil.copy('../tomorrow.parquet', 'tables/quotes.parquet')"
    )
    fields, line = block("crontab", "daily.sh").split(None, 5)[:5], block("crontab", "daily.sh")
    assert all(re.fullmatch(r"[\d*/,-]+", field) for field in fields)
    command = line.split(None, 5)[5].replace("/tmp/alphanet.lock", str(home / "lock"))
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = os.environ | {"HOME": str(home), "PATH": path, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(["sh", "-c", command], cwd="/", env=environment, check=False)
    log = (folder / "daily.log").read_text()
    assert done.returncode == 0, log
    newest = pd.read_parquet(home / "tomorrow.parquet")["date"].max()
    assert Panel.open(folder / "panel.zarr").dates[-1] == newest.to_datetime64().astype("M8[D]")
    factor = pd.read_parquet(folder / "today.parquet")
    assert factor["date"].max() == newest
