"""Fit folders on disk: their state, finding them, and loading a trained network."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alphanet_pl.config.settings import Settings
from alphanet_pl.fit.identity import PROTOCOL, same_settings, variant_folder
from alphanet_pl.model.module import AlphaNetModule
from datamodules.base.errors import FitError
from datamodules.base.files import read_json

SCHEMA = 2
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

    @property
    def protocol(self) -> int:
        """Number of the training protocol; see identity.PROTOCOL."""
        return int(self.record["identity"]["protocol"])

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

    All done fits of the experiment and variant count whose settings and protocol are the present
    ones, apart from seed, as-of session and panel (which grows by a day every day). Of a seed that
    was trained on several panels the fit of this one counts, else the last that was trained.

    Args:
        settings: Experiment, variant, and what a fit is.
        date: The first to be scored.
        fingerprint: Of the panel.

    Raises:
        FitError: There is none.
    """
    home = variant_folder(settings)
    alike, others = [], 0
    for fit in _done_fits(home):
        if same_settings(fit.record["identity"], settings):
            alike.append(fit)
        else:
            others += 1
    fits = [fit for fit in alike if fit.protocol == PROTOCOL]
    old = [fit for fit in fits if fit.asof <= date]
    if not old:
        windows = ", ".join(sorted({str(fit.asof) for fit in fits})) or "none"
        raise FitError(
            f"no fit in {home} is as of {date} or earlier (windows with these settings: {windows};"
            f" fits with other settings: {others}{_of_other_protocols(alike)})",
            "a date is scored by a model trained before it, under the present protocol",
            f"alphanet train variant={settings.variant} asof={date}",
        )
    newest = max(fit.asof for fit in old)

    def worth(fit: Fit) -> tuple[bool, float]:
        here = fit.record["panel"]["fingerprint"] == fingerprint
        return here, (fit.folder / "fit.json").stat().st_mtime

    best = {fit.seed: fit for fit in sorted(old, key=worth) if fit.asof == newest}
    return [best[seed] for seed in sorted(best)]


def earlier_fits(settings: Settings, asof: str) -> list[Fit]:
    """Done fits of these settings, seed and as-of session under another protocol."""
    home = variant_folder(settings) / asof
    paths = sorted(home.glob(f"seed{settings.seed}-*/fit.json"))
    done = [fit for path in paths if (fit := done_fit(path.parent)) is not None]
    return [
        fit
        for fit in done
        if fit.protocol != PROTOCOL and same_settings(fit.record["identity"], settings)
    ]


def describe_earlier(fits: Sequence[Fit]) -> str | None:
    """One line on fits that another protocol trained and that are trained once more, if any."""
    if not fits:
        return None
    protocols = ", ".join(map(str, sorted({fit.protocol for fit in fits})))
    one = len(fits) == 1
    count, stay = (
        ("a fit", "stays as it is, and is")
        if one
        else (f"{len(fits)} fits", "stay as they are, and are")
    )
    return (
        f"{count} of protocol {protocols} with these settings {stay} trained anew under protocol "
        f"{PROTOCOL} (CHANGELOG.md says what differs): {fits[0].folder}{'' if one else ', ...'}"
    )


def _of_other_protocols(alike: Sequence[Fit]) -> str:
    """The part of a sentence that counts fits with these settings that other protocols trained."""
    others = [fit.protocol for fit in alike if fit.protocol != PROTOCOL]
    return "".join(
        f"; fits of protocol {number}, where {PROTOCOL} is the present one: {others.count(number)}"
        for number in sorted(set(others))
    )


def _done_fits(home: Path) -> Iterator[Fit]:
    for path in sorted(home.glob("*/*/fit.json")):
        if (fit := done_fit(path.parent)) is not None:
            yield fit
