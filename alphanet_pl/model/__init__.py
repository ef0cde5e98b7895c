"""Operators, network, losses, metric, and the module that trains them."""
