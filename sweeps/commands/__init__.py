"""The verbs of sweeps, each with `run(settings) -> str`."""
