"""From fits to a factor: scoring, stitching, storing."""
