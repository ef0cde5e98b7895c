"""`alphanet train`: one fit, or of a blend one of each member."""

import gc

from alphanet_pl.config.settings import Settings
from alphanet_pl.factor.blend import members
from alphanet_pl.fit.folder import Fit, recorded_settings
from alphanet_pl.fit.train import train
from datamodules.batches.datamodule import LastRead
from datamodules.panel import Panel


def run(settings: Settings) -> str:
    """Train, resume or find the fit; say how it did and where it is."""
    panel, last, said = Panel.open(settings.data.panel), LastRead(), []
    for one in members(settings):
        said.append(describe(train(one, panel=panel, last=last)))
        gc.collect()  # a trainer is full of cycles, which keep what it has read
    return "\n".join(said)


def describe(fit: Fit) -> str:
    """A few lines on a finished fit."""
    record = fit.record
    metrics, sessions = record["metrics"], record["sessions"]
    sample = record["sampled_features"]
    every = recorded_settings(record["identity"])["data"]["features"]
    lines = [
        f"{record['variant']} seed {record['seed']} as of {record['asof']}: validation RankIC "
        f"{metrics['val/rank_ic']:.4f}, loss {metrics['val/loss']:.5f} at epoch "
        f"{record['best_epoch']} of {record['epochs']} ({record['seconds']:.0f} s)",
        f"in-sample {record['in_sample_days']} sessions: {sessions['train']['cross_sections']} "
        f"train, {sessions['validation']['cross_sections']} validate",
    ]
    if len(sample) < len(every):
        lines.append(f"pairs of {len(sample)} sampled features: {', '.join(sample)}")
    return "\n".join([*lines, f"fit: {fit.folder}"])
