"""`alphanet demo`: the whole flow on a simulated market, from tables to a report."""

from dataclasses import replace

from alphanet_pl.cli.commands import evaluate, predict, prepare, train
from alphanet_pl.config.settings import Settings
from datamodules.base.words import log
from datamodules.panel import Panel


def run(settings: Settings) -> str:
    """Simulate, prepare, train, score out of sample, evaluate."""
    log("1/4 simulate a market and prepare its panel")
    log(prepare.run(settings))
    settings = _with_dates(settings)
    log(f"2/4 train {settings.variant} as of {settings.asof}")
    log(train.run(settings))
    log("3/4 score what follows")
    log(predict.run(settings))
    log("4/4 evaluate out of sample")
    return evaluate.run(settings)


def _with_dates(settings: Settings) -> Settings:
    """Train as of the first session with a whole in-sample history, score all that follow."""
    panel = Panel.open(settings.data.panel)
    days = settings.data.in_sample_days + panel.picture_days
    session = min(days, len(panel.dates) - 1 - panel.horizon)
    asof = str(panel.dates[session])
    return replace(settings, asof=asof, date=f"{asof}:")
