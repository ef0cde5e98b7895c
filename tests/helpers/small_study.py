"""A small study that the integration tests share."""

import os
from dataclasses import dataclass
from pathlib import Path

from helpers.warm import Warm

SMALL = (
    "data.market.stocks=60",
    "data.market.days=330",
    "data.market.seed=5",
    "data.in_sample_days=200",
    "trainer.max_epochs=3",
    "trainer.learning_rate=1e-3",
    "trainer.threads=1",
    "trainer.accelerator=cpu",
)
ASOF = 250
"""Session index of the study's fits."""
WINDOWS = (250, 290)
"""As-of sessions of its rolling training."""


@dataclass(frozen=True)
class Study:
    """A folder of runs with a prepared small market."""

    runs: Path

    def words(self, verb: str, *overrides: str) -> list[str]:
        """Arguments of one command in this study."""
        return [verb, f"runs={self.runs}", *SMALL, *overrides]

    def start(self, verb: str, *overrides: str) -> Warm:
        """Start a command as its own process."""
        # W&B names its service there; a child would share its parent's, killed runs and all.
        env = {name: value for name, value in os.environ.items() if name != "WANDB_SERVICE"}
        return Warm(self.words(verb, *overrides), env)

    def fits(self) -> list[Path]:
        """Fit folders of the study itself, not of the experiments that others add to its runs."""
        return sorted(path.parent for path in self.runs.glob("default/*/*/*/fit.json"))


def call(study: Study, verb: str, *overrides: str) -> int:
    """Run a command in this process: no start-up time."""
    from alphanet_pl.cli.main import main

    return main(study.words(verb, *overrides))
