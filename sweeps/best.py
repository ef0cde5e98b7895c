"""The best configuration of a sweep as a file that Hydra takes: variant=best."""

from collections.abc import Sequence
from pathlib import Path
from shlex import quote

import pandas as pd
from omegaconf import OmegaConf

from alphanet_pl.fit.identity import decisive_settings
from datamodules.base.files import write_text
from sweeps.axes import SEED
from sweeps.plan import Planned
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


def command_of(best: Planned, folder: Path) -> str:
    """The command that trains this configuration on the sweep's panel, into its experiment.

    Args:
        best: A trial of the configuration.
        folder: The sweep's, which holds variant/best.yaml.
    """
    origin, point = best.trial.settings.origin, best.trial.point
    if origin is None or origin.config_dir:  # which is one folder: the user's own stays
        return best.trial.command
    words = [word for word in origin.overrides if word.partition("=")[0] not in {"variant", *point}]
    if not any(word.startswith("asof=") for word in words):
        words.append(f"asof={best.asof}")
    where = ["--config-dir", str(folder), "variant=best"]
    return " ".join(["alphanet train", *map(quote, [*where, *words])])


def best_path(folder: Path) -> Path:
    """The file, in a sweep's folder."""
    return folder / "variant" / "best.yaml"


def write_best(best: Planned, summary: pd.DataFrame, folder: Path) -> None:
    """Write `best_path`: everything that decides a fit of this configuration.

    Where the panel is, and how fast, stays with the command that uses it.
    """
    settings, top = best.trial.settings, summary.iloc[0]
    lines = [
        "# @package _global_",
        f"# Best of {len(summary)} configurations by validation RankIC: {top[RANK_IC]:.4f} "
        f"(mean over {top['seeds']} seeds, as of {best.asof}).",
        f"#   {command_of(best, folder)}",
        OmegaConf.to_yaml({"variant": settings.variant, **decisive_settings(settings)}),
    ]
    write_text(best_path(folder), "\n".join(lines))
