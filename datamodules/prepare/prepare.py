"""From checked tables to panel.zarr and its data report.

Example:
    >>> panel = prepare(load_tables(settings), Path("runs/demo/panel.zarr"))
"""

import json
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from datamodules.canon.tables import Tables
from datamodules.panel import Panel, build_panel
from datamodules.prepare.arrays import MakeStyles, panel_contents
from datamodules.prepare.drops import drop_ledger
from datamodules.settings import FEATURES, IndexSettings

REPORT = "data_report.json"


def prepare(
    tables: Tables,
    out: Path,
    *,
    features: Sequence[str] = FEATURES,
    horizon: int = 10,
    picture_days: int = 30,
    index: IndexSettings | None = None,
    styles: MakeStyles | None = None,
    attrs: Mapping[str, object] | None = None,
) -> Panel:
    """Build a panel, and write `data_report.json` beside it.

    Args:
        tables: Checked tables.
        out: Where the panel goes; an older panel there is replaced when the new one is complete.
        features: The other arguments: see `panel_contents`.
        horizon: Sessions a forward return spans.
        picture_days: Sessions in a picture.
        index: The benchmark.
        styles: Computes style exposures.
        attrs: Further facts to store with the panel.

    Returns:
        The new panel, open.

    Raises:
        ConfigError: An unknown feature or index.
        TableError: Quotes are empty or lack a column.
        PanelError: `out` cannot be written.
    """
    begun = time.monotonic()
    contents = panel_contents(
        tables,
        features=features,
        horizon=horizon,
        picture_days=picture_days,
        index=index,
        styles=styles,
        attrs=attrs,
    )
    build_panel(contents, out)
    panel = Panel.open(out)
    seconds = round(time.monotonic() - begun, 1)
    ledger = drop_ledger(contents.dates, contents.arrays, picture_days)
    report = {
        "panel": _summary(panel) | {"seconds": seconds},
        "tables": tables.report.to_dict(),
        "styles": contents.attrs["styles"],
        "ledger": ledger.to_dict(),
    }
    _write_json(panel.path.with_name(REPORT), report)
    return panel


def _summary(panel: Panel) -> dict[str, object]:
    return {
        "sessions": len(panel.dates),
        "stocks": len(panel.codes),
        "first": str(panel.dates[0]),
        "last": str(panel.dates[-1]),
        "features": list(panel.features),
        "fingerprint": panel.fingerprint,
    }


def _write_json(path: Path, content: Mapping[str, object]) -> None:
    part = path.with_name(f".{path.name}.part")
    part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    part.replace(path)
