"""From fits to one factor: every date is scored by the newest models trained before it."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np
import pandas as pd

from alphanet_pl.factor.predict import describe_gaps, score_blocks
from alphanet_pl.factor.roll.plan import Plan
from alphanet_pl.fit.fits import Fit
from alphanet_pl.job.signals import GO_ON, answer, asked


def stitched(
    plan: Plan, ensembles: Sequence[Sequence[Fit]], say: Callable[[str], None]
) -> Iterator[pd.DataFrame]:
    """The factor in blocks of sessions, in order.

    Args:
        plan: The study.
        ensembles: The fits of each of its windows.
        say: Takes a line for every window.

    Raises:
        Interrupted: A signal asked for a stop.
    """
    stops = [*plan.windows[1:], plan.last + 1]
    for at, (start, stop, fits) in enumerate(zip(plan.windows, stops, ensembles, strict=True)):
        first, last = plan.panel.dates[[start, stop - 1]]
        say(f"score {at + 1} of {len(stops)}: {first} to {last}")
        scored = [np.empty(0, "datetime64[D]")]
        for block in score_blocks(plan.panel, np.arange(start, stop), fits):
            if asked() != GO_ON:
                raise answer(asked(), "the last fit; the factor is stitched anew")
            scored.append(block["date"].unique().astype("datetime64[D]"))
            yield block
        if gaps := describe_gaps(plan.panel.dates[start:stop], np.concatenate(scored)):
            say(gaps)
