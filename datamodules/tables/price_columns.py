"""Whether the prices of a day are what their names say: vwap is amount / volume, and none a copy.

Of the 8.4 million rows of A-shares from 2005 to 2020 that traded at more than one price, open and
close are equal on 2.7%, and 0.1% have an open or a close nearer to amount / volume than vwap is.
"""

from itertools import combinations

import numpy as np
import pandas as pd

from datamodules.canon.report import DataReport

_MEAN = ("open", "close", "vwap")
_FEW = 100
"""Rows from which on they are judged."""
_WIDE = 0.005
"""Share of rows whose high may be above twice the low, as on some days of listing."""
_OFF = 0.002
"""Median distance of vwap from amount / volume that no rounding explains; a close's is 0.8%."""


def check_prices(quotes: pd.DataFrame, report: DataReport) -> None:
    """Refuse a price column that copies another, or is nearer to amount / volume than vwap is.

    A vwap that is near neither, such as a mean of high and low, is noted.

    Args:
        quotes: Checked and sorted; amount may be absent.
        report: Takes what is odd.

    Raises:
        TableError: Unless `data.accept` names `vwap`, or `units` for a high that is far too high.
    """
    moved = (quotes["traded"] & (quotes["high"] > quotes["low"])).to_numpy()
    price = {name: quotes[name].to_numpy()[moved] for name in _MEAN}
    if moved.sum() < _FEW:
        return
    wide = int((quotes["high"].to_numpy()[moved] > 2 * quotes["low"].to_numpy()[moved]).sum())
    says = f"of {moved.sum():,} rows of more than one price have a high above twice the low"
    if wide > _WIDE * moved.sum():
        hint = "data.columns.quotes.high=NAME or data.columns.quotes.low=NAME, or mend these rows"
        report.refuse("units", "quotes", wide, says, "high and low of one day and unit", hint)
    else:
        report.note("quotes", "wide", wide, says)
    for one, other in combinations(_MEAN, 2):
        equal = int((price[one] == price[other]).sum())
        if equal > 0.5 * moved.sum():
            report.refuse(
                "vwap", "quotes", equal,
                f"of {moved.sum():,} rows of more than one price have {one} equal to {other}",
                "each price is its own", f"set data.columns.quotes.{one}=NAME or .{other}=NAME",
            )  # fmt: skip
    if "amount" in quotes:
        _compare(price, (quotes["amount"] / quotes["volume"]).to_numpy()[moved], report)


def _compare(price: dict[str, np.ndarray], mean: np.ndarray, report: DataReport) -> None:
    """Hold vwap against what was paid for a share; other units are for the checks of units."""
    known = np.isfinite(mean) & (mean > 0.5 * price["vwap"]) & (mean < 2 * price["vwap"])
    if known.sum() < _FEW:
        return
    off = {name: np.abs(values / mean - 1)[known] for name, values in price.items()}
    for name in ("open", "close"):
        nearer = int((off[name] < off["vwap"]).sum())
        if nearer > 0.6 * known.sum():
            report.refuse(
                "vwap", "quotes", nearer,
                f"of {known.sum():,} traded rows have {name} nearer to amount / volume than vwap",
                "vwap is amount / volume",
                f"swap them: data.columns.quotes.vwap={name.upper()}"
                f" data.columns.quotes.{name}=VWAP",
            )  # fmt: skip
    far = int((off["vwap"] > _OFF).sum())
    if far > 0.5 * known.sum():
        says = (
            f"traded rows have a vwap more than {_OFF:.1%} off amount / volume: another mean price?"
        )
        report.note("quotes", "mean price", far, says, cost="wrong")
