"""From vendor tables to batches: tables, sources, universe, labels, panel, samplers."""
