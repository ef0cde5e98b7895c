"""Several variants of one experiment beside each other: their numbers, figures and page."""
