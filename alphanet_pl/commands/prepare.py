"""`alphanet prepare`: vendor tables to panel.zarr."""

from pathlib import Path

from alphanet_pl.errors import ConfigError
from alphanet_pl.settings import Settings
from datamodules.prepare import prepare
from datamodules.simulated.market import simulate
from datamodules.tables.load import load_tables


def run(settings: Settings) -> str:
    """Check the tables, build the panel, and summarise the data report."""
    data = settings.data
    if not data.path:
        raise ConfigError("data.path is not set", "it is the folder of the tables", "data.path=DIR")
    if data.source == "simulated":
        simulate(data.market, Path(data.path))
    tables = load_tables(data)
    panel, lines = prepare(tables, Path(data.panel), data, settings.evaluation.index)
    return "\n".join([*lines, f"panel: {panel.path} ({panel.fingerprint[:12]})"])
