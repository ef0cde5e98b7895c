"""Configurations made of invented fits."""

from sweeps.configurations import Configuration
from sweeps.measures import Alone, Worth

FEATURES = [f"f{k}" for k in range(15)]


def record(seed: int, n: int, seconds: float, rank_ic: float) -> dict:
    return {
        "seed": seed,
        "seconds": seconds,
        "epochs": 10,
        "metrics": {"val/rank_ic": rank_ic},
        "sampled_features": FEATURES[seed : seed + n],
        "identity": {"data": {"features": FEATURES}, "model": {"n": n}},
    }


def configuration(n: int = 8, weight: float = 1.0, seeds: int = 3) -> Configuration:
    """Seeds whose RankIC is 1%, 2%, 3%, ... and whose epochs take n/10 seconds and a bit more."""
    return Configuration(
        point={"variant": "v2.1", "model.n": n, "loss.long_weight": weight},
        asof="2012-01-10",
        n=n,
        long_weight=weight,
        records={s: record(s, n, n + 0.5 * s, 0.01 * (s + 1)) for s in range(seeds)},
        trials=3,
        worth=Worth(
            9, {s: Alone(0.05, 0.01 * s, float("nan")) for s in range(seeds)},
            Alone(0.06, 0.02, float("nan")), 0.5, 0.1,
        ),
    )  # fmt: skip
