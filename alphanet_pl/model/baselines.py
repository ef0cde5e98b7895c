"""What a network has to beat: ridge and boosted trees on the same windows, and a plain reversal.

Each is a network whose training is one estimate from whole cross-sections, so that its fits, their
folders and its scores are as any other's. A feature is seen by its rank in its cross-section:
covariances of volumes have tails without end, and a clipped z-score served ridge worse.

Shape suffixes: S stocks of a date, P = W * C numbers of a stock: each feature in each window.

    network = Ridge()
    network.estimate(data)  # a CrossSectionDataModule that is set up
"""

from collections.abc import Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from alphanet_pl.model.metrics import average_ranks
from alphanet_pl.model.network import WindowNetwork
from datamodules.base.errors import ConfigError
from datamodules.batches.cross_sections import CrossSectionDataset
from datamodules.batches.datamodule import CrossSectionDataModule
from datamodules.batches.windows import Operators, Windows

_BINS = {"max_bin": 63, "data_random_seed": 1, "feature_pre_filter": False, "verbosity": -1}
"""LightGBM's settings of rows and bins: none follows from the seed or from how trees are grown."""

PENALTIES = tuple(10.0**power for power in np.arange(-5.0, 1.5, 0.5))
"""Ridge's, as a share of what a feature's square sums to: the least val/loss chooses."""


class Estimated:
    """A network that is estimated at once from a fit's cross-sections, in place of by steps."""

    def estimate(self, data: CrossSectionDataModule) -> None:
        """Fill in what the network is made of, minimising the mean squared error within dates.

        Args:
            data: Of the fit, set up.
        """
        raise NotImplementedError

    @property
    def chosen(self) -> dict[str, float]:
        """What validation chose, by name, for fit.json and the page."""
        return {}


def standing(windows: Windows) -> Tensor:
    """Return each feature's rank (S, P) in its date: mean 0, and deviation 1 but for ties."""
    flat_PS = windows.values.flatten(0, 1).float()
    parts = [
        (average_ranks(part_PS.contiguous()) - (count + 1) / 2) / count * 12**0.5
        for part_PS, count in zip(flat_PS.split(windows.counts, 1), windows.counts, strict=True)
    ]
    return torch.cat(parts, 1).float().T


def dates_of(dataset: CrossSectionDataset | None) -> Iterator[tuple[Tensor, Tensor]]:
    """Features (S, P) and centred labels (S,) of each date."""
    assert dataset is not None
    for place in range(len(dataset)):
        section = dataset[place]
        assert section.windows is not None
        yield standing(section.windows), section.label - section.label.mean()


class NormalEquations(NamedTuple):
    """Sums over the stocks of all dates, each centred, in float64: all that ridge needs."""

    squares: Tensor
    """(P, P)."""
    products: Tensor
    """(P,) with the label."""
    labels: float
    """Squares of the label."""
    stocks: int

    def loss(self, weight: Tensor) -> float:
        """The mean squared error within dates of a linear score, val/loss of it."""
        explained = weight @ self.squares @ weight - 2 * (weight @ self.products)
        return (float(explained) + self.labels) / self.stocks


def normal_equations(dataset: CrossSectionDataset | None) -> NormalEquations:
    """Add up the dates of a dataset; memory holds one of them at a time."""
    squares, products, labels, count = torch.zeros(()), torch.zeros(()), 0.0, 0
    for features_SP, label in dates_of(dataset):
        features_SP, label = features_SP.double(), label.double()
        squares = squares + features_SP.T @ features_SP
        products = products + features_SP.T @ label
        labels, count = labels + float(label @ label), count + len(label)
    return NormalEquations(squares, products, labels, count)


