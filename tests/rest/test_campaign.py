"""Random damage to tables, settings, factors and fits: nothing wrong gets through quietly.

Whatever is damaged, the only outcomes are the right result, a refusal in shape (what was given and
what is needed or a HINT, exit status 1 or 2), or a note that names the damage. What found something
stays as an explicit example.
"""

import json
import random
import re
import shutil
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from helpers.damage import (
    FILE_DAMAGES,
    PLAIN,
    Change,
    change_of,
    damage_file,
    of_type,
    places_in,
    restore,
    scaled,
    shifted,
)
from helpers.examples import at_most
from helpers.small_study import Study, call
from hypothesis import HealthCheck, example, given, note, settings
from hypothesis import strategies as st

from alphanet_pl.cli.main import VERBS
from alphanet_pl.config.compose import load_settings
from alphanet_pl.config.keys import settings_of
from alphanet_pl.evaluation.evaluate import check_scores
from alphanet_pl.factor.store import read_factor
from datamodules.base.errors import AlphaNetError
from datamodules.canon.columns import COLUMNS
from datamodules.panel import Panel, PanelContents
from datamodules.prepare.arrays import panel_contents
from datamodules.settings import DataSettings, IndexSettings
from datamodules.tables.load import load_tables

TABLES = Path(__file__).parents[1] / "golden" / "tables"
SHARED = [HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large]
SEEDS = st.integers(0, 2**16)


def few(number: int) -> settings:
    """So many fixed examples, a thousand new ones in a storm."""
    return settings(max_examples=at_most(number), suppress_health_check=SHARED)


@contextmanager
def refused_in_shape() -> Iterator[list[AlphaNetError]]:
    """Takes an error of the user's, which must say what to do; and there is no warning."""
    found: list[AlphaNetError] = []
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        try:
            yield found
        except AlphaNetError as error:
            found.append(error)
    assert all(error.given and (error.needed or error.hint) for error in found)


def contents_of(folder: Path, styles: str) -> tuple[PanelContents, dict[str, object]]:
    """What a panel of these tables would hold, and the data report."""
    data = DataSettings(source="parquet", path=str(folder), styles=styles)
    tables = load_tables(data, styles=styles)
    return panel_contents(tables, data, IndexSettings()), tables.report.to_dict()


def same(one: PanelContents, other: PanelContents) -> bool:
    """Whether two panels would be the same."""
    return (
        np.array_equal(one.dates, other.dates)
        and np.array_equal(one.codes, other.codes)
        and one.arrays.keys() == other.arrays.keys()
        and all(
            np.array_equal(values, other.arrays[name], equal_nan=values.dtype.kind == "f")
            for name, values in one.arrays.items()
            if name != "index_close"
        )
        and same_returns(one.arrays.get("index_close"), other.arrays.get("index_close"))
    )


def same_returns(one: np.ndarray | None, other: np.ndarray | None) -> bool:
    """Whether closes differ by nothing but a scale: an index's level is its publisher's choice."""
    if one is None or other is None:
        return one is other
    ratio = one / other
    return np.array_equal(np.isnan(one), np.isnan(other)) and np.nanstd(ratio) < 1e-9 * abs(
        np.nanmean(ratio)
    )


@pytest.fixture(scope="module")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return shutil.copytree(TABLES, tmp_path_factory.mktemp("campaign") / "tables")


@pytest.fixture(scope="module")
def whole_contents() -> dict[str, tuple[PanelContents, dict[str, object]]]:
    return {styles: contents_of(TABLES, styles) for styles in ("none", "available")}


def check_tables(folder: Path, table: str, whole: dict, name: str = "") -> None:
    """The outcome of preparing tables with a damage of this name."""
    styles = "available" if table == "fundamentals" else "none"
    clean, said = whole[styles]
    with refused_in_shape() as refused:
        found, report = contents_of(folder, styles)
    if not refused and not any(pattern.match(name) for pattern in HONEST):
        apart = {key: report[key] for key in ("tables", "faults", "notes")}
        assert same(found, clean) or apart != {key: said[key] for key in apart}


