"""panel.zarr: dense dates x stocks arrays on disk, checksummed, written whole or not at all."""

from datamodules.panel.read import Panel
from datamodules.panel.write import PanelContents, build_panel, check_target

__all__ = ["Panel", "PanelContents", "build_panel", "check_target"]
