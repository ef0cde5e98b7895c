"""One panel read by several processes at once."""

import multiprocessing
from pathlib import Path

import numpy as np
import pytest
from torch.utils.data import DataLoader, Dataset

from datamodules.panel import Panel, PanelContents, build_panel


class Rows(Dataset):
    """Sessions of a panel, read where the item is asked for."""

    def __init__(self, panel: Panel) -> None:
        self.panel = panel

    def __len__(self) -> int:
        return 40

    def __getitem__(self, t: int) -> np.ndarray:
        return self.panel.read("features", t, t + 30)


@pytest.fixture
def panel(tmp_path: Path) -> Panel:
    values = np.random.default_rng(0).normal(0, 1, (300, 40, 3)).astype(np.float32)
    dates = np.datetime64("2010-01-04") + np.arange(300)
    codes = np.array([f"SH{600000 + k}" for k in range(40)])
    features = ("open", "close", "low")
    contents = PanelContents(dates, codes, features, (), 10, 30, {"features": values})
    build_panel(contents, tmp_path / "panel.zarr")
    return Panel.open(tmp_path / "panel.zarr")


@pytest.mark.parametrize("method", ["fork", "forkserver"])
def test_workers_of_any_kind_read_what_the_parent_reads(method: str, panel: Panel) -> None:
    rows = Rows(panel)
    first = rows[0]  # the parent has read before its workers start
    context = multiprocessing.get_context(method)
    loader = DataLoader(
        rows, batch_size=None, num_workers=2, multiprocessing_context=context, timeout=300
    )
    loaded = list(loader)
    np.testing.assert_array_equal(loaded[0], first)
    for t, item in enumerate(loaded):
        np.testing.assert_array_equal(item, rows[t])
