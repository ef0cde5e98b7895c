"""A fit's folder: its name, which follows from all that can change the weights, and what is in it.

folder = fit_folder(settings, "2011-01-31", panel.fingerprint)
fit = done_fit(folder)
"""

import hashlib
import json
import zipfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from alphanet_pl.config.settings import Settings
from datamodules.base.errors import AlphaNetError, FitError
from datamodules.base.files import read_json, sha256_of
from datamodules.base.words import log

if TYPE_CHECKING:
    from alphanet_pl.model.module import AlphaNetModule

BEST, LAST, PREVIOUS = "best.ckpt", "last.ckpt", "previous.ckpt"
"""Checkpoints in it: of the best epoch; while it is trained, of the last and the one before."""

PROTOCOL = 2
"""Number of the rules of training: one more with each change of them, or of a default, that gives
other weights by the same words.

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

SCHEMA = 3
"""Version of fit.json; since 3 it holds the digest of best.ckpt."""
DIGEST = "best_sha256"
"""Key of that digest."""

_OF_EVERY_FIT: dict[str, type | tuple[type, ...]] = {
    "status": str, "variant": str, "asof": str, "seed": int, "in_sample_days": int,
    "identity.protocol": int, "panel.fingerprint": str, "seconds": (int, float),
}  # fmt: skip
_OF_A_DONE_ONE: dict[str, type | tuple[type, ...]] = {
    "metrics.val/rank_ic": float, "metrics.val/loss": float, "best_epoch": int, "epochs": int,
    "sampled_features": list, "sessions.train.cross_sections": int,
    "sessions.validation.cross_sections": int,
}  # fmt: skip
"""Keys of fit.json that are read, GROUP.KEY, and what their values are."""


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
    from alphanet_pl.model.module import named_classes  # brings Lightning; evaluate needs none

    digests = {kind.key: kind.digest(name) for kind, name in named_classes(settings)}
    sources = {key: digest for key, digest in digests.items() if digest is not None}
    return {**decisive_settings(settings), "sources": sources}


def fit_hash(settings: Settings, asof: str, fingerprint: str) -> str:
    """Ten hexadecimal digits naming a fit: its settings, as-of session, seed and panel."""
    return _hash(model_identity(settings), asof, settings.seed, fingerprint)


def _hash(identity: Mapping[str, Any], asof: str, seed: int, fingerprint: str) -> str:
    whole = {**identity, "asof": asof, "seed": seed, "panel": fingerprint}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()[:10]


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

    def check(self) -> None:
        """Refuse another best.ckpt than the one that the fit ended with.

        Raises:
            FitError: It is absent, damaged, or another fit's or epoch's.
        """
        path, known = self.folder / BEST, self.record.get(DIGEST)
        same = is_whole(path) if known is None else path.is_file() and sha256_of(path) == known
        if not same:
            raise FitError(
                f"{path} is {'not what the fit ended with' if path.exists() else 'not there'}",
                "a finished fit is its best checkpoint, whose sha256 is in fit.json",
                f"put the right one back, or rm -r {self.folder} and train again",
            )

    def load(self) -> "AlphaNetModule":
        """The network with its best weights, ready to score.

        Raises:
            FitError: The checkpoint is not the fit's, cannot be read, or names a class that the
                command's settings do not.
        """
        from alphanet_pl.model.module import AlphaNetModule  # see `_with_sources`

        self.check()
        path = self.folder / BEST
        if DIGEST not in self.record:
            log(f"{path} has no digest in fit.json: whether it is this fit's cannot be told")
        try:
            module: AlphaNetModule = AlphaNetModule.load_from_checkpoint(
                path, map_location="cpu", weights_only=True
            )
        except AlphaNetError:  # a class or a package is not to be had; the checkpoint is whole
            raise
        except Exception as error:  # torch raises many kinds for one damaged file
            raise FitError(
                f"{path} cannot be read ({type(error).__name__})",
                "a fit needs its best checkpoint",
                f"delete {self.folder} and train again",
            ) from error
        return module.eval()


def is_whole(path: Path) -> bool:
    """Whether every part of a checkpoint matches its checksum."""
    try:
        with zipfile.ZipFile(path) as file:
            return file.testzip() is None
    except Exception:  # a damaged archive raises many kinds
        return False


def read_record(folder: Path) -> dict[str, Any] | None:
    """fit.json of a folder, or None where there is none.

    Raises:
        FitError: It is there, and damaged or another fit's.
    """
    path = folder / "fit.json"
    if not path.is_file():
        return None
    try:
        record = read_json(path)
        fault = _fault(record, folder)
    except (ValueError, RecursionError) as error:
        fault = f"is not JSON ({error})"
    if fault is not None:
        raise FitError(
            f"{path} {fault}", "it describes the fit", f"rm -r {folder}, and train again"
        )
    return record


def _fault(record: Any, folder: Path) -> str | None:
    """Why a record cannot be the one of this folder, as a clause, or None."""
    done = isinstance(record, dict) and record.get("status") == "done"
    needed = {**_OF_EVERY_FIT, **(_OF_A_DONE_ONE if done else {})}
    if done and record.get("schema") == SCHEMA:
        needed[DIGEST] = str
    for key, kind in needed.items():
        value: Any = record
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        if not isinstance(value, kind):
            return f"has no {key}" if value is None else f"has a {key} of {value!r}"
    identity = record["identity"]
    if not all(isinstance(values, dict) for key, values in identity.items() if key != "protocol"):
        return "has an identity that is no group of settings"
    own = _hash(identity, record["asof"], record["seed"], record["panel"]["fingerprint"])
    name = f"{record['asof']}/seed{record['seed']}-{own}"
    if identity["protocol"] == PROTOCOL and name != f"{folder.parent.name}/{folder.name}":
        return f"is of {name}"
    return None


def done_fit(folder: Path) -> Fit | None:
    """The fit in a folder, or None where it is not finished.

    Raises:
        FitError: Its record or its best checkpoint is damaged, or another fit's.
    """
    fit = _finished(folder)
    if fit is not None:
        fit.check()
    return fit


def _finished(folder: Path) -> Fit | None:
    record = read_record(folder)
    return Fit(folder, record) if record is not None and record["status"] == "done" else None


def readable_fits(home: Path, pattern: str) -> tuple[list[Fit], dict[Path, FitError]]:
    """Finished fits by their records, and the folders whose record is damaged.

    Args:
        home: A folder of many fits.
        pattern: Of the fits' folders in it.
    """
    fits, damaged = [], {}
    for path in sorted(home.glob(f"{pattern}/fit.json")):
        try:
            fit = _finished(path.parent)
        except FitError as error:
            damaged[path.parent] = error
        else:
            fits += [] if fit is None else [fit]
    return fits, damaged


def find_fits(
    settings: Settings, date: np.datetime64, fingerprint: str, *, simulated: bool = False
) -> list[Fit]:
    """Fits of the newest window on or before `date`, one a seed, ordered by it.

    All done fits of the experiment and variant count whose settings and protocol are the present
    ones, apart from seed, as-of session and panel (which grows by a day every day; but no fit of a
    simulated market scores a real one, nor the reverse). Of a seed that was trained on several
    panels the fit of this one counts, else the last that was trained.

    Args:
        settings: Experiment, variant, and what a fit is.
        date: The first to be scored.
        fingerprint: Of the panel.
        simulated: Whether its market is.

    Raises:
        FitError: There is none, or one that may be among them is damaged.
    """
    home = variant_folder(settings)
    found, damaged = readable_fits(home, "*/seed*-*")
    alike = [fit for fit in found if same_settings(fit.record["identity"], settings)]
    others = len(found) - len(alike)
    now = [fit for fit in alike if fit.protocol == PROTOCOL]
    fits = [fit for fit in now if (fit.record["panel"].get("source") == "simulated") == simulated]
    foreign = f"; of {'real' if simulated else 'simulated'} markets: {len(now) - len(fits)}"
    old = [fit for fit in fits if fit.asof <= date]
    least = max((str(fit.asof) for fit in old), default="")
    for folder, error in damaged.items():
        if least <= folder.parent.name <= str(date):
            raise error
        log(f"{error.given}: passed over, being of another window")
    if not old:
        windows = ", ".join(sorted({str(fit.asof) for fit in fits})) or "none"
        raise FitError(
            f"no fit in {home} is as of {date} or earlier (windows with these settings: {windows};"
            f" fits with other settings: {others}{foreign if len(fits) < len(now) else ''}"
            f"{_of_other_protocols(alike)})",
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
    done, _ = readable_fits(variant_folder(settings) / asof, f"seed{settings.seed}-*")
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