UNTOLD = ("is_st", "industry")
"""Columns that nothing else tells of: whatever they say is taken."""

HONEST = tuple(
    map(
        re.compile,
        (
            r"shifted\('announced', (-1|1|7),",  # a vendor's own day of publication
            r"shifted\('(start|end)',",  # vendors date members by the month's end
            r"scaled\('adj_factor', .*'(stocks|everywhere)'",  # its base is the vendor's choice
            r"flipped$",  # Parquet keeps no checksum of its own of values
            # many companies have none
            r"scaled\('noncurrent_liabilities', (0.0|0.01|0.0001), '(a |few |stocks|sessions)",
            # a loss, or next to nothing
            r"scaled\('(net_profit|operating_cash_flow)_ytd', (-1.0|0.01|0.0001), '(a|few) rows?'",
            # from next to nothing
            r"scaled\('(net_profit|operating_cash_flow)_ytd', 100.0, 'a row'",
        ),
    )
)
"""Damages that a sound vendor's tables look like: taken, or noted."""


def kinds_of(table: str) -> dict[str, str]:
    there = pd.read_parquet(TABLES / f"{table}.parquet").columns
    return {c.name: c.kind for c in COLUMNS[table] if c.name in there and c.name not in UNTOLD}


CHANGES = st.sampled_from(("quotes", "quotes", "fundamentals", "index", "index_members")).flatmap(
    lambda table: st.tuples(st.just(table), change_of(kinds_of(table)))
)


@few(40)
@given(change=CHANGES, seed=SEEDS)
@example(("fundamentals", ("no equity", scaled("equity", np.nan, "stocks"))), 475)
@example(("fundamentals", ("of late", scaled("revenue_ytd", 1e4, "sessions"))), 774)
@example(("fundamentals", ("a year late", shifted("announced", 365, "sessions"))), 873)
@example(("fundamentals", ("of one", scaled("net_profit_ytd", 0.0, "a row"))), 69)
@example(("fundamentals", ("losses", scaled("net_profit_ytd", -1.0, "stocks"))), 0)
@example(("fundamentals", ("row numbers", of_type("noncurrent_liabilities", "number"))), 0)
@example(("quotes", ("high of another unit", scaled("high", 100.0, "stocks"))), 7)
@example(("quotes", ("no size", scaled("float_cap", 0.0, "sessions"))), 0)
@example(("index", ("another level", scaled("close", 0.01, "everywhere"))), 0)
@example(("fundamentals", ("of some", scaled("revenue_ytd", 1e4, "stocks"))), 774)
def test_a_damaged_table(tables, whole_contents, change, seed):
    table, (name, made) = change
    note(f"{table}: {name}")
    change_table(tables, table, made, seed)
    try:
        check_tables(tables, table, whole_contents, name)
    finally:
        restore(tables / f"{table}.parquet", TABLES / f"{table}.parquet")


def change_table(folder: Path, table: str, made: Change, seed: int) -> None:
    frame = pd.read_parquet(TABLES / f"{table}.parquet")
    try:
        changed = made(frame, random.Random(seed))
        changed.to_parquet(folder / f"{table}.parquet", index=False)
    except (TypeError, ValueError, OverflowError, ArithmeticError):
        pass  # no such table can be written


@few(10)
@given(
    table=st.sampled_from(("quotes", "fundamentals", "index", "index_members")),
    how=st.sampled_from(FILE_DAMAGES),
    seed=SEEDS,
)
@example("index_members", "flipped", 2342)
def test_a_damaged_file_of_a_table(tables, whole_contents, table, how, seed):
    path = tables / f"{table}.parquet"
    damage_file(path, how, random.Random(seed))
    try:
        check_tables(tables, table, whole_contents, how)
    finally:
        restore(path, TABLES / path.name)


