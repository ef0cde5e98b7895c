"""Figures of an evaluation; every function returns a Plotly figure with its title set."""
