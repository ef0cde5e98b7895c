"""From checked tables to the arrays of a panel."""
