"""The figures the paper prints, to stand beside ours (Huatai Securities, 2021-07-04).

Percentages are as printed (11.45 is 11.45%), ratios are plain numbers. The period is 2011-01-31 to
2021-06-30, 2531 sessions; RankIC has 261 cross-sections and there are 125 months. Which of them
contradict one another is in its test.

Example: `PRINTED.ic["v2.1"].mean`.
"""

from dataclasses import dataclass
from typing import NamedTuple

PERIOD = ("2011-01-31", "2021-06-30")
CROSS_SECTIONS = 261
MONTHS = 125
INDEX = "csi500"


class PrintedIC(NamedTuple):
    """A row of tables 9, 17 and 25."""

    mean: float
    std: float
    icir: float
    positive_share: float


class PrintedLayers(NamedTuple):
    """A row of tables 11, 21 and 29."""

    annual_excess: tuple[float, ...]
    long_short_report: float
    sharpe_report: float
    top_information_ratio: float
    top_monthly_win: float


class PrintedEnhancement(NamedTuple):
    """A row of tables 14, 22 and 30."""

    annual_return: float
    volatility: float
    sharpe: float
    max_drawdown: float
    annual_excess: float
    tracking_error: float
    excess_max_drawdown: float
    information_ratio: float
    calmar: float
    monthly_win: float
    turnover: float
    """Headed "monthly"; it is the mean two-sided turnover of a weekly rebalance."""


class PrintedBenchmark(NamedTuple):
    """The index's row of tables 14, 22 and 30."""

    annual_return: float
    volatility: float
    sharpe: float
    max_drawdown: float


@dataclass(frozen=True)
class PrintedTables:
    """All printed figures, by variant."""

    ic: dict[str, PrintedIC]
    layers: dict[str, PrintedLayers]
    enhancement: dict[str, PrintedEnhancement]
    benchmark: PrintedBenchmark
    yearly: dict[str, tuple[float, ...]]
    """Tables 15, 23 and 31: 2011 (from 2011-01-28) to 2021 (to 2021-06-30)."""
    coverage: dict[int, float]
    """Figure 5: share of feature pairs that ten models cover, by number of sampled features."""


PRINTED = PrintedTables(
    ic={
        "v2.1": PrintedIC(11.45, 10.44, 1.10, 88.89),
        "v2": PrintedIC(11.25, 9.87, 1.14, 88.51),
        "v2.2": PrintedIC(7.99, 6.96, 1.15, 89.66),
        "v2.3": PrintedIC(11.70, 10.78, 1.09, 86.97),
    },
    layers={
        "v2.1": PrintedLayers((15.79, 3.85, -4.38, -13.53, -25.27), 54.29, 6.14, 3.42, 79.20),
        "v2": PrintedLayers((15.03, 2.82, -4.29, -13.60, -24.71), 52.19, 6.18, 3.45, 82.40),
        "v2.2": PrintedLayers((10.79, 0.31, -5.97, -8.15, -19.73), 37.72, 6.05, 3.55, 76.00),
        "v2.3": PrintedLayers((16.90, 2.51, -4.25, -12.51, -25.45), 56.05, 6.03, 3.79, 81.60),
    },
    enhancement={
        "v2.1": PrintedEnhancement(
            27.11, 24.50, 1.11, 43.49, 21.50, 6.52, 8.22, 3.30, 2.62, 84.00, 31.24
        ),
        "v2": PrintedEnhancement(
            25.55, 24.85, 1.03, 44.72, 20.13, 6.31, 8.05, 3.19, 2.50, 79.20, 31.42
        ),
        "v2.2": PrintedEnhancement(
            21.57, 25.42, 0.85, 46.08, 16.56, 5.30, 5.17, 3.12, 3.20, 84.80, 31.31
        ),
        "v2.3": PrintedEnhancement(
            27.89, 24.14, 1.16, 43.70, 22.12, 6.68, 8.80, 3.31, 2.51, 79.20, 31.08
        ),
    },
    benchmark=PrintedBenchmark(4.00, 26.00, 0.15, 65.20),
    yearly={
        "v2.1": (-6.82, 27.86, 50.26, 46.41, 105.22, 5.80, 11.25, -22.71, 40.78, 47.46, 12.17),
        "v2": (-9.47, 26.26, 42.19, 44.96, 109.31, 5.00, 12.17, -25.09, 41.66, 47.40, 10.76),
        "v2.2": (-15.61, 23.63, 40.42, 47.55, 91.44, -4.34, 13.89, -28.69, 39.81, 42.96, 13.04),
        "v2.3": (-6.82, 27.86, 50.26, 46.41, 105.22, 5.80, 11.25, -22.71, 40.78, 47.46, 12.17),
        INDEX: (-28.17, 0.28, 16.89, 39.01, 43.12, -17.78, -0.20, -33.32, 26.38, 20.87, 6.92),
    },
    coverage={6: 78.64, 7: 89.42, 8: 95.52, 9: 98.59, 10: 99.65, 11: 99.94},
)
