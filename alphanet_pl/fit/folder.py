"""A fit's folder: its name, which follows from all that can change the weights, and what is in it.

folder = fit_folder(settings, "2011-01-31", panel.fingerprint)
fit = done_fit(folder)
"""

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alphanet_pl.config.settings import Settings
from alphanet_pl.model.module import AlphaNetModule, named_classes
from datamodules.base.errors import FitError
from datamodules.base.files import read_json

PROTOCOL = 2
"""Raised when the code, or the default of a setting, changes the weights that the same words give.

1: early stopping by the plain squared error. 2: by the squared error within dates.
"""

_DECIDES: dict[str, tuple[str, ...] | None] = {
    "model": None,
    "loss": None,
    "data": (
        "features", "picture_days", "horizon", "label", "filter", "in_sample_days", "sample_step",
        "train_share", "embargo", "dates_per_step",
    ),
    "trainer": (
        "learning_rate", "optimiser", "optimiser_arguments", "patience", "max_epochs",
        "precision",
    ),
}  # fmt: skip
"""Group -> its settings that can change the weights, None for all of them."""

Groups = dict[str, dict[str, Any]]
"""Group -> setting -> value."""

SCHEMA = 2
"""Version of fit.json."""


def decisive_settings(settings: Settings) -> Groups:
    """Every setting that can change the weights, apart from when, which seed and which data."""
    return {group: _decisive(group, getattr(settings, group)) for group in _DECIDES}


def model_identity(settings: Settings) -> dict[str, Any]:
    """The protocol, and of `decisive_settings` those that differ from its defaults.

    A setting that is added later, with a default that changes nothing, renames no fit.
    """
    return {"protocol": PROTOCOL, **_differing(_with_sources(settings), _defaults(settings))}


def recorded_settings(identity: Mapping[str, Any]) -> Groups:
    """`decisive_settings` of a fit from its fit.json, which leaves the defaults out."""
    defaults = _defaults(Settings())
    return {group: {**values, **identity.get(group, {})} for group, values in defaults.items()}


def same_settings(identity: Mapping[str, Any], settings: Settings) -> bool:
    """Whether a recorded fit, of whatever protocol, had these settings, seed and dates apart."""
    recorded = {group: values for group, values in identity.items() if group != "protocol"}
    defaults = _defaults(settings)
    return _differing(recorded, defaults) == _differing(_with_sources(settings), defaults)


def _with_sources(settings: Settings) -> Groups:
    """`decisive_settings`, and of classes of the user's own what their source files say."""
    digests = {kind.key: kind.digest(name) for kind, name in named_classes(settings)}
    sources = {key: digest for key, digest in digests.items() if digest is not None}
    return {**decisive_settings(settings), "sources": sources}


def fit_hash(settings: Settings, asof: str, fingerprint: str) -> str:
    """Ten hexadecimal digits naming a fit: its settings, as-of session, seed and panel."""
    identity = model_identity(settings) | {
        "asof": asof,
        "seed": settings.seed,
        "panel": fingerprint,
    }
    text = json.dumps(identity, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def fit_folder(settings: Settings, asof: str, fingerprint: str) -> Path:
    """runs/EXPERIMENT/VARIANT/ASOF/seedSEED-HASH."""
    name = f"seed{settings.seed}-{fit_hash(settings, asof, fingerprint)}"
    return variant_folder(settings) / asof / name


def variant_folder(settings: Settings) -> Path:
    """runs/EXPERIMENT/VARIANT, the home of a variant's fits, factor and evaluation."""
    return Path(settings.runs) / settings.experiment / settings.variant


def _decisive(group: str, node: Any) -> dict[str, Any]:
    values = asdict(node)
    return {name: values[name] for name in _DECIDES[group] or values}


def _defaults(settings: Settings) -> Groups:
    """The defaults of the settings' own groups."""
    return {group: _decisive(group, type(getattr(settings, group))()) for group in _DECIDES}


def _differing(groups: Groups, defaults: Groups) -> Groups:
    """What is not as in `defaults`; a group without such a setting is left out."""
    found = {
        group: {
            name: value
            for name, value in values.items()
            if name not in defaults.get(group, {}) or value != defaults[group][name]
        }
        for group, values in groups.items()
    }
    return {group: values for group, values in found.items() if values}


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
    def features(self) -> list[str]:
        """Channels of the pictures that it takes, some or all of the panel's."""
        names: list[str] = recorded_settings(self.record["identity"])["data"]["features"]
        return names

    @property
    def protocol(self) -> int:
        """Number of the training protocol; see `PROTOCOL`."""
        return int(self.record["identity"]["protocol"])

    def load(self) -> AlphaNetModule:
        """The network with its best weights, ready to score.

        Raises:
            FitError: The checkpoint is absent, cannot be read, or names a class that the command's
                settings do not.
        """
        path = self.folder / "best.ckpt"
        try:
            module: AlphaNetModule = AlphaNetModule.load_from_checkpoint(
                path, map_location="cpu", weights_only=True
            )
        except FitError:
            raise
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
