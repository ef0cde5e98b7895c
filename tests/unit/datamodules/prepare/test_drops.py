import json

import numpy as np
import pytest

from datamodules.canon.limits import A_SHARES
from datamodules.prepare.arrays import quote_arrays
from datamodules.prepare.drops import DropLedger, drop_ledger
from datamodules.prepare.grid import to_grid
from datamodules.prepare.labels import FILTERS, RETURNS
from datamodules.settings import DataSettings

DAYS = 5


@pytest.fixture
def grid(make_quotes):
    return to_grid(make_quotes(seed=5, sessions=160))


@pytest.fixture
def arrays(grid):
    return quote_arrays(grid, DataSettings(picture_days=DAYS, horizon=4), A_SHARES)


def slow_reason(arrays, t, s, label, mode):
    """The first step that takes a listed cell out, or 'labelled'."""
    if arrays["is_st"][t, s]:
        return "under special treatment"
    if not arrays["scorable"][t, s]:
        if arrays["listed"][: t + 1, s].sum() <= DAYS:
            return f"within the first {DAYS} sessions of quotes"
        window = arrays["traded"][max(t - DAYS + 1, 0) : t + 1, s]
        if len(window) < DAYS or not window.all():
            return f"not traded on each of the last {DAYS} sessions"
        return "an unknown feature in the picture"
    if np.isnan(arrays[RETURNS[label]][t, s]):
        return "no forward return"
    words = {
        "suspended_next": "suspended or delisted on the next session",
        "limit_close_next": "at a price limit at the next close",
        "unbuyable_next": "locked at the upper limit on the next session",
    }
    flagged = [words[name] for name in FILTERS[mode] if arrays[name][t, s]]
    return flagged[0] if flagged else "labelled"


@pytest.mark.parametrize("label", RETURNS)
@pytest.mark.parametrize("mode", FILTERS)
def test_every_stock_date_is_counted_at_the_first_step_it_fails(grid, arrays, label, mode):
    ledger = drop_ledger(grid.dates, arrays, DAYS, label, mode)
    counts = dict.fromkeys([*ledger.dropped, "labelled"], 0)
    for t, s in np.argwhere(arrays["listed"]):
        counts[slow_reason(arrays, t, s, label, mode)] += 1
    assert counts == ledger.dropped | {"labelled": ledger.labelled}
    assert ledger.listed == sum(counts.values())
    assert ledger.labelled > 0


def test_the_years_add_up_to_the_whole(grid, arrays):
    ledger = drop_ledger(grid.dates, arrays, DAYS)
    assert list(ledger.years) == ["2020", "2021"]
    for reason, count in (ledger.dropped | {"labelled": ledger.labelled}).items():
        assert sum(year[reason] for year in ledger.years.values()) == count


def test_a_ledger_survives_json(grid, arrays):
    ledger = drop_ledger(grid.dates, arrays, DAYS)
    assert DropLedger(**json.loads(json.dumps(ledger.to_dict()))) == ledger


def test_a_market_without_pictures_has_a_ledger_too(make_quotes):
    grid = to_grid(make_quotes(sessions=3))
    arrays = quote_arrays(grid, DataSettings(), A_SHARES)
    ledger = drop_ledger(grid.dates, arrays, 30)
    assert ledger.labelled == 0
    assert ledger.listed == grid.listed.sum()