class Ridge(Estimated, WindowNetwork):
    """A linear score of the features; the penalty is that of `PENALTIES` with the least val/loss.

    Args:
        channels: F, rows of a picture.
        windows: W, windows of a picture.
        n: Rows whose pairs are traversed; None for all.
        seed: Draws that sample; of all rows every seed gives the same fit.
        operators: Make the features of a window.
    """

    def __init__(
        self,
        channels: int = 15,
        windows: int = 3,
        n: int | None = None,
        seed: int = 0,
        operators: Operators | None = None,
    ) -> None:
        super().__init__(channels, n, seed, operators)
        self.register_buffer("weight", torch.zeros(windows * self.width))
        self.register_buffer("penalty", torch.zeros(()))

    weight: Tensor
    penalty: Tensor

    def estimate(self, data: CrossSectionDataModule) -> None:
        """Solve for each penalty and keep the best; see `Estimated`."""
        parts = (data.train, data.validation)
        train, validation = data.once(
            "normal equations", None, lambda: [normal_equations(part) for part in parts]
        )
        values, vectors = torch.linalg.eigh(train.squares)
        along = vectors.T @ train.products
        unit = float(values.mean())
        weights = {share: vectors @ (along / (values + share * unit)) for share in PENALTIES}
        best = min(PENALTIES, key=lambda share: validation.loss(weights[share]))
        self.penalty.fill_(best)
        self.weight.copy_(weights[best])

    def _predict(self, windows: Windows) -> Tensor:
        return standing(windows) @ self.weight

    @property
    def chosen(self) -> dict[str, float]:
        """The penalty, as a share of what a feature's square sums to."""
        return {"penalty": float(f"{float(self.penalty):.3g}")}

    def parameter_fingerprint(self) -> tuple[int, ...]:
        """Coefficients."""
        return (self.weight.numel(),)


class BoostedTrees(Estimated, WindowNetwork):
    """LightGBM on the same features: of a share of the stocks of each date, stopped on val/loss.

    Rows and bins do not follow from the seed, so that the seeds of a window share them; what each
    tree sees of rows and features does.

    Args:
        channels: F, rows of a picture.
        n: Rows whose pairs are traversed; None for all.
        seed: Of bagging, and of that sample.
        operators: Make the features of a window.
        rows: Share of each training date's stocks.
        leaves: Of a tree.
        least: Stocks of a leaf, at least.
        rate: Learning rate.
        bag: Share of the rows that a tree sees.
        columns: Share of the features that a tree sees.
        trees: At most.
        patience: Trees without a better val/loss before stopping.
    """

    def __init__(
        self,
        channels: int = 15,
        n: int | None = None,
        seed: int = 0,
        operators: Operators | None = None,
        *,
        rows: float,
        leaves: int,
        least: int,
        rate: float,
        bag: float,
        columns: float,
        trees: int = 1000,
        patience: int = 50,
    ) -> None:
        super().__init__(channels, n, seed, operators)
        _lightgbm()  # before anything is read
        shares = {"rows": rows, "bag": bag, "columns": columns}
        most = 2**31 - 1
        whole = {
            "leaves": (leaves, 2, 131_072), "least": (least, 1, most), "trees": (trees, 1, most),
            "patience": (patience, 1, most),
        }  # fmt: skip
        wrong = [f"{name} is above 0, at most 1" for name, of in shares.items() if not 0 < of <= 1]
        wrong += [
            f"{name} is a whole number from {low} to {high}"
            for name, (of, low, high) in whole.items()
            if type(of) is not int or not low <= of <= high
        ]
        wrong += ["rate is above 0"] if rate <= 0 else []
        if wrong:
            raise ValueError("; ".join(wrong))
        self._rows, self._trees, self._patience = rows, trees, patience
        self._parameters_of_trees = {
            "objective": "regression", "metric": "none",
            "num_leaves": leaves, "min_data_in_leaf": least, "learning_rate": rate,
            "bagging_fraction": bag, "bagging_freq": 1, "feature_fraction": columns,
            "seed": seed, "deterministic": True, "force_row_wise": True,
        }  # fmt: skip
        self._booster: Any = None

    def estimate(self, data: CrossSectionDataModule) -> None:
        """Boost until val/loss stops falling, and keep the trees up to its least.

        Raises:
            ConfigError: Leaves are too large for the rows: no tree has a split.
        """
        lightgbm = _lightgbm()
        threads = {"num_threads": torch.get_num_threads()}
        options: dict[str, Any] = {**_BINS, **self._parameters_of_trees, **threads}
        train, validation, counts = data.once(
            "bins", self._rows, lambda: self._bins(lightgbm, data, {**_BINS, **threads})
        )
        starts = np.cumsum([0, *counts[:-1]])

        def loss(score: np.ndarray, rows: Any) -> tuple[str, float, bool]:
            error = rows.get_label() - score
            level = np.add.reduceat(error, starts) / counts
            return "val/loss", float(np.mean((error - np.repeat(level, counts)) ** 2)), False

        stop = lightgbm.early_stopping(self._patience, verbose=False)
        booster = lightgbm.train(
            options, train, self._trees, valid_sets=[validation], feval=loss, callbacks=[stop]
        )
        text = booster.model_to_string(num_iteration=booster.best_iteration)
        self.set_extra_state(torch.frombuffer(bytearray(text.encode()), dtype=torch.uint8))
        if self.parameter_fingerprint()[0] == self.chosen["trees"]:
            least = options["min_data_in_leaf"]
            raise ConfigError(
                f"model.arguments.least={least} was given",
                f"no tree found a split of its {train.num_data()} rows",
                f"model.arguments.least={max(1, least // 10)}, or more rows",
            )

    def _bins(
        self, lightgbm: ModuleType, data: CrossSectionDataModule, options: dict[str, Any]
    ) -> tuple[Any, Any, np.ndarray]:
        """LightGBM's form of the rows to train on, and of those to validate on with their dates."""
        random, drawn = np.random.default_rng(0), []
        for features_SP, label in dates_of(data.train):
            rows = random.random(len(label)) < self._rows
            drawn.append((features_SP.numpy()[rows], label.numpy()[rows]))
        if not sum(len(label) for _, label in drawn):
            raise ConfigError(
                f"model.arguments.rows={self._rows} was given",
                "no stock of any training date is drawn",
                "model.arguments.rows=0.2",
            )
        train = _binned(lightgbm, drawn, options)
        held = [(x_SP.contiguous().numpy(), y.numpy()) for x_SP, y in dates_of(data.validation)]
        counts = np.array([len(label) for _, label in held])
        return train, _binned(lightgbm, held, options, reference=train), counts

    def _predict(self, windows: Windows) -> Tensor:
        if self._booster is None:
            return windows.values.new_zeros(windows.values.shape[2], dtype=torch.float32)
        features = standing(windows).cpu().numpy()
        scores = self._booster.predict(features, num_threads=torch.get_num_threads())
        return torch.from_numpy(scores).float().to(windows.values.device)

    @property
    def chosen(self) -> dict[str, float]:
        """How many trees."""
        return {"trees": self._booster.num_trees() if self._booster else 0}

    def get_extra_state(self) -> Tensor:
        """The trees as LightGBM writes them, in bytes: a checkpoint holds plain types only."""
        return self._text

    def set_extra_state(self, state: Tensor) -> None:
        """Take up the trees."""
        self._text = state
        text = bytes(state.numpy()).decode()
        self._booster = _lightgbm().Booster(model_str=text) if text else None

    _text: Tensor = torch.empty(0, dtype=torch.uint8)

    def parameter_fingerprint(self) -> tuple[int, ...]:
        """Leaves of all trees."""
        trees = self._booster.dump_model()["tree_info"] if self._booster else []
        return (sum(tree["num_leaves"] for tree in trees),)


