"""`alphanet prepare`: vendor tables to panel.zarr."""

from pathlib import Path

from alphanet_pl.config.settings import Settings
from datamodules.base.errors import ConfigError, TableError
from datamodules.base.files import read_json
from datamodules.base.words import counted
from datamodules.canon.limits import limit_table
from datamodules.canon.tables import Tables
from datamodules.market.market import simulate
from datamodules.panel import check_target
from datamodules.prepare.prepare import REPORT, prepare
from datamodules.settings import DataSettings
from datamodules.tables.load import load_tables


def run(settings: Settings) -> str:
    """Check the tables, build the panel, and summarise the data report."""
    data = settings.data
    check_target(Path(data.panel))
    if data.source == "simulated":
        if not data.path:
            needed = "it is the folder of the tables"
            raise ConfigError("data.path is not set", needed, "data.path=DIR")
        simulate(data.market, Path(data.path))
    limits = limit_table(data.market_rules, data.limit_rules, data.boards)
    tables = load_tables(data, features=data.features, limits=limits, styles=data.styles)
    _refuse_short(tables, data)
    panel = prepare(tables, Path(data.panel), data, settings.evaluation.index)
    ledger = read_json(panel.path.with_name(REPORT))["ledger"]
    warning = "" if ledger["labelled"] else "WARNING nothing can be trained on this panel: "
    return "\n".join(
        [
            *tables.report.lines(),
            f"{warning}{ledger['labelled']:,} of {ledger['listed']:,} stock-dates have"
            f" a label; the drop ledger is in {panel.path.with_name(REPORT)}",
            f"panel: {panel.path} ({len(panel.dates)} sessions x {len(panel.codes)} stocks, "
            f"{panel.fingerprint[:12]})",
        ]
    )


def _refuse_short(tables: Tables, data: DataSettings) -> None:
    """Refuse quotes of fewer sessions than one picture has: nothing could ever be scored."""
    sessions = tables.quotes["date"].nunique()
    if sessions < data.picture_days:
        raise TableError(
            f"quotes have {counted(sessions, 'session')}",
            f"a picture has {data.picture_days}, and a label {data.horizon + 1} more",
            "deliver more sessions, or data.picture_days=FEWER",
        )
