"""Where a command runs: processes, Slurm, signals, devices."""
