"""A vendor's files give the panel of the Parquet tables, less what it lacks, rounded as it rounds.

The files are written from each vendor's documentation (helpers.vendors), not from its preset.
"""

from dataclasses import dataclass, replace

import numpy as np
import pytest
from helpers.vendors import WRITERS, canonical

from alphanet_pl.config.compose import load_settings
from datamodules.canon.tables import Tables
from datamodules.panel import Panel
from datamodules.prepare.prepare import prepare
from datamodules.settings import DataSettings, IndexSettings
from datamodules.tables.load import load_tables

LACKING = {
    "tushare": set(),
    "baostock": {
        "free_turn", "total_cap", "equity", "total_assets", "total_liabilities",
        "noncurrent_liabilities",
    },
    "jqdata": {"free_turn"},
    "ricequant": set(),
    "akshare": {"free_turn", "total_cap", "prev_close", "is_st", "suspended rows"},
}  # fmt: skip
"""Columns, and rows, that a vendor has not got, by its documentation."""

MASKS = (
    "listed", "traded", "is_st", "scorable", "suspended_next", "limit_close_next",
    "unbuyable_next", "unsellable_next",
)  # fmt: skip


@dataclass(frozen=True)
class Both:
    """The panel by a vendor's preset, its tables, and the panel of the Parquet tables."""

    vendor: str
    panel: Panel
    tables: Tables
    reference: Panel

    def read(self, name):
        return self.panel.read(name), self.reference.read(name)


def prepared(data: DataSettings, out) -> tuple[Panel, Tables]:
    tables = load_tables(data, features=data.features, styles=data.styles)
    return prepare(tables, out, data, IndexSettings()), tables


@pytest.fixture(scope="module")
def market(small_tables):
    return canonical(small_tables)


@pytest.fixture(scope="module")
def reference_of(market, tmp_path_factory):
    """Panel of the Parquet tables, by what is lacking in them: two vendors lack nothing."""
    made: dict[frozenset[str], Panel] = {}

    def reference(data: DataSettings, lacking: frozenset[str]) -> Panel:
        if lacking not in made:
            folder = tmp_path_factory.mktemp("reference")
            for table, frame in market.items():
                kept = frame[frame["traded"]] if _without_rows(table, lacking) else frame
                less = kept.drop(columns=lacking, errors="ignore")
                less.to_parquet(folder / f"{table}.parquet", index=False)
            plain = replace(data, source="parquet", path=str(folder))
            made[lacking] = prepared(plain, folder / "panel.zarr")[0]
        return made[lacking]

    return reference


def _without_rows(table: str, lacking: frozenset[str]) -> bool:
    return table == "quotes" and "suspended rows" in lacking


@pytest.fixture(scope="module", params=WRITERS)
def both(request, market, reference_of, tmp_path_factory):
    name, folder = request.param, tmp_path_factory.mktemp(request.param)
    WRITERS[name](market, folder / "files")
    words = [f"data={name}", f"data.path={folder / 'files'}", f"data.panel={folder / 'panel.zarr'}"]
    data = load_settings("prepare", words).data
    panel, read = prepared(data, folder / "panel.zarr")
    return Both(name, panel, read, reference_of(data, frozenset(LACKING[name])))


def test_dates_stocks_and_masks_are_the_same(both):
    assert list(both.panel.codes) == list(both.reference.codes)
    assert list(both.panel.dates) == list(both.reference.dates)
    for name in MASKS:
        np.testing.assert_array_equal(*both.read(name), name)


def test_features_and_returns_are_the_same(both):
    """To the digits of the vendors: 4 to 6 of a factor, 4 of a turnover in percent."""
    assert both.panel.features == both.reference.features
    for number, feature in enumerate(both.panel.features):
        ours, theirs = (values[..., number] for values in both.read("features"))
        np.testing.assert_allclose(ours, theirs, rtol=2e-3, atol=1e-3, err_msg=feature)
    for name in ("close", "vwap", "forward_close", "forward_vwap_next"):
        np.testing.assert_allclose(*both.read(name), rtol=2e-4, atol=2e-3, err_msg=name)


def test_sizes_are_the_same(both):
    """On traded days: not all tell what is unlocked while a stock is suspended."""
    traded = both.panel.read("traded")
    ours, theirs = (values[traded] for values in both.read("log_cap"))
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


def test_industries_are_the_same(both):
    """By whatever name; a new listing has none until a vendor of snapshots takes the next one."""
    ours, theirs = both.read("industry")
    scorable = both.panel.read("scorable")
    known = (ours >= 0) & scorable
    pairs = set(zip(ours[known].tolist(), theirs[known].tolist(), strict=True))
    assert len(pairs) == len({one for one, _ in pairs}) == len({other for _, other in pairs}) > 3
    assert known.sum() > 0.95 * scorable.sum()


def test_the_index_is_the_same(both):
    """Weights, of 15 members of 6% each, but for shares unlocked in a suspension or between two
    dates of the vendor's."""
    np.testing.assert_allclose(*both.read("index_close"))
    ours, theirs = both.read("index_weight")
    np.testing.assert_array_equal(ours > 0, theirs > 0)
    np.testing.assert_allclose(ours, theirs, atol=0.01)


def test_styles_are_the_same(both):
    ours, theirs = both.read("styles")
    np.testing.assert_array_equal(np.isnan(ours).all((0, 1)), np.isnan(theirs).all((0, 1)))
    difference = np.abs(ours - theirs)[both.panel.read("scorable")]
    assert np.nanquantile(difference, 0.99) < 0.02


def test_the_panel_says_what_it_was_made_of_and_what_is_lacking(both):
    kept = both.panel.attrs["tables"]
    assert set(kept) == {"quotes", "fundamentals", "index", "index_members"}
    assert all(record["files"] for record in kept.values())
    kinds = {note.kind for note in both.tables.report.notes}
    assert ("free_turn" in kinds) == ("free_turn" in LACKING[both.vendor])
    assert ("without is_st" in kinds) == ("is_st" in LACKING[both.vendor])
