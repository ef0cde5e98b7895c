"""`alphanet prepare`: vendor tables to panel.zarr."""

from pathlib import Path

from alphanet_pl.errors import ConfigError
from alphanet_pl.files import read_json
from alphanet_pl.settings import Settings
from datamodules.prepare import REPORT, prepare
from datamodules.simulated.market import simulate
from datamodules.styles.make import style_maker
from datamodules.tables.load import load_tables


def run(settings: Settings) -> str:
    """Check the tables, build the panel, and summarise the data report."""
    data = settings.data
    if not data.path:
        raise ConfigError("data.path is not set", "it is the folder of the tables", "data.path=DIR")
    if data.source == "simulated":
        simulate(data.market, Path(data.path))
    tables = load_tables(data, features=data.features)
    styles = None
    if data.styles != "none":
        styles = style_maker(tables.fundamentals, data.style_profile, data.styles)
    panel = prepare(
        tables,
        Path(data.panel),
        features=data.features,
        horizon=data.horizon,
        picture_days=data.picture_days,
        index=settings.evaluation.index,
        styles=styles,
        attrs={"free_turn": data.free_turn, "without": list(data.without), "source": data.source},
    )
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
