"""Two real processes against one that holds all rows: one step, its statistics, its metric."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.distributed as dist
from helpers.warm import spawn
from torch import Tensor
from torch.nn.parallel import DistributedDataParallel
from torchmetrics import MeanMetric

from alphanet_pl.model.fused import FusedAlphaNet
from alphanet_pl.model.losses import DateError, LongSide, Loss
from alphanet_pl.model.metrics import RankIC
from datamodules.batches.cross_sections import CrossSections

ROWS = {0: 40, 1: 23}
"""Stocks of the date that each rank sees: ranks are weighted by stocks, not equally."""


def section(rank: int) -> CrossSections:
    generator = torch.Generator().manual_seed(rank)
    pictures = torch.randn(ROWS[rank], 15, 30, generator=generator, dtype=torch.float64)
    # A level far above the deviation: moments about zero would cancel between ranks.
    label = torch.randn(ROWS[rank], generator=generator, dtype=torch.float64)
    date = torch.full((ROWS[rank],), rank)
    return CrossSections(pictures * (1 + rank) + 1e4, label, date, None)


def step(network: torch.nn.Module, batch: CrossSections) -> Tensor:
    prediction: Tensor = network(batch.pictures)
    Loss(weights=LongSide(2.0))(prediction, batch).backward()
    return prediction.detach()


def state(network: FusedAlphaNet, prediction: Tensor, metric: RankIC) -> dict[str, Any]:
    return {
        "prediction": prediction,
        "gradients": {name: p.grad for name, p in network.named_parameters()},
        "buffers": dict(network.named_buffers()),
        "rank_ic": metric.compute(),
    }


def selected(*batches: CrossSections) -> Tensor:
    """Validation's loss as the module adds it up, of predictions that have a level each date."""
    mean = MeanMetric()
    for batch in batches:
        prediction = batch.pictures[:, 0, -1] / 1e4 + batch.date
        mean.update(Loss().selection(prediction, batch), weight=len(batch.label))
    return mean.compute()


class Spread(DateError):
    """A number of a date that no sum over stocks gives."""

    def __call__(self, prediction: Tensor, label: Tensor, weight: Tensor) -> Tensor:
        return (weight * (prediction - label).square()).mean().sqrt()


def by_date(batch: CrossSections) -> Tensor:
    """The training loss of one number a date."""
    return Loss(LongSide(2.0), error=Spread())(batch.pictures[:, 0, -1] / 1e4, batch)


def lopsided(batch: CrossSections, rank: int) -> Tensor:
    """The metric where only rank 1 has seen a date."""
    metric = RankIC()
    if rank:
        metric.update(batch.label, batch.label, batch.date)
    return metric.compute()


def work(rank: int, folder: str) -> None:
    """One rank: its own date in training, every date again in the metric, as padding would."""
    torch.set_num_threads(1)  # the same sums in the same order as the process it is compared with
    dist.init_process_group("gloo", f"file://{folder}/meeting", rank=rank, world_size=2)
    network = FusedAlphaNet(n=8, seed=1).double()
    prediction = step(DistributedDataParallel(network), section(rank))
    metric, batch = RankIC(), section(rank)
    metric.update(prediction, batch.label, batch.date)
    if rank:
        metric.update(prediction, batch.label, batch.date)
    result = state(network, prediction, metric)
    result |= {"lopsided": lopsided(batch, rank), "selected": selected(batch)}
    result["by_date"] = by_date(batch)
    torch.save(result, f"{folder}/rank{rank}.pt")
    dist.destroy_process_group()


@pytest.fixture(scope="module")
def ranks(tmp_path_factory: pytest.TempPathFactory) -> list[dict[str, Any]]:
    folder: Path = tmp_path_factory.mktemp("ranks")
    spawn(work, (str(folder),), ranks=2)
    return [torch.load(folder / f"rank{rank}.pt", weights_only=True) for rank in ROWS]


@pytest.fixture(scope="module")
def alone() -> Iterator[dict[str, Any]]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    network = FusedAlphaNet(n=8, seed=1).double()
    parts = [section(rank) for rank in ROWS]
    whole = CrossSections(*(torch.cat(field) for field in list(zip(*parts, strict=True))[:3]), None)
    prediction = step(network, whole)
    metric = RankIC()
    metric.update(prediction, whole.label, whole.date)
    found = {"selected": selected(whole), "by_date": by_date(whole)}
    yield state(network, prediction, metric) | found
    torch.set_num_threads(before)


def test_predictions_are_those_of_one_process(ranks, alone):
    both = torch.cat([rank["prediction"] for rank in ranks])
    torch.testing.assert_close(both, alone["prediction"], rtol=1e-9, atol=1e-11)


def test_gradients_are_those_of_one_process_on_both_ranks(ranks, alone):
    for rank in ranks:
        torch.testing.assert_close(rank["gradients"], alone["gradients"], rtol=1e-8, atol=1e-11)


def test_running_statistics_are_those_of_one_process_on_both_ranks(ranks, alone):
    for rank in ranks:
        torch.testing.assert_close(rank["buffers"], alone["buffers"], rtol=1e-9, atol=1e-11)


def test_a_rank_without_any_date_sees_the_others(ranks):
    assert [rank["lopsided"].item() for rank in ranks] == pytest.approx([1, 1])


def test_a_date_that_two_batches_bring_counts_once_in_the_metric(ranks, alone):
    for rank in ranks:
        torch.testing.assert_close(rank["rank_ic"], alone["rank_ic"])


def test_the_validation_loss_is_that_of_one_process_on_both_ranks(ranks, alone):
    for rank in ranks:
        torch.testing.assert_close(rank["selected"], alone["selected"], rtol=1e-6, atol=0)


def test_a_loss_of_one_number_a_date_averages_over_the_dates_of_all_ranks(ranks, alone):
    mean = torch.stack([rank["by_date"] for rank in ranks]).mean()
    torch.testing.assert_close(mean, alone["by_date"])
