"""Whether columns that tell the same are in the units they should be in: shares, yuan, fractions.

Judged by stock and by year, not only over the table: a third of the stocks in lots of 100 leave
every median in place.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from datamodules.base.words import SHOWN
from datamodules.canon.report import DataReport
from datamodules.settings import TableSettings
from datamodules.tables.by_stock import years_of


@dataclass(frozen=True)
class Relation:
    """A ratio of columns that lies in a range on nearly every traded row.

    Args:
        name: The column that the ratio begins with.
        formula: What it is compared with, in words.
        powers: Column -> its exponent in the ratio.
        least: Least ratio.
        most: Largest ratio.
        middle: The usual ratio, for the power of ten by which another one is off.
        share: A stock or year of which more rows are outside the range is wrong.
    """

    name: str
    formula: str
    powers: Mapping[str, int]
    least: float = 0.5
    most: float = 2.0
    middle: float = 1.0
    share: float = 0.5

    def ratios(self, quotes: pd.DataFrame) -> np.ndarray:
        """The ratio of each row."""
        ratios = np.ones(len(quotes))
        for name, power in self.powers.items():
            values = quotes[name].to_numpy()
            ratios = ratios * values if power > 0 else ratios / values
        return ratios

    @property
    def units(self) -> dict[str, int]:
        """The exponents of units; all prices are of one."""
        return {_PRICES if n in _PRICE_COLUMNS else n: power for n, power in self.powers.items()}


_FEW = 20
"""Rows from which on a stock or a year is judged: a new listing's odd days are no unit."""
_IDLE = 0.02
"""Share of the traded rows whose volume or turnover may be 0; none of the A-shares' is."""
_PRICES = "prices"
_PRICE_COLUMNS = ("open", "high", "low", "close", "vwap")
_RELATIONS = (
    Relation("amount", "volume x vwap", {"amount": 1, "volume": -1, "vwap": -1}),
    Relation(
        "float_cap", "volume / turn x close",
        {"float_cap": 1, "volume": -1, "turn": 1, "close": -1},
    ),
    Relation("prev_close", "close", {"prev_close": 1, "close": -1}),
    Relation("turn", "volume / float_shares", {"turn": 1, "volume": -1, "float_shares": 1}),
    Relation(
        "float_cap", "float_shares x close", {"float_cap": 1, "float_shares": -1, "close": -1}
    ),
    Relation("free_turn", "turn", {"free_turn": 1, "turn": -1}, 0.999, 30.0, 1.5),
    Relation("total_cap", "float_cap", {"total_cap": 1, "float_cap": -1}, 0.999, 100.0, 1.5),
    Relation("turn", "the float", {"turn": 1}, 0.0, 1.0, 0.01, 0.2),
    Relation("free_turn", "the free float", {"free_turn": 1}, 0.0, 1.0, 0.01, 0.2),
)  # fmt: skip

_USUAL = {
    "volume": (100.0,), "turn": (0.01,), "free_turn": (0.01,), "amount": (1e3, 1e4),
    "float_cap": (1e4, 1e8), "float_shares": (1e4, 1e8), "total_cap": (1e4, 1e8),
    "prev_close": (0.01,), _PRICES: (0.01,),
}  # fmt: skip
"""Column -> scales that vendors' units need, the likeliest column first."""


@dataclass(frozen=True)
class _Found:
    """How a table fares by one relation.

    Args:
        relation: The relation.
        middle: Median ratio of all rows.
        outside: Median ratio of the rows outside the range.
        rows: How many are outside,
        whole: and whether the whole table is.
        stocks: Stocks, by number, that are mostly outside.
        years: Years that are.
        judged: Stocks that could be judged.
    """

    relation: Relation
    middle: float
    outside: float
    rows: int
    whole: bool
    stocks: np.ndarray
    years: np.ndarray
    judged: int

    @property
    def is_wrong(self) -> bool:
        """The table or a year is mostly outside, or more stocks than a vendor has oddities."""
        return self.whole or len(self.years) > 0 or len(self.stocks) > 0.02 * self.judged


def check_units(quotes: pd.DataFrame, settings: TableSettings, report: DataReport) -> None:
    """Refuse quotes of which a year, or more than 2% of the stocks, are in a wrong unit.

    Args:
        quotes: Checked and sorted.
        settings: Hold the scales that were applied.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names `units`.
    """
    if settings.free_turn == "turn":
        quotes = quotes.drop(columns="free_turn", errors="ignore")
    there = [r for r in _RELATIONS if quotes.columns.isin(r.powers).sum() == len(r.powers)]
    found = [_judge(relation, quotes) for relation in there]
    wrong = [each for each in found if each.is_wrong]
    if wrong:
        codes = quotes["code"].cat.categories
        first = max(wrong, key=lambda each: len(each.stocks))
        whole = f"{first.relation.name} is {first.outside:.3g} x ({first.relation.formula})"
        stocks = f"{len(first.stocks):,} of {first.judged:,} stocks, years {_span(first.years)}"
        report.refuse(
            "units", "quotes", first.rows,
            f"traded rows have a unit that looks wrong: {whole} in the middle, in {stocks}",
            f"{first.relation.least:g} to {first.relation.most:g} x is needed",
            _mend(found, settings.scale.get("quotes", {})) or _look(first.relation),
            [str(codes[stock]) for stock in first.stocks[:SHOWN]] if not first.whole else (),
        )  # fmt: skip
    for each in found:
        if not each.is_wrong:
            r = each.relation
            says = f"traded rows have {r.name} outside {r.least:g} to {r.most:g} x ({r.formula})"
            report.note("quotes", f"size of {r.name}", each.rows, says, cost="lost")


