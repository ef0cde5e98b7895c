from alphanet_pl.config.compose import load_settings
from sweeps.trial import worker_settings


def test_a_trial_computes_on_the_cores_it_owns_whatever_its_fit_says():
    for typed in ("null", "8"):
        settings = load_settings("train", [f"trainer.threads={typed}"])
        assert worker_settings(settings, cpus=2, gpus=0, group="g").trainer.threads == 2
