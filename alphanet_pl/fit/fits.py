"""Fit folders on disk: their state, finding them, and loading a trained network."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.identity import model_identity, variant_folder
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import FitError
from datamodules.base.files import read_json

SCHEMA = 1
"""Version of fit.json."""


@dataclass(frozen=True)
class Fit:
    """A finished fit."""

    folder: Path
    record: dict[str, Any]

    @property
    def asof(self) -> np.datetime64:
        """Session whose close is the last thing the fit knew."""
        return np.datetime64(self.record["asof"])

    @property
    def seed(self) -> int:
        """The fit's seed."""
        return int(self.record["seed"])

    def load(self) -> AlphaNetModule:
        """The network with its best weights, ready to score.

        Raises:
            FitError: The checkpoint is absent or cannot be read.
        """
        path = self.folder / "best.ckpt"
        try:
            module: AlphaNetModule = AlphaNetModule.load_from_checkpoint(
                path, map_location="cpu", weights_only=True
            )
        except Exception as error:  # torch raises many kinds for one damaged file
            raise FitError(
                f"{path} cannot be read ({type(error).__name__})",
                "a fit needs its best checkpoint",
                f"delete {self.folder} and train again",
            ) from error
        return module.eval()


def read_record(folder: Path) -> dict[str, Any] | None:
    """fit.json of a folder, or None where there is none.

    Raises:
        FitError: It is there and cannot be read.
    """
    path = folder / "fit.json"
    if not path.is_file():
        return None
    try:
        return read_json(path)
    except ValueError as error:
        raise FitError(
            f"{path} is not JSON ({error})", "it describes the fit", f"delete {folder}"
        ) from error


def done_fit(folder: Path) -> Fit | None:
    """The fit in a folder, or None where it is not finished.

    Raises:
        FitError: Its record is there and cannot be read.
    """
    record = read_record(folder)
    return Fit(folder, record) if record is not None and record["status"] == "done" else None


def find_fits(settings: Settings, date: np.datetime64, fingerprint: str) -> list[Fit]:
    """Fits of the newest window on or before `date`, one a seed, ordered by it.

    All done fits of the experiment and variant count whose settings are the present ones, apart
    from seed, as-of session and panel (which grows by a day every day). Of a seed that was trained
    on several panels the fit of this one counts, else the last that was trained.

    Args:
        settings: Experiment, variant, and what a fit is.
        date: The first to be scored.
        fingerprint: Of the panel.

    Raises:
        FitError: There is none.
    """
    home = variant_folder(settings)
    wanted = model_identity(settings)
    fits, others = [], 0
    for fit in _done_fits(home):
        if fit.record["identity"] == wanted:
            fits.append(fit)
        else:
            others += 1
    old = [fit for fit in fits if fit.asof <= date]
    if not old:
        windows = ", ".join(sorted({str(fit.asof) for fit in fits})) or "none"
        raise FitError(
            f"no fit in {home} is as of {date} or earlier (windows with these settings: {windows};"
            f" fits with other settings: {others})",
            "a date is scored by a model trained before it",
            f"alphanet train variant={settings.variant} asof={date}",
        )
    newest = max(fit.asof for fit in old)

    def worth(fit: Fit) -> tuple[bool, float]:
        here = fit.record["panel"]["fingerprint"] == fingerprint
        return here, (fit.folder / "fit.json").stat().st_mtime

    best = {fit.seed: fit for fit in sorted(old, key=worth) if fit.asof == newest}
    return [best[seed] for seed in sorted(best)]


def _done_fits(home: Path) -> Iterator[Fit]:
    for path in sorted(home.glob("*/*/fit.json")):
        if (fit := done_fit(path.parent)) is not None:
            yield fit
