"""panel.zarr: dense dates x stocks arrays on disk, checksummed, written whole or not at all."""

from datamodules.panel.build import PanelContents, build_panel
from datamodules.panel.panel import Panel

__all__ = ["Panel", "PanelContents", "build_panel"]
