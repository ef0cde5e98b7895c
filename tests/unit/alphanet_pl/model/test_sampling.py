import pytest

from alphanet_pl.model.sampling import sample_features
from datamodules.base.errors import ConfigError


def test_a_sample_of_all_features_is_all_of_them():
    assert sample_features(seed=5, n=15, total=15) == tuple(range(15))


@pytest.mark.parametrize("n", [0, 16])
def test_a_sample_larger_than_the_features_or_empty_is_refused(n):
    with pytest.raises(ConfigError, match=r"HINT: set model\.n=15"):
        sample_features(seed=0, n=n, total=15)


def test_the_sample_of_a_seed_never_changes():
    assert sample_features(seed=0, n=8, total=15) == (2, 3, 4, 5, 7, 8, 11, 12)
    assert sample_features(seed=2021, n=3, total=15) == (3, 7, 11)


def test_a_sample_is_ascending_and_without_repetition():
    samples = [sample_features(seed, 8, 15) for seed in range(50)]
    assert all(sample == tuple(sorted(set(sample))) and len(sample) == 8 for sample in samples)


def test_every_pair_is_equally_likely():
    covered = sum({2, 9} <= set(sample_features(seed, 8, 15)) for seed in range(6000))
    assert covered / 6000 == pytest.approx(8 * 7 / (15 * 14), abs=0.018)
