from dataclasses import fields, is_dataclass, replace

import pytest

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.identity import fit_folder, fit_hash
from datamodules.settings import DataSettings

BASE = Settings(data=DataSettings(panel="p"))
PLACE_OR_SPEED = {
    "data": {
        "source", "path", "files", "columns", "scale", "free_turn", "without", "qlib_adjusted",
        "max_bad_rows", "market", "panel", "styles", "style_profile", "beta_index",
        "min_in_sample_days", "residency", "workers",
    },
    "trainer": {"accelerator", "devices", "num_nodes", "threads", "progress"},
    "model": set(),
    "loss": set(),
}  # fmt: skip
"""Settings that cannot change the weights: what they did to the data is in the fingerprint."""


def _changed(value: object) -> object:
    if isinstance(value, bool):
        return not value
    if isinstance(value, int | float):
        return value + 1
    if isinstance(value, str):
        return f"{value}x"
    if is_dataclass(value):
        first = fields(value)[0].name
        return replace(value, **{first: _changed(getattr(value, first))})
    return ["other"] if isinstance(value, list) else {"other": {}}


@pytest.mark.parametrize("group", PLACE_OR_SPEED)
def test_every_setting_either_changes_the_hash_or_is_one_of_place_or_speed(group):
    node = getattr(BASE, group)
    before = fit_hash(BASE, "2011-01-31", "f")
    for item in fields(node):
        other = replace(node, **{item.name: _changed(getattr(node, item.name))})
        after = fit_hash(replace(BASE, **{group: other}), "2011-01-31", "f")
        assert (after == before) == (item.name in PLACE_OR_SPEED[group]), item.name


def test_seed_session_and_panel_change_the_hash():
    hashes = {
        fit_hash(BASE, "2011-01-31", "f"),
        fit_hash(replace(BASE, seed=1), "2011-01-31", "f"),
        fit_hash(BASE, "2011-02-01", "f"),
        fit_hash(BASE, "2011-01-31", "g"),
    }
    assert len(hashes) == 4


def test_a_folder_is_named_by_what_the_fit_is():
    folder = fit_folder(replace(BASE, seed=3, experiment="e"), "2011-01-31", "f")
    assert folder.parts[:4] == ("runs", "e", "v2", "2011-01-31")
    assert folder.name == f"seed3-{fit_hash(replace(BASE, seed=3), '2011-01-31', 'f')}"
