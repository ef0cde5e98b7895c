"""From a panel to batches of whole cross-sections."""
