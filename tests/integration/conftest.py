"""A small study that the integration tests share: tables, panel, one fit, its factor."""

import pytest
from small_study import ASOF, Study, call

from datamodules.panel import Panel


@pytest.fixture(scope="session")
def study(tmp_path_factory: pytest.TempPathFactory) -> Study:
    """Simulated, prepared, trained as v2.1, scored, evaluated: all through the command line."""
    made = Study(tmp_path_factory.mktemp("study"))
    assert call(made, "prepare") == 0
    asof = Panel.open(made.runs / "demo" / "panel.zarr").dates[ASOF]
    assert call(made, "train", "variant=v2.1", f"asof={asof}") == 0
    assert call(made, "predict", "variant=v2.1", f"date={asof}:") == 0
    assert call(made, "evaluate", "variant=v2.1") == 0
    return made
