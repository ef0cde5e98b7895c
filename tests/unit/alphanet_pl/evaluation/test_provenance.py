"""What a panel lacks is read from it."""

import numpy as np
import pytest

from alphanet_pl.config.compose import load_settings
from alphanet_pl.evaluation import provenance
from alphanet_pl.evaluation.provenance import data_lacks
from alphanet_pl.factor.store import Source


class _Industries:
    """The part of a panel that this reads: an industry for each of 500 days and three stocks."""

    def __init__(self, industry: np.ndarray) -> None:
        self.industry = industry
        self.dates, self.codes, self.attrs = range(len(industry)), ("a", "b", "c"), {}

    def has(self, name: str) -> bool:
        return True

    def read(self, name: str, start: int, stop: int) -> np.ndarray:
        return self.industry[start:stop]


@pytest.fixture
def industry():
    found = np.tile(np.array([0, 1, -1], dtype=np.int16), (500, 1))
    found[:100, 0] = -1  # listed later: unknown before is no change
    return found


def test_a_stock_that_keeps_its_industry_is_said_to(industry):
    assert any("Industries never change" in said for said in data_lacks(_Industries(industry)))


@pytest.mark.parametrize("day", [1, 239, 240, 499])
def test_a_single_change_in_any_shard_is_seen(industry, day):
    industry[day:, 1] = 2
    assert data_lacks(_Industries(industry)) == []


def test_a_panel_without_industries_says_nothing_of_them():
    assert data_lacks(_Industries(np.full((500, 3), -1))) == []


def test_the_simulated_panels_industries_are_found_static(small_panel):
    assert any("Industries never change" in said for said in data_lacks(small_panel))


def test_the_pairs_of_a_blend_are_out_of_its_first_members_features(tmp_path, monkeypatch):
    identity = {"protocol": 2, "data": {"features": ["close", "volume", "turn"]}}
    fits = [
        (
            Source("2012-01-31", 0, "../v1/x"),
            {"sampled_features": ["close", "turn"], "identity": identity},
        ),
        (
            Source("2012-01-31", 0, "../ridge/x"),
            {"sampled_features": ["a"], "identity": {"protocol": 2}},
        ),
    ]
    monkeypatch.setattr(provenance, "_fits", lambda *_: fits)
    monkeypatch.setattr(provenance, "seed_columns", lambda _: {0: "seed_0"})
    samples, total = provenance.samples_of(
        tmp_path / "factor.parquet", load_settings("evaluate", ["variant=blend"])
    )
    assert (samples, total) == ([["close", "turn"]], 3)
