import numpy as np
import pytest
from scipy.stats import zscore

from alphanet_pl.config.compose import load_settings
from alphanet_pl.factor.blend import blended, members, only_fits
from alphanet_pl.fit.folder import fit_hash
from datamodules.base.errors import ConfigError

PANEL = "data.panel=panel.zarr"


def settings_of(*words: str, verb: str = "roll"):
    return load_settings(verb, [PANEL, *words])


def hash_of(settings):
    return fit_hash(settings, "2011-01-31", "0" * 64)


def test_a_variant_with_fits_of_its_own_is_its_only_member():
    settings = settings_of("variant=v2.1")
    assert members(settings) == [settings]


def test_the_members_of_the_blend_are_the_fits_that_their_variants_have():
    found = members(settings_of("variant=blend", "trainer.learning_rate=3e-4", "experiment=e"))
    assert [one.variant for one in found] == ["v2", "ridge"]
    assert [one.model.network for one in found] == ["alphanet", "ridge"]
    for one in found:
        alone = settings_of(f"variant={one.variant}", "trainer.learning_rate=3e-4")
        assert hash_of(one) == hash_of(alone)
        assert (one.experiment, one.score.variants) == ("e", [])


def test_what_is_no_part_of_a_fit_is_as_the_blend_has_it():
    for one in members(settings_of("variant=blend", "rolling.seeds=[3,4]")):
        assert one.rolling.seeds == [3, 4]


def test_a_list_that_is_typed_counts_in_place_of_the_variants_own():
    found = members(settings_of("variant=blend", "score.variants=[v2.1,v2]"))
    assert [one.variant for one in found] == ["v2.1", "v2"]
    assert [one.model.n for one in found] == [8, 15]


@pytest.mark.parametrize(
    ("variant", "names", "hint"),
    [
        ("blend", "[v2,v2]", "score.variants=[v2]"),
        ("blend", "[v2,rdge]", "score.variants=[v2,ridge]"),
        ("blend", "[v2]", "variant=blend score.variants=[v2,ridge]"),
        ("blend", "[v2,blend]", "variant=blend score.variants=[v2,ridge]"),
        ("v2", "[v2,ridge]", "variant=blend score.variants=[v2,ridge]"),
    ],
)
def test_a_list_that_cannot_be_is_refused_with_one_that_can(variant, names, hint):
    with pytest.raises(ConfigError) as refused:
        members(settings_of(f"variant={variant}", f"score.variants={names}"))
    assert refused.value.hint == hint


@pytest.mark.parametrize("word", ["loss=long_side", "model.n=8", "model.network=v3"])
def test_what_would_change_a_network_and_its_baseline_alike_is_refused(word):
    with pytest.raises(ConfigError, match="it would change every one of them"):
        members(settings_of("variant=blend", word))


def files(folder, **texts: str):
    """A folder of --config-dir with these variants."""
    (folder / "variant").mkdir()
    for name, text in texts.items():
        (folder / "variant" / f"{name}.yaml").write_text(f"# @package _global_\n{text}\n")
    return folder


@pytest.mark.parametrize(
    ("line", "named"),
    [
        ("trainer: {learning_rate: 3.0e-4}", "trainer.learning_rate"),
        ("model: {n: 8}", "model.n"),
        ("data: {in_sample_days: 1000}", "data.in_sample_days"),
    ],
)
def test_what_a_blends_own_file_says_of_fits_is_refused(tmp_path, line, named):
    folder = files(tmp_path, mine=f"variant: mine\nscore: {{variants: [v2, ridge]}}\n{line}")
    with pytest.raises(ConfigError, match=f"variant=mine sets {named} beside score.variants"):
        members(load_settings("roll", [PANEL, "variant=mine"], folder))


def test_a_blend_of_a_blend_is_refused(tmp_path):
    folder = files(tmp_path, twice="variant: twice\nscore: {variants: [blend, v2.1]}")
    with pytest.raises(ConfigError, match="two or more other variants with fits of their own"):
        members(load_settings("roll", [PANEL, "variant=twice"], folder))


def test_two_names_of_one_folder_are_refused(tmp_path):
    folder = files(tmp_path, best="variant: v2\nmodel: {n: 8}")
    with pytest.raises(ConfigError, match="two or more other variants"):
        members(load_settings("roll", [PANEL, "variant=blend", "score.variants=[v2,best]"], folder))


def test_a_list_may_be_typed_with_the_rest_of_its_group():
    found = members(settings_of("variant=blend", "score={variants: [v2.1, ridge]}"))
    assert [one.variant for one in found] == ["v2.1", "ridge"]


def test_where_a_fit_is_needed_a_blend_is_refused():
    only_fits(settings_of("variant=v2"), "a sweep")
    with pytest.raises(ConfigError, match="a sweep is of fits") as refused:
        only_fits(settings_of("variant=blend"), "a sweep")
    assert refused.value.hint == "variant=v2 score.variants=[]"


def scores(seed: int, level: float = 0.0, scale: float = 1.0) -> np.ndarray:
    return (level + scale * np.random.default_rng(seed).normal(size=50)).astype(np.float32)


def test_each_seed_is_the_mean_of_standardised_scores_and_the_factor_that_of_the_seeds():
    one, two, other = scores(1, 3, 0.01), scores(2), scores(3, -1e4, 70)
    found = blended([{"seed_0": one, "seed_1": two, "factor": two}, {"seed_5": other}])
    each = [(zscore(a.astype(float)) + zscore(other.astype(float))) / 2 for a in (one, two)]
    assert list(found) == ["seed_0", "seed_1", "factor"]
    for name, expected in zip(found, [*each, np.mean(each, axis=0)], strict=True):
        np.testing.assert_allclose(found[name], expected, rtol=1e-5, atol=1e-6)
        assert found[name].dtype == np.float32


def test_a_member_that_tells_no_stock_from_another_adds_nothing():
    flat = np.full(50, 0.3, dtype=np.float32)
    found = blended([{"seed_0": scores(1)}, {"seed_0": flat}])
    np.testing.assert_allclose(found["seed_0"], zscore(scores(1).astype(float)) / 2, rtol=1e-5)
    assert blended([{"seed_0": flat[:1]}, {"seed_0": flat[:1]}])["factor"] == 0
