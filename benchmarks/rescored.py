"""The arms of docs/beyond.md that train nothing: v2's fits, scored otherwise.

for arm, scores in rescored(fit, before, linear, sessions, panel): ...
"""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from alphanet_pl.factor.predict import score
from alphanet_pl.fit.folder import Fit
from datamodules.panel import Panel

ARMS = ("own", "both", "deeper", "mixed", "union")


def rescored(
    fit: Fit, before: Fit | None, linear: Fit | None, sessions: np.ndarray, panel: Panel
) -> Iterator[tuple[str, pd.DataFrame]]:
    """Score these sessions by each arm; `date`, `code` and `factor` as of `predict.score`.

    Args:
        fit: Of v2.
        before: The fit of the window before, of the same seed; without it there is no `deeper`.
        linear: The fit of ridge of the same window; without it there is no `mixed`, and no
            `union` of it and `own`.
        sessions: Session indices.
        panel: The panel.
    """
    own = score(panel, sessions, [fit], statistics="own")
    yield "own", own
    running = score(panel, sessions, [fit])
    yield "both", _mean(running, own)
    if before is not None:
        yield "deeper", score(panel, sessions, [before, fit])
    if linear is not None:
        other = score(panel, sessions, [linear])
        yield "mixed", _mean(running, other)
        yield "union", _mean(own, other)


def _mean(one: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """The mean of two scores of the same dates and stocks, each standardised within a date."""
    return one.assign(factor=(_standardised(one) + _standardised(other)) / 2)


def _standardised(scores: pd.DataFrame) -> pd.Series:
    by_date = scores.groupby("date")["factor"]
    return (scores["factor"] - by_date.transform("mean")) / by_date.transform("std")
