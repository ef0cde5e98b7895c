import pytest

from alphanet_pl.config.compose import load_settings
from alphanet_pl.fit.folder import fit_folder
from datamodules.base.errors import ConfigError
from datamodules.base.files import write_json
from sweeps.axes import expand
from sweeps.commands.sweep import _kept, _stopped
from sweeps.plan import Planned, plan

ASOF = "2012-01-31"


def _plan(*words):
    return plan(load_settings("sweep", ["sweep.asha=true", *words]))


def test_a_study_of_seeds_alone_may_not_stop_the_unlucky_ones():
    with pytest.raises(ConfigError, match="only seeds differ") as refused:
        _plan("sweep=seeds")
    assert "HINT: sweep.asha=false" in str(refused.value)


def test_a_trial_that_was_stopped_with_other_settings_is_begun(tmp_path):
    words = (f"runs={tmp_path}", "sweep=dropout", "sweep.axes.model.n=[6]", "sweep.axes.seed=[0,1]")
    first, second = expand(load_settings("sweep", words))
    planned = [Planned(t, ASOF, fit_folder(t.settings, ASOF, "f")) for t in (first, second)]
    path = tmp_path / "stopped.json"
    write_json(path, {first.name: planned[0].folder.name, second.name: "seed1-other"})
    assert _stopped(path, planned) == {first.name}
    assert _kept(path).keys() == {first.name, second.name}
    path.write_text(f'["{first.name}"]')
    assert _stopped(path, planned) == frozenset()


def test_an_axis_of_one_value_does_not_make_it_another_study():
    with pytest.raises(ConfigError, match="only seeds differ"):
        _plan("sweep=dropout", "sweep.axes.model.n=[6]")


def test_a_grace_that_lasts_as_long_as_the_fits_is_refused():
    with pytest.raises(ConfigError, match="asha_grace=10 was given with trainer") as refused:
        _plan("sweep=dropout", "trainer.max_epochs=10")
    assert "HINT: sweep.asha_grace=2" in str(refused.value)


def test_a_trial_that_its_network_cannot_minimise_is_refused_before_any_is_trained(small_panel):
    axes = ("sweep=product", "sweep.axes={variant: [v2, ridge], loss.long_weight: [1.0, 2.0]}")
    words = (f"data.panel={small_panel.path}", "asof=2012-01-31", "data.in_sample_days=200")
    with pytest.raises(ConfigError, match="was given with another loss"):
        plan(load_settings("sweep", [*axes, *words]))
