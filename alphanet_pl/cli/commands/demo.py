"""`alphanet demo`: the whole flow on a simulated market, from tables to a report."""

from dataclasses import replace

from rich.console import Console

from alphanet_pl.cli.commands import evaluate, predict, prepare
from alphanet_pl.cli.commands.train import describe
from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.train import train
from datamodules.panel import Panel


def run(settings: Settings) -> str:
    """Simulate, prepare, train, score out of sample, evaluate."""
    console = Console(stderr=True)

    def say(step: int, what: str) -> None:
        console.rule(f"{step}/4 {what}", align="left")

    say(1, "simulate a market and prepare its panel")
    console.print(prepare.run(settings), highlight=False)
    settings = _with_dates(settings)
    say(2, f"train {settings.variant} as of {settings.asof}")
    console.print(describe(train(settings)), highlight=False)
    say(3, "score what follows")
    console.print(predict.run(settings), highlight=False)
    say(4, "evaluate out of sample")
    return evaluate.run(settings)


def _with_dates(settings: Settings) -> Settings:
    """Train as of the first session with a whole in-sample history, score all that follow."""
    panel = Panel.open(settings.data.panel)
    days = settings.data.in_sample_days + panel.picture_days
    session = min(days, len(panel.dates) - 1 - panel.horizon)
    asof = str(panel.dates[session])
    return replace(settings, asof=asof, date=f"{asof}:")
