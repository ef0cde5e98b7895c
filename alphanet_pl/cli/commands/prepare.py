"""`alphanet prepare`: vendor tables to panel.zarr."""

from collections.abc import Callable
from pathlib import Path

import pandas as pd

from alphanet_pl.config.settings import Settings
from datamodules.base.errors import ConfigError, TableError
from datamodules.base.files import read_json
from datamodules.base.words import counted
from datamodules.canon.tables import Tables
from datamodules.market.market import simulate
from datamodules.prepare.prepare import REPORT, prepare
from datamodules.settings import DataSettings
from datamodules.styles.make import style_maker
from datamodules.tables.load import load_tables


def _simulate(data: DataSettings) -> None:
    if not data.path:
        raise ConfigError("data.path is not set", "it is the folder of the tables", "data.path=DIR")
    simulate(data.market, Path(data.path))


MAKERS: dict[str, Callable[[DataSettings], None]] = {"simulated": _simulate}
"""Sources whose tables this verb makes before it reads them."""


def run(settings: Settings) -> str:
    """Check the tables, build the panel, and summarise the data report."""
    data = settings.data
    if data.source in MAKERS:
        MAKERS[data.source](data)
    tables = load_tables(data, features=data.features, styles=data.styles)
    _refuse_short(tables, data)
    styles = None
    if data.styles != "none":
        market = _beta_market(tables, data.beta_index)
        styles = style_maker(tables.fundamentals, data.style_profile, data.styles, market)
    panel = prepare(
        tables,
        Path(data.panel),
        features=data.features,
        horizon=data.horizon,
        picture_days=data.picture_days,
        index=settings.evaluation.index,
        styles=styles,
        attrs={
            "free_turn": data.free_turn,
            "without": list(data.without),
            "accept": list(data.accept),
            "source": data.source,
        },
    )
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


def _beta_market(tables: Tables, code: str | None) -> tuple[pd.DataFrame, str] | None:
    """The index that Beta is measured against, or None for the universe itself."""
    if code is None:
        return None
    if tables.index is None:
        raise ConfigError(
            f"data.beta_index={code} was given",
            "the tables have no index table to find it in",
            "data.beta_index=null takes the capitalisation-weighted universe",
        )
    return tables.index, code
