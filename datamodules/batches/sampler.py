"""The order of cross-sections: shuffled by date from (seed, epoch), dealt to ranks alike."""

from collections.abc import Iterator

import numpy as np
from torch.utils.data import Sampler

from datamodules.base.errors import ConfigError


class CrossSectionSampler(Sampler[list[int]]):
    """Deals lists of positions, each a whole optimisation step's dates on this rank.

    The order is a function of (seed, epoch) alone, so a resumed run continues with the order it
    would have had, and in the middle of an epoch with the steps that were left. A last short step
    is dropped, the same for any number of ranks.

    Args:
        count: Number of cross-sections.
        seed: The fit's seed.
        dates_per_step: Cross-sections in one step over all ranks.
        rank: This process's rank.
        ranks: Number of processes; divides dates_per_step.
    """

    def __init__(
        self, count: int, seed: int, dates_per_step: int, rank: int = 0, ranks: int = 1
    ) -> None:
        if dates_per_step % ranks:
            raise ConfigError(
                f"data.dates_per_step={dates_per_step} was given to {ranks} ranks",
                "every rank takes the same number of whole cross-sections a step",
                f"data.dates_per_step={ranks} (another model than with {dates_per_step})",
            )
        if count < dates_per_step:
            raise ConfigError(
                f"data.dates_per_step={dates_per_step} was given",
                f"there are only {count} training sessions",
                "data.dates_per_step=1",
            )
        self.count, self.seed, self.dates_per_step = count, seed, dates_per_step
        self.rank, self.share = rank, dates_per_step // ranks
        self.epoch = self.taken = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch whose order is dealt next; Lightning calls it."""
        self.epoch = epoch

    def skip(self, steps: int) -> None:
        """Leave out the first steps of the next epoch dealt: a resumed fit has taken them."""
        self.taken = steps

    def __len__(self) -> int:
        """Steps in an epoch."""
        return self.count // self.dates_per_step

    def __iter__(self) -> Iterator[list[int]]:
        """Deal this rank's positions, one list a step."""
        order = np.random.default_rng([self.seed, self.epoch]).permutation(self.count)
        taken, self.taken = self.taken, 0
        for step in range(taken, len(self)):
            first = step * self.dates_per_step + self.rank * self.share
            yield order[first : first + self.share].tolist()