def _binned(
    lightgbm: ModuleType,
    dates: list[tuple[np.ndarray, np.ndarray]],
    options: dict[str, Any],
    reference: Any = None,
) -> Any:
    features, labels = zip(*dates, strict=True)
    rows = lightgbm.Dataset(
        list(features), np.concatenate(labels), reference=reference, params=dict(options)
    )
    return rows.construct()


def _lightgbm() -> ModuleType:
    try:
        import lightgbm
    except (ImportError, OSError) as error:  # the latter where a library of its own is not there
        raise ConfigError(
            "model.network=lightgbm was given",
            f"it needs the package lightgbm ({error})",
            "pip install 'alphanet-pl[baselines]'",
        ) from error
    module: ModuleType = lightgbm
    return module


class Reversal(Estimated, nn.Module):
    """Minus the return of the last days: a factor without training.

    Args:
        channels: F, rows of a picture, the first of them the close.
        picture_days: T.
        days: Sessions of the return.

    Raises:
        ConfigError: A picture has not so many returns.
    """

    takes = "pictures"

    def __init__(self, channels: int, picture_days: int, days: int = 20) -> None:
        super().__init__()
        if type(days) is not int or not 1 <= days < picture_days:
            raise ConfigError(
                f"model.arguments.days={days} was given",
                f"a picture has {picture_days} sessions, and so 1 to {picture_days - 1} returns",
                "model.arguments={days: 20}",
            )
        self.register_buffer("days", torch.tensor(days))

    days: Tensor

    def estimate(self, data: CrossSectionDataModule) -> None:
        """Nothing to estimate."""

    def forward(self, pictures_SFT: Tensor) -> Tensor:
        """Return the scores (S,)."""
        close = pictures_SFT[:, 0]
        return 1 - close[:, -1] / close[:, -1 - int(self.days)]