HOSTILE = (
    "", "null", "nan", "inf", "-1", "0", "1e400", "99999999999999999999", "true", "[]", "{}", "[1]",
    "{a: 1}", "???", "${nothing}", "a b", "a=b", "'", "~/x", "数据", "/proc/nope/x", "2011-02-30",
    "NaT", "today", "latest", ":", "1/0", "../..", "x" * 300, "\\", "[", "{", "#", "%s",
    "!!python/name:os",
)  # fmt: skip
"""Values for any setting."""


@few(25)
@given(data=st.data())
def test_a_hostile_value_of_any_setting(data):
    verb = data.draw(st.sampled_from(sorted(VERBS)))
    key = data.draw(st.sampled_from(sorted(settings_of(verb))))
    words = [f"{key}={data.draw(st.sampled_from(HOSTILE))}", "data.panel=p"]
    note(f"{verb} {words}")
    with refused_in_shape() as refused:
        made = load_settings(verb, words[: 1 if key == "data.panel" else 2])
    if not refused:
        assert type(made).__name__.endswith("Settings")


@pytest.fixture(scope="module")
def own(study: Study, tmp_path_factory: pytest.TempPathFactory) -> Study:
    """The study's fit and factor in runs of the campaign's own."""
    runs = tmp_path_factory.mktemp("campaign-runs")
    for path in ("default/v2.1", "demo/panel.zarr"):
        shutil.copytree(study.runs / path, runs / path)
    return Study(runs)


FACTOR = {"date": "date", "code": "text", "factor": "number"}


@few(15)
@given(change=change_of(FACTOR), seed=SEEDS)
def test_a_damaged_factor(own, change, seed):
    """Refused, or read as a slow pivot of its rows reads it, of which none is lost."""
    name, made = change
    note(name)
    panel = Panel.open(own.runs / "demo" / "panel.zarr")
    path, whole = own.runs / "damaged.parquet", own.runs / "default/v2.1/factor.parquet"
    try:
        made(pd.read_parquet(whole), random.Random(seed)).to_parquet(path, index=False)
    except (TypeError, ValueError, OverflowError):
        return  # no such factor can be written
    with refused_in_shape() as refused:
        dense = read_factor(path, panel)
        check_scores(path, dense)
    if not refused:
        slow = pd.read_parquet(path).astype({"code": str, "date": "datetime64[ns]"})
        slow = slow.pivot(index="date", columns="code", values="factor")
        slow = slow.reindex(index=panel.dates, columns=panel.codes).to_numpy("float64")
        np.testing.assert_array_equal(dense, slow)


@few(10)
@given(data=st.data(), seed=SEEDS)
def test_a_damaged_fit(own, capsys, data, seed):
    """Predict writes the same factor, or refuses; nothing else."""
    (fit,) = [path.parent for path in own.runs.glob("default/*/*/*/fit.json")]
    kept = shutil.copytree(fit, own.runs / "kept", dirs_exist_ok=True)
    factor = own.runs / "default" / "v2.1" / "factor.parquet"
    before = factor.read_bytes()
    name = data.draw(
        st.sampled_from(("fit.json", "fit.json", "best.ckpt", "config.yaml", "record"))
    )
    path = fit / ("fit.json" if name == "record" else name)
    if name == "record":
        record = json.loads(path.read_text())
        place = data.draw(st.sampled_from(places_in(record)))
        node = record
        for key in place[:-1]:
            node = node[key]
        node[place[-1]] = data.draw(PLAIN)
        note(f"{place}: {node[place[-1]]!r}")
        path.write_text(json.dumps(record))
    else:
        damage_file(path, data.draw(st.sampled_from(FILE_DAMAGES)), random.Random(seed))
    try:
        status = call(own, "predict", "variant=v2.1", f"date={fit.parent.name}:")
        said = capsys.readouterr().err
        if status:
            assert status in (1, 2)
            assert said.startswith("error: ")
            assert "HINT: " in said
        assert factor.read_bytes() == before
    finally:
        restore(path, kept / path.name)
