"""Row faults: rows that cannot be true, refused above a share, else counted and set aside.

In quotes only traded rows are judged, and a faulty one then counts as not traded, its prices and
volumes blanked; in the other tables a faulty row is left out.
"""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from datamodules.base.errors import TableError
from datamodules.base.words import SHOWN, rows_in_words
from datamodules.canon.columns import KEYS, Column
from datamodules.canon.report import DataReport, Note
from datamodules.canon.rules import Rule, rules_of

_BLANKED = ("open", "high", "low", "close", "vwap", "volume", "amount", "turn", "free_turn")


def set_faults_aside(
    frame: pd.DataFrame,
    table: str,
    columns: Sequence[Column],
    most: float,
    origin: str,
    report: DataReport,
) -> pd.DataFrame:
    """The table without its faulty rows (quotes: with them not traded), each kind reported.

    Args:
        frame: Canonical types and order.
        table: Canonical table name.
        columns: What was looked for; a traded row needs every needed number.
        most: Share of the rows that may be faulty, `data.max_bad_rows`.
        origin: Where the table came from, in words.
        report: Takes the faults.

    Raises:
        TableError: More rows are faulty, with the first five of them.
    """
    rules = rules_of(table, columns)
    masks = [rule.fails(frame) for rule in rules]
    if table == "quotes":
        masks = [mask & frame["traded"].to_numpy() for mask in masks]
    found = [(rule, np.flatnonzero(mask)) for rule, mask in zip(rules, masks, strict=True)]
    found = [(rule, rows) for rule, rows in found if len(rows)]
    if not found:
        return frame
    bad = np.unique(np.concatenate([rows for _, rows in found]))
    if len(bad) > most * len(frame):
        raise _refusal(frame, table, found, bad, most, origin)
    for rule, rows in found:
        examples = rows_in_words(frame, rows, KEYS[table], rule.shown)
        report.faults.append(Note(table, rule.kind, len(rows), rule.says, tuple(examples)))
    if table == "quotes":
        return _not_traded(frame, bad)
    return frame.drop(index=pd.Index(bad)).reset_index(drop=True)


def _not_traded(quotes: pd.DataFrame, bad: np.ndarray) -> pd.DataFrame:
    """Quotes in which the bad rows are untraded, and what they said of trading is gone."""
    good = np.ones(len(quotes), dtype=bool)
    good[bad] = False
    # A shallow copy: pandas 2 would copy every column for the few that change.
    set_aside = quotes.copy(deep=False)
    for name in _BLANKED:
        if name in quotes:
            set_aside[name] = quotes[name].where(good)
    factor = quotes["adj_factor"]
    set_aside["adj_factor"] = factor.where(good | factor.between(0, np.inf, inclusive="neither"))
    set_aside["traded"] = quotes["traded"] & good
    return set_aside


def _refusal(
    frame: pd.DataFrame,
    table: str,
    found: list[tuple[Rule, np.ndarray]],
    bad: np.ndarray,
    most: float,
    origin: str,
) -> TableError:
    kinds = ", ".join(f"{len(rows):,} {rule.says}" for rule, rows in found)
    words = []
    for row in bad[:SHOWN]:
        rule = next(rule for rule, rows in found if row in rows)
        words += rows_in_words(frame, np.array([row]), KEYS[table], rule.shown)
    share = len(bad) / len(frame)
    fate = "counts them as not traded" if table == "quotes" else "leaves them out"
    units = [hint for rule, rows in found if (hint := rule.hint(frame, rows))]
    hint = f"mend them, or data.max_bad_rows={_rounded_up(share):g} {fate}"
    return TableError(
        f"{origin}: {len(bad):,} of {len(frame):,} rows are faulty ({kinds}): {'; '.join(words)}",
        f"at most data.max_bad_rows={most:g} of the rows may be",
        "; ".join(units) or hint,
    )


def _rounded_up(share: float) -> float:
    """A share with two digits that is not below the one given."""
    unit = 10.0 ** (np.floor(np.log10(share)) - 1)
    return min(1.0, float(np.ceil(share / unit) * unit))
