"""From checked tables to panel.zarr and its data report.

Example:
    >>> panel = prepare(load_tables(data), Path("runs/demo/panel.zarr"), data)
"""

import time
from pathlib import Path
from typing import Any

from datamodules.base.files import read_json, write_json
from datamodules.base.words import log
from datamodules.canon.tables import Tables
from datamodules.panel import Panel, build_panel, check_target
from datamodules.prepare.arrays import panel_contents
from datamodules.prepare.drops import drop_ledger
from datamodules.settings import DataSettings, IndexSettings

REPORT = "data_report.json"


def prepare(
    tables: Tables, out: Path, data: DataSettings, index: IndexSettings | None = None
) -> Panel:
    """Build a panel, and write `data_report.json` beside it.

    Args:
        tables: Checked tables.
        out: Where the panel goes; an older panel there is replaced when the new one is complete.
        data: Features, horizon, picture, styles and limits; the ledger is of its label and filter.
        index: The benchmark; None leaves it out.

    Returns:
        The new panel, open.

    Raises:
        ConfigError: An unknown feature, index or market.
        TableError: Quotes are empty or lack a column.
        PanelError: `out` cannot be written.
    """
    begun = time.monotonic()
    check_target(out)
    contents = panel_contents(tables, data, index)
    build_panel(contents, out)
    panel = Panel.open(out)
    summary = {
        "sessions": len(panel.dates),
        "stocks": len(panel.codes),
        "first": str(panel.dates[0]),
        "last": str(panel.dates[-1]),
        "features": list(panel.features),
        "fingerprint": panel.fingerprint,
        "seconds": round(time.monotonic() - begun, 1),
    }
    ledger = drop_ledger(
        contents.dates, contents.arrays, data.picture_days, data.label, data.filter
    )
    if not ledger.labelled:
        says = "stock-dates, and none of them has a label: nothing can be trained on this panel"
        tables.report.note("panel", "no_label", ledger.listed, says, cost="wrong")
    report = {
        "panel": summary,
        "tables": tables.report.to_dict(),
        "styles": contents.attrs["styles"],
        "ledger": ledger.to_dict(),
    }
    write_json(panel.path.with_name(REPORT), report)
    return panel


def read_report(panel: Panel) -> dict[str, Any] | None:
    """Read the data report beside a panel; None if there is none, or it tells of another panel.

    Panels of one folder share the file, which tells of the one that was built last. One that is
    damaged is none, and said to be.
    """
    path = panel.path.with_name(REPORT)
    if not path.is_file():
        return None
    try:
        report = read_json(path)
        own = report["panel"]["fingerprint"] == panel.fingerprint
        counts = list(report["ledger"]["dropped"].values())
    except (OSError, ValueError, LookupError, TypeError, AttributeError):
        own, counts = True, [None]
    if not all(isinstance(count, int) for count in counts):
        log(f"{path} is damaged: what was dropped is not known; alphanet prepare writes it anew")
        return None
    return report if own else None
