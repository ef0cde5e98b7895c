"""The best configuration of a sweep as a file that Hydra takes: variant=best."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import pandas as pd
from omegaconf import OmegaConf

from alphanet_pl.files import write_text
from alphanet_pl.identity import model_identity
from sweeps.plan import Planned
from sweeps.space import SEED
from sweeps.table import RANK_IC


def best_of(summary: pd.DataFrame, planned: Sequence[Planned]) -> Planned | None:
    """The first trial of the best configuration that has all its seeds, or None."""
    top = summary.iloc[0]
    if top["seeds"] < top["of"]:
        return None
    for one in planned:
        point = {"variant": one.trial.settings.variant, "asof": one.asof, **one.trial.point}
        if all(top[key] == value for key, value in point.items() if key in top and key != SEED):
            return one
    return None


def write_best(best: Planned, summary: pd.DataFrame, folder: Path) -> Path:
    """Write FOLDER/variant/best.yaml: everything that decides a fit of this configuration.

    Where the panel is, and how fast, stays with the command that uses it.
    """
    settings, top = best.trial.settings, summary.iloc[0]
    identity = {k: v for k, v in model_identity(settings).items() if k != "protocol"}
    path = folder / "variant" / "best.yaml"
    lines = [
        "# @package _global_",
        f"# Best of {len(summary)} configurations by validation RankIC: {top[RANK_IC]:.4f} "
        f"(mean over {top['seeds']} seeds, as of {best.asof}).",
        f"#   alphanet train --config-dir {quote(str(folder))} variant=best",
        OmegaConf.to_yaml({"variant": settings.variant, **identity}),
    ]
    write_text(path, "\n".join(lines))
    return path
