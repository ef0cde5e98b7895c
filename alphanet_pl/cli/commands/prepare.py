"""`alphanet prepare`: vendor tables to panel.zarr."""

from pathlib import Path

from alphanet_pl.config.settings import Settings
from datamodules.base.errors import ConfigError
from datamodules.base.files import read_json
from datamodules.market.market import simulate
from datamodules.prepare.prepare import REPORT, prepare
from datamodules.tables.load import load_tables


def run(settings: Settings) -> str:
    """Check the tables, build the panel, and summarise the data report."""
    data = settings.data
    if not data.path:
        raise ConfigError("data.path is not set", "it is the folder of the tables", "data.path=DIR")
    if data.source == "simulated":
        simulate(data.market, Path(data.path))
    tables = load_tables(data, features=data.features)
    panel = prepare(tables, Path(data.panel), data, settings.evaluation.index)
    report = read_json(panel.path.with_name(REPORT))
    return "\n".join(
        [
            *tables.report.lines(),
            f"{report['ledger']['labelled']:,} of {report['ledger']['listed']:,} stock-dates have"
            f" a label; the drop ledger is in {panel.path.with_name(REPORT)}",
            f"panel: {panel.path} ({len(panel.dates)} sessions x {len(panel.codes)} stocks, "
            f"{panel.fingerprint[:12]})",
        ]
    )
