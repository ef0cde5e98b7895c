"""Many fits at once: search spaces, Ray Tune, tables of trials, and figure 5's simulation."""
