"""From a vendor's tables to checked ones: the only door into the pipeline.

Example: `tables = load_tables(TableSettings(source="parquet", path="vendor"))`.
"""

from collections.abc import Sequence
from datetime import date
from typing import cast

import pandas as pd

from datamodules.canon.columns import COLUMNS, Column, columns_of
from datamodules.canon.report import DataReport
from datamodules.canon.tables import Tables
from datamodules.settings import FEATURES, TableSettings
from datamodules.sources.mapping import check_settings
from datamodules.sources.parquet import read_parquet
from datamodules.sources.qlib import read_qlib
from datamodules.sources.raw import RawTable
from datamodules.tables.fallbacks import with_fallbacks
from datamodules.tables.oddities import note_oddities
from datamodules.tables.rows import set_faults_aside
from datamodules.tables.schema import check_schema
from datamodules.tables.structure import refuse_empty, sort_by_key, with_types


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
    # Every source refuses to go without quotes.
    quotes = cast("pd.DataFrame", read.pop("quotes"))
    return Tables(quotes=quotes, **read, report=report)


def _table(
    table: str, settings: TableSettings, today: date, features: Sequence[str], report: DataReport
) -> pd.DataFrame | None:
    columns = columns_of(table, settings, features)
    read = read_qlib if settings.source == "qlib" else read_parquet
    raw = read(table, columns, settings, today)
    if raw is None:
        return None
    _note_columns(table, columns, raw, report)
    refuse_empty(raw.frame, raw.origin)
    check_schema(raw.frame, table, columns, raw.origin, today)
    frame = with_types(raw.frame, columns, settings.scale.get(table, {}))
    frame = sort_by_key(frame, table, raw.origin)
    frame = set_faults_aside(frame, table, columns, settings.max_bad_rows, raw.origin, report)
    report.summarise(table, frame)
    if table != "quotes":
        return frame
    frame = with_fallbacks(frame, settings, report)
    note_oddities(frame, report)
    return frame


def _note_columns(table: str, columns: Sequence[Column], raw: RawTable, report: DataReport) -> None:
    report.notes += raw.notes
    unknown = ", ".join(raw.unknown)
    report.note(table, "unknown", len(raw.unknown), f"columns that nothing reads: {unknown}")
    absent = [c.name for c in columns if not c.needed_by and c.name not in raw.frame]
    report.note(table, "absent", len(absent), f"optional columns absent: {', '.join(absent)}")
