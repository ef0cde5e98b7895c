"""The rows of every table: which figure of a result, how it is written, what it is called.

A new metric is its formula, one row here, and its name in the catalogue.

Example: `shown(IC, frame({"v2": summary}))`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from alphanet_pl.evaluation.report.formats import (
    ABSENT,
    Form,
    count,
    number,
    percent,
    percents,
    say,
    tiny,
    with_error,
    yes_no,
)


@dataclass(frozen=True)
class Metric:
    """A row of a table.

    Attributes:
        field: Column of the frame.
        form: How it is written.
        word: What the row is called, a key of the catalogue under `metric`; by default the field.
        error: Column of its standard error, written behind it.
        of: Fills in the row's name.
    """

    field: str
    form: Form = percent
    word: str = ""
    error: str = ""
    of: int | None = None

    @property
    def label(self) -> str:
        """What the row is called."""
        key = f"metric.{self.word or self.field}"
        return say(key) if self.of is None else say(key, k=self.of)

    def cell(self, row: Mapping[Any, Any]) -> str:
        """The figure as text."""
        value = row.get(self.field)
        if value is None or isinstance(value, str):
            return value or ABSENT
        if self.error:
            return with_error(value, row.get(self.error), self.form)
        return self.form(value)


HEADLINE = (
    Metric("rank_ic", error="rank_ic_error"),
    Metric("icir", number),
    Metric("share_reached", percents(0)),
    Metric("top_excess"),
    Metric("annual_excess", word="headline_excess", error="excess_error"),
    Metric("information_ratio", number),
    Metric("excess_max_drawdown"),
)
TERMINAL = (
    *HEADLINE[:2],
    Metric("positive_share"),
    Metric("n", count),
    Metric("raw_rank_ic", error="raw_rank_ic_error"),
    Metric("truth"),
    Metric("share_reached", percents(0)),
    Metric("layers"),
    *HEADLINE[4:6],
    Metric("tracking_error"),
)
IC = (
    Metric("mean"),
    Metric("std"),
    Metric("icir", number),
    Metric("positive_share"),
    Metric("n", count),
    Metric("standard_error"),
    Metric("naive_t", number),
    Metric("newey_west_t", number),
)
IC_DIFFERENCE = (
    Metric("mean", word="difference_mean"),
    Metric("standard_error", word="difference_error"),
    Metric("naive_t", number),
    Metric("newey_west_t", number),
    Metric("positive_share", word="difference_share"),
    Metric("n", count),
)
SEEDS = (
    Metric("seeds", count),
    Metric("mean", word="seeds_mean"),
    Metric("standard_error", word="seeds_error"),
    Metric("std", word="seeds_std"),
    Metric("factor", word="seeds_factor"),
)
EACH_LAYER = (
    Metric("annual_return"),
    Metric("volatility"),
    Metric("sharpe", number),
    Metric("max_drawdown"),
    Metric("annual_excess_gross"),
    Metric("cost"),
    Metric("turnover", percents(0), word="layer_turnover"),
    Metric("frozen_share"),
)
ENHANCEMENT = (
    Metric("annual_return"),
    Metric("volatility"),
    Metric("sharpe", number),
    Metric("max_drawdown"),
    Metric("annual_excess"),
    Metric("excess_standard_error"),
    Metric("tracking_error"),
    Metric("excess_max_drawdown"),
    Metric("information_ratio", number),
    Metric("calmar", number),
    Metric("monthly_win"),
    Metric("months", count),
    Metric("turnover"),
)
DIFFERENCE = (
    Metric("annual"),
    Metric("standard_error", word="difference_error"),
    Metric("days", count),
)
TRADING = (
    Metric("rebalances", count),
    Metric("planned"),
    Metric("monthly"),
    Metric("annual_one_sided", percents(0)),
    Metric("share_at_cap"),
    Metric("share_relaxed"),
    Metric("mean_names", count),
    Metric("exact", count),
    Metric("neutrality", count),
    Metric("turnover", count, word="turnover_rung"),
    Metric("nearest", count),
    Metric("hold", count),
    Metric("max_residual", tiny),
)
COVERAGE = (
    Metric("mean_share"),
    Metric("fewest", count),
    Metric("n", count, word="model_n"),
    Metric("models", count),
    Metric("share"),
    Metric("exact", word="expected"),
    Metric("printed"),
)
SETUP = (
    Metric("n", count, word="model_n"),
    Metric("long_weight", lambda value: number(value, 1)),
    Metric("neutralise", yes_no),
    Metric("seed_list"),
)


def layer_metrics(layers: int) -> list[Metric]:
    """The rows of tables 11, 21 and 29, and what they leave out."""
    return [
        *(Metric(f"excess_{k + 1}", word="excess", of=k + 1) for k in range(layers)),
        Metric("long_short_report"),
        Metric("sharpe_report", number),
        Metric("long_short_net"),
        Metric("sharpe_net", number),
        Metric("top_information_ratio", number),
        Metric("top_monthly_win"),
        Metric("months", count),
        Metric("monotonicity", number),
        Metric("stock_count", count),
        Metric("sections", count),
    ]


def shown(metrics: Sequence[Metric], table: pd.DataFrame) -> pd.DataFrame:
    """A frame as text: a row a metric that any of its rows knows, a column a row of the frame."""
    rows = {str(name): row for name, row in zip(table.index, table.to_dict("records"), strict=True)}
    known = [metric for metric in metrics if metric.field in table]
    return pd.DataFrame(
        {name: [metric.cell(row) for metric in known] for name, row in rows.items()},
        index=[metric.label for metric in known],
    )
