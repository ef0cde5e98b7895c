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
    ("names", "hint"),
    [
        ("[v2,v2]", "score.variants=[v2]"),
        ("[v2,rdge]", "variant=ridge"),
    ],
)
def test_a_list_that_cannot_be_is_refused_with_the_one_that_can(names, hint):
    with pytest.raises(ConfigError) as refused:
        members(settings_of("variant=blend", f"score.variants={names}"))
    assert refused.value.hint == hint


def test_a_blend_of_a_blend_is_refused(tmp_path):
    (tmp_path / "variant").mkdir()
    text = "# @package _global_\nvariant: twice\nscore:\n  variants: [blend, v2.1]\n"
    (tmp_path / "variant" / "twice.yaml").write_text(text)
    with pytest.raises(ConfigError, match="blend is a blend itself") as refused:
        members(load_settings("roll", [PANEL, "variant=twice"], tmp_path))
    assert refused.value.hint == "score.variants=[v2,ridge]"


def test_where_a_fit_is_needed_a_blend_is_refused():
    only_fits(settings_of("variant=v2"), "a sweep")
    with pytest.raises(ConfigError, match="a sweep is of fits") as refused:
        only_fits(settings_of("variant=blend"), "a sweep")
    assert refused.value.hint == "variant=v2"


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