def check_idle(quotes: pd.DataFrame, report: DataReport) -> None:
    """Refuse a volume or turnover that is 0 on more than a few of the rows that traded.

    Args:
        quotes: Checked and sorted.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names `idle`.
    """
    traded = quotes["traded"].to_numpy()
    for name in ("volume", "turn", "free_turn"):
        if name not in quotes:
            continue
        idle = int((traded & (quotes[name].to_numpy() == 0)).sum())
        if idle > _IDLE * traded.sum():
            report.refuse(
                "idle", "quotes", idle,
                f"of {traded.sum():,} traded rows have a {name} of 0",
                "what traded has a volume and a turnover",
                f"data.columns.quotes.{name}=NAME, or traded=false where nothing was",
            )  # fmt: skip
        else:
            says = f"traded rows have a {name} of 0, unknown to features that divide by it"
            report.note("quotes", f"no {name}", idle, says, cost="lost")


def _judge(relation: Relation, quotes: pd.DataFrame) -> _Found:
    ratios = relation.ratios(quotes)
    judged = quotes["traded"].to_numpy() & np.isfinite(ratios) & (ratios != 0)
    outside = judged & ((ratios < relation.least) | (ratios > relation.most))
    middle = float(np.median(ratios[judged])) if judged.any() else relation.middle
    if not outside.any():
        return _Found(relation, middle, middle, 0, False, np.empty(0), np.empty(0), 1)
    code = quotes["code"].cat.codes.to_numpy()
    year = years_of(quotes["date"].to_numpy())
    stocks, n_stocks = _mostly(outside, judged, code, relation.share)
    years, _ = _mostly(outside, judged, year, relation.share)
    whole = outside.sum() > (0.9 if relation.share == 0.5 else relation.share) * judged.sum()
    off = float(np.median(ratios[outside]))
    return _Found(relation, middle, off, int(outside.sum()), bool(whole), stocks, years, n_stocks)


def _mostly(
    outside: np.ndarray, judged: np.ndarray, group: np.ndarray, share: float
) -> tuple[np.ndarray, int]:
    """Groups of which more than a share of the judged rows are outside, and how many are judged."""
    base = int(group.min())
    rows = np.bincount(group[judged] - base)
    wrong = np.bincount(group[outside] - base, minlength=len(rows))
    enough = rows >= _FEW
    return np.flatnonzero(enough & (wrong > share * rows)) + base, int(enough.sum())


def _span(years: np.ndarray) -> str:
    return ", ".join(str(year) for year in years) or "none as a whole"


def _mend(found: Sequence[_Found], scale: Mapping[str, float]) -> str:
    """The fewest and likeliest scales that make every ratio right; empty where none do."""
    if not all(each.whole for each in found if each.is_wrong):
        return ""  # no scale mends a part of the table
    candidates = list(dict.fromkeys(_scales(found, scale)))
    for size in range(1, 4):
        for scales in combinations(candidates, size):
            if all(_is_right(each, scales) for each in found):
                return f"{' '.join(_settings(scales, scale))} may mend it"
    return ""


def _is_right(each: _Found, scales: Iterable[tuple[str, float]]) -> bool:
    """Whether scales bring the middle ratio into its range."""
    relation, middle = each.relation, each.middle
    for name, factor in scales:
        middle *= factor ** relation.units.get(name, 0)
    return relation.least <= middle <= relation.most


def _look(relation: Relation) -> str:
    name, *others = (name for name in relation.units if name != _PRICES)
    return (
        f"data.columns.quotes.{name}=NAME where {' or '.join([name, *others])} is another column;"
        " or mend these rows, for no scale mends them all"
    )


def _scales(found: Sequence[_Found], scale: Mapping[str, float]) -> Iterator[tuple[str, float]]:
    """(column, factor): what undoes the user's own, what vendors need, what else would do."""
    for name in _USUAL:
        power = np.log10(scale.get(name, 1.0))
        if power and power == round(power):
            yield name, 10.0**-power
    for name, factors in _USUAL.items():
        yield from ((name, factor) for factor in factors)
    for each in found:
        ratio = each.middle / each.relation.middle
        power = round(np.log10(ratio)) if ratio > 0 else 0
        for name, exponent in each.relation.units.items():
            if power and each.is_wrong:
                yield name, 10.0 ** (-power * exponent)


def _settings(scales: Iterable[tuple[str, float]], scale: Mapping[str, float]) -> Iterator[str]:
    for name, factor in scales:
        columns = _PRICE_COLUMNS if name == _PRICES else (name,)
        yield from (f"data.scale.quotes.{c}={scale.get(c, 1.0) * factor:g}" for c in columns)
