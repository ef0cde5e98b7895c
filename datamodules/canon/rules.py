"""The rules that a row must obey, one a kind of fault."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from datamodules.canon.columns import Column

VWAP_SLACK = 0.01
"""Yuan: on a day of one price, rounding alone puts the mean price this far outside."""

_NOISE = 1e-4
"""Yuan, a hundredth of the tick: float32 vendors' prices differ by as much from themselves."""


def _no_hint(frame: pd.DataFrame, rows: np.ndarray) -> str:
    return ""


@dataclass(frozen=True)
class Rule:
    """One kind of fault.

    Args:
        kind: Short stable name, for machines.
        says: The fault as a clause that follows a count.
        shown: Columns to show beside a faulty row's key.
        fails: Frame -> mask of the faulty rows.
        hint: (frame, faulty rows) -> a setting that may mend them all, or nothing.
    """

    kind: str
    says: str
    shown: tuple[str, ...]
    fails: Callable[[pd.DataFrame], np.ndarray]
    hint: Callable[[pd.DataFrame, np.ndarray], str] = _no_hint


def rules_of(table: str, columns: Sequence[Column]) -> tuple[Rule, ...]:
    """The rules of a table; a traded row of quotes needs every needed number but its size."""
    if table != "quotes":
        return _OTHERS.get(table, ())
    needed = tuple(
        column.name
        for column in columns
        if column.kind == "number" and column.needed_by and column.name != "float_cap"
    )
    turnover = tuple(name for name in ("turn", "free_turn") if name in needed)
    return (
        Rule("missing", "without a number where one is needed", needed, _any(_lacks, needed)),
        Rule("price", "with a price of 0 or less", _OHLC, _any(_not_positive, _OHLC)),
        Rule("order", "with high below low", ("high", "low"), _high_below_low),
        Rule("outside", "with open or close outside [low, high]", _OHLC, _outside),
        Rule(
            "vwap", "with vwap off [low, high] by more than 0.01 yuan", ("vwap", "low", "high"),
            _vwap_off, _vwap_unit,
        ),
        Rule("volume", "with a negative volume", ("volume",), _any(_negative, ("volume",))),
        Rule(
            "adj_factor", "with an adj_factor of 0 or less", ("adj_factor",),
            _any(_not_positive, ("adj_factor",)),
        ),
        Rule("turn", "with a negative turnover", turnover, _any(_negative, turnover)),
    )  # fmt: skip


_OHLC = ("open", "high", "low", "close")


def _any(
    fails: Callable[[np.ndarray], np.ndarray], names: Sequence[str]
) -> Callable[[pd.DataFrame], np.ndarray]:
    """The rows in which any of the columns that are there fails."""

    def failing(frame: pd.DataFrame) -> np.ndarray:
        mask = np.zeros(len(frame), dtype=bool)
        for name in names:
            if name in frame:
                mask |= fails(frame[name].to_numpy())
        return mask

    return failing


# A number that is not there fails `_lacks` alone: every comparison with NaN is false.
def _lacks(values: np.ndarray) -> np.ndarray:
    return ~np.isfinite(values)


def _not_positive(values: np.ndarray) -> np.ndarray:
    return values <= 0


def _negative(values: np.ndarray) -> np.ndarray:
    return values < 0


def _high_below_low(frame: pd.DataFrame) -> np.ndarray:
    return frame["high"].to_numpy() < frame["low"].to_numpy() - _NOISE


def _outside(frame: pd.DataFrame) -> np.ndarray:
    return _off(frame, "open", _NOISE) | _off(frame, "close", _NOISE)


def _vwap_off(frame: pd.DataFrame) -> np.ndarray:
    return _off(frame, "vwap", VWAP_SLACK + _NOISE)


def _off(frame: pd.DataFrame, name: str, slack: float) -> np.ndarray:
    values, low, high = (frame[column].to_numpy() for column in (name, "low", "high"))
    return (values < low - slack) | (values > high + slack)


def _vwap_unit(frame: pd.DataFrame, rows: np.ndarray) -> str:
    """The scale that would mend vwap, where most rows are off by one power of ten."""
    if 2 * len(rows) < frame["traded"].sum():
        return ""
    ratio = float(np.median(frame["vwap"].to_numpy()[rows] / frame["close"].to_numpy()[rows]))
    power = round(np.log10(ratio)) if 0 < ratio < np.inf else 0
    if not power or not 0.9 < ratio / 10.0**power < 1.1:
        return ""
    mend = f"data.scale.quotes.vwap={10.0**-power:g} (times any scale it has)"
    return f"{mend}, for vwap is {10.0**power:g} times the price"


_OTHERS = {
    "fundamentals": (
        Rule(
            "announced", "announced before the period's end", ("period_end", "announced"),
            lambda frame: (frame["announced"] < frame["period_end"]).to_numpy(),
        ),
    ),
    "index": (
        Rule(
            "close", "without a positive close", ("close",),
            lambda frame: ~(frame["close"] > 0).to_numpy(),
        ),
    ),
    "index_members": (
        Rule(
            "spell", "that end before they start", ("end",),
            lambda frame: (frame["end"] < frame["start"]).to_numpy(),
        ),
        Rule("weight", "with a negative weight", ("weight",), _any(_negative, ("weight",))),
    ),
}  # fmt: skip
