import pytest

from alphanet_pl.config.compose import load_settings
from datamodules.base.errors import ConfigError
from sweeps.plan import plan


def _plan(*words):
    return plan(load_settings("sweep", ["sweep.asha=true", *words]))


def test_a_study_of_seeds_alone_may_not_stop_the_unlucky_ones():
    with pytest.raises(ConfigError, match="only seeds differ") as refused:
        _plan("sweep=seeds")
    assert "HINT: sweep.asha=false" in str(refused.value)


def test_an_axis_of_one_value_does_not_make_it_another_study():
    with pytest.raises(ConfigError, match="only seeds differ"):
        _plan("sweep=dropout", "sweep.axes.model.n=[6]")


def test_a_grace_that_lasts_as_long_as_the_fits_is_refused():
    with pytest.raises(ConfigError, match="asha_grace=10 was given with trainer") as refused:
        _plan("sweep=dropout", "trainer.max_epochs=10")
    assert "HINT: sweep.asha_grace=2" in str(refused.value)
