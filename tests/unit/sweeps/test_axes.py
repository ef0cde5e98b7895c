import pytest
import yaml

from alphanet_pl.config.compose import conf_dir, load_settings
from alphanet_pl.fit.folder import fit_hash
from datamodules.base.errors import ConfigError
from sweeps.axes import expand, only_seeds, read_axes

SPACES = sorted(path.stem for path in (conf_dir() / "sweep").glob("*.yaml"))
SIZES = {"dropout": 30, "long_weight": 25, "paper": 40, "product": 90, "seeds": 10}


def _settings(*overrides, config_dir=None):
    return load_settings("sweep", overrides, config_dir)


@pytest.mark.parametrize("space", SPACES)
def test_every_shipped_space_expands_to_checked_trials(space):
    trials = expand(_settings(f"sweep={space}"))
    assert len(trials) == SIZES[space]
    assert len({trial.name for trial in trials}) == len(trials)
    assert _settings(f"sweep={space}").sweep.name == space


def test_trials_come_in_the_order_of_the_axes_seeds_fastest():
    trials = expand(_settings("sweep.axes={seed: [1, 0], model.n: [8, 6]}"))
    assert [tuple(trial.point.values()) for trial in trials] == [(8, 1), (8, 0), (6, 1), (6, 0)]


def test_a_trial_is_the_fit_that_train_would_make():
    trial = next(t for t in expand(_settings("sweep=dropout")) if t.name.endswith("n=6,seed=2"))
    train = _settings("variant=v2.1", "model.n=6", "seed=2")
    assert fit_hash(trial.settings, "2012-01-31", "f") == fit_hash(train, "2012-01-31", "f")
    assert trial.settings.variant == "v2.1"
    assert trial.command == "alphanet train variant=v2.1 model.n=6 seed=2"


def test_a_variant_axis_brings_the_variants_own_settings():
    trials = expand(_settings("sweep=paper", "sweep.axes.seed=[0]"))
    found = {t.settings.variant: (t.settings.model.n, t.settings.loss) for t in trials}
    assert [n for n, _ in found.values()] == [15, 8, 15, 15]
    assert found["v2.2"][1].neutralise
    assert found["v2.3"][1].long_weight == 2.0


def test_what_is_typed_beside_a_sweep_holds_for_every_trial():
    trials = expand(_settings("sweep=paper", "trainer.max_epochs=3", "sweep.axes.seed=[5]"))
    assert {trial.settings.trainer.max_epochs for trial in trials} == {3}
    assert trials[1].command == "alphanet train trainer.max_epochs=3 variant=v2.1 seed=5"


def test_an_axis_of_the_command_line_replaces_the_files():
    axes = read_axes(_settings("sweep=dropout", "sweep.axes.model.n=[6,8]"))
    assert axes["model.n"] == [6, 8]
    assert len(axes) == 3


def test_an_argument_of_a_network_is_an_axis():
    axis = "sweep.axes.model.arguments.rows=[0.2,0.8]"
    trials = expand(_settings("variant=lightgbm", axis, "sweep.axes.seed=[0]"))
    assert [trial.settings.model.arguments["rows"] for trial in trials] == [0.2, 0.8]
    assert {trial.settings.model.arguments["leaves"] for trial in trials} == {31}
    assert trials[0].command == "alphanet train variant=lightgbm model.arguments.rows=0.2 seed=0"


def test_a_users_own_space_is_found(tmp_path):
    (tmp_path / "sweep").mkdir()
    mine = {"name": "mine", "axes": {"data.label": ["close", "vwap_next"], "seed": [0]}}
    (tmp_path / "sweep" / "mine.yaml").write_text(yaml.safe_dump(mine))
    trials = expand(_settings("sweep=mine", config_dir=tmp_path))
    assert [trial.settings.data.label for trial in trials] == ["close", "vwap_next"]
    assert trials[0].command.startswith(f"alphanet train --config-dir {tmp_path}")


def test_a_space_of_seeds_alone_is_known_as_such():
    assert only_seeds({"variant": ["v2"], "seed": [0, 1]})
    assert not only_seeds({"variant": ["v2", "v2.1"], "seed": [0, 1]})


@pytest.mark.parametrize(
    ("override", "said"),
    [
        ("sweep.axes.modl.n=[6]", "HINT: sweep.axes.model.n=[6]"),
        ("sweep.axes.sead=[6]", "HINT: sweep.axes.seed=[6]"),
        ("sweep.axes.model.n=[6,16]", "HINT: sweep.axes.model.n=[15]"),
        ("sweep.axes.model.n=[6,1]", "model.n=1 was given: it is at least 2"),
        ("sweep.axes.model.n=[6,many]", "model.n=many was given"),
        ("sweep.axes.data.label=[close,opne]", "HINT: sweep.axes.data.label=[close]"),
        ("sweep.axes.variant=[v2,v2.4]", "HINT: sweep.axes.variant=[v2.3]"),
        ("sweep.axes.seed=[]", "sweep.axes.seed is empty"),
        ("sweep.axes.seed=3", "HINT: sweep.axes.seed=[3]"),
        ("sweep.axes.seed=[3,4,3]", "HINT: sweep.axes.seed=[3,4]"),
        ("sweep.axes.seed=[[3]]", "a value is a number, a word"),
        ("sweep.axes.trainer.threads=[1,2]", "does not change what a fit is"),
        ("sweep.axes.experiment=[a,b]", "does not change what a fit is"),
        ("sweep=dorpout", "HINT: sweep=dropout"),
        ("seed=3", "HINT: sweep.axes.seed=[3]"),
    ],
)
def test_a_mistake_in_a_space_is_refused_before_launch(override, said):
    with pytest.raises(ConfigError) as refused:
        expand(_settings(override))
    assert said in str(refused.value)


def test_an_empty_space_is_refused(tmp_path):
    (tmp_path / "sweep").mkdir()
    (tmp_path / "sweep" / "mine.yaml").write_text("name: mine\naxes: {}\n")
    with pytest.raises(ConfigError, match="at least one setting"):
        expand(_settings("sweep=mine", config_dir=tmp_path))
