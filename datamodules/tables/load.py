"""From a vendor's tables to checked ones: the only door into the pipeline.

Example: `tables = load_tables(TableSettings(source="parquet", path="vendor"))`.
"""

from collections.abc import Sequence
from datetime import date

import pandas as pd

from datamodules.settings import FEATURES, TableSettings
from datamodules.sources.mapping import check_settings
from datamodules.sources.parquet import read_parquet
from datamodules.tables.columns import COLUMNS, columns_of
from datamodules.tables.report import DataReport
from datamodules.tables.schema import check_schema
from datamodules.tables.structure import refuse_empty, sort_by_key, with_types
from datamodules.tables.tables import Tables


def load_tables(
    settings: TableSettings, today: date | None = None, features: Sequence[str] = FEATURES
) -> Tables:
    """Read, check and sort every table that is there.

    Args:
        settings: Where the tables are and how their names and units map onto ours.
        today: The newest date that a row may have; by default, today.
        features: The features to be made of them; turnover is needed only by some.

    Raises:
        ConfigError: A setting names what does not exist.
        TableError: A table is unusable as it is; nothing has been written.
    """
    check_settings(settings)
    report = DataReport(source=f"{settings.source} {settings.path}")
    read = {
        table: _table(table, settings, today or date.today(), features, report) for table in COLUMNS
    }
    quotes = read.pop("quotes")
    return Tables(quotes=quotes, **read, report=report)


def _table(
    table: str, settings: TableSettings, today: date, features: Sequence[str], report: DataReport
) -> pd.DataFrame | None:
    columns = columns_of(table, settings, features)
    raw = read_parquet(table, columns, settings, today)
    if raw is None:
        return None
    refuse_empty(raw.frame, raw.origin)
    check_schema(raw.frame, table, columns, raw.origin, today)
    frame = with_types(raw.frame, columns, settings.scale.get(table, {}))
    frame = sort_by_key(frame, table, raw.origin)
    report.summarise(table, frame)
    return frame
