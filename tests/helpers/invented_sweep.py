"""A sweep made of invented fits: seeds whose RankIC is 1%, 2%, 3%, and 9 sections after them."""

from itertools import product
from math import nan

import pandas as pd

from sweeps.results import RANK_IC, Sweep

ERROR = 0.01 / 3**0.5


def configuration(**changes: object) -> dict[str, object]:
    """A row as `configurations` makes it; epochs take n/10 seconds and a bit more."""
    n = changes.get("model.n", 8)
    row = {
        "variant": "v2.1", "asof": "2012-01-10", "model.n": n, "loss.long_weight": 1.0,
        "seeds": 3, "of": 3, "n": n, "features": 15, RANK_IC: 0.02, f"{RANK_IC}_error": ERROR,
        "epochs": 10.0, "epochs_error": 0.0,
        "seconds_per_epoch": 0.1 * n + 0.05, "seconds_per_epoch_error": 0.05 / 3**0.5,
        "pairs_covered": 0.4, "pairs_expected": 0.41, "sections": 9, "rank_ic": 0.05,
        "rank_ic_error": 0.0, "rank_ic_of_mean": 0.06,
        "top_excess": 0.01, "top_excess_error": ERROR,
        "volatility": nan, "volatility_error": nan, "correlation": 0.5, "correlation_error": 0.1,
    }  # fmt: skip
    return {**row, **changes}


def invented(
    *rows: dict[str, object],
    keys: tuple[str, ...] = ("variant", "model.n", "loss.long_weight"),
    missing: int = 0,
    simulated: bool = False,
) -> Sweep:
    """A sweep of these configurations; by default n of 6 and 8 times weights of 1 and 2."""
    rows = rows or tuple(
        configuration(**{"model.n": n, "loss.long_weight": weight})
        for n, weight in product((6, 8), (1.0, 2.0))
    )
    return Sweep("product", pd.DataFrame(rows), [*keys], missing, 15, simulated)
