"""Feature-layer dropout of v2.1: which features a model pairs up, drawn once from its seed.

Unlike `nn.Dropout`, the sample is fixed for the life of the model and stored with it.

    sample_features(seed=3, n=8, total=15)  # 8 of 0..14, ascending
"""

from random import Random

from datamodules.base.errors import ConfigError


def sample_features(seed: int, n: int, total: int) -> tuple[int, ...]:
    """Return n of `total` features, ascending: the same on every machine and in every version.

    Drawn by `random.random`, the one generator whose numbers Python promises never to change.

    Args:
        seed: The model's seed.
        n: Features to draw; n(n-1)/2 pairs follow.
        total: Features there are.

    Raises:
        ConfigError: n is not between 1 and `total`.

    Source: HT21, feature-layer dropout (figure 5: pairs covered by ten models for each n).
    """
    if not 1 <= n <= total:
        raise ConfigError(
            f"{n} sampled features", f"between 1 and all {total} of them", f"set model.n={total}"
        )
    random = Random(seed)
    draws = [random.random() for _ in range(total)]
    return tuple(sorted(sorted(range(total), key=draws.__getitem__)[:n]))
