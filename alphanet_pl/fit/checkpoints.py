"""Checkpoint files that survive a kill, a full disk and a damaged file.

A checkpoint is written aside and renamed; `last.ckpt` leaves its predecessor as `previous.ckpt`.
"""

import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from lightning.fabric.plugins import TorchCheckpointIO
from lightning.pytorch.callbacks import ModelCheckpoint

from alphanet_pl.fit.folder import BEST, LAST, PREVIOUS, is_whole
from datamodules.base.errors import FitError
from datamodules.base.files import sha256_of, written_aside


class SafeCheckpoints(TorchCheckpointIO):
    """Lightning's own goes through the system's temporary folder: on another disk, a plain copy."""

    def save_checkpoint(
        self, checkpoint: dict[str, Any], path: str | Path, storage_options: Any = None
    ) -> None:
        """Write aside, flush to the disk, rename into place."""
        path = Path(path)
        content = io.BytesIO()
        torch.save(checkpoint, content)  # straight to a full disk it is not an OSError
        with written_aside(path) as aside:
            aside.write_bytes(content.getbuffer())
            if path.name == LAST and is_whole(path):
                path.replace(path.with_name(PREVIOUS))


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed process had half written: every hidden file of a fit's folder."""
    for path in folder.glob(".*"):
        if not path.is_dir():  # which a file browser makes
            path.unlink(missing_ok=True)


def find_checkpoint(folder: Path, say: Callable[[str], None] | None) -> Path | None:
    """The newest whole checkpoint of finite weights to resume from, or None to begin.

    Args:
        folder: The fit's.
        say: Called with a sentence on each checkpoint that cannot be used; None keeps quiet.
    """
    for name in (LAST, PREVIOUS):
        path = folder / name
        if not path.is_file():
            continue
        fault = _fault(path)
        if fault is None:
            return path
        if say is not None:
            say(f"{path} {fault}: the fit goes back to the one before, or to its beginning")
    return None


def _fault(path: Path) -> str | None:
    """Why a fit cannot go on from this file, or None."""
    if not is_whole(path):
        return "is damaged"
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
        parts = content["state_dict"], content["optimizer_states"]
        states = list(content.get("callbacks", {}).values())
        kept = {Path(state.get("best_model_path", "")).name for state in states}
        homes = {Path(state["dirpath"]).parts[-2:] for state in states if "dirpath" in state}
    except Exception:  # whatever a file may hold
        return "is no checkpoint of a fit"
    if not all(map(_all_finite, parts)):
        return "holds weights that are not finite"
    if homes - {path.resolve().parent.parts[-2:]}:  # as-of date, seed and hash of settings
        return f"is of another fit, {' and '.join(map('/'.join, homes))}"
    if BEST in kept and not is_whole(path.with_name(BEST)):
        return f"needs the {BEST} of its epochs, which is damaged or not there"
    return None


def digest_of_best(folder: Path, epoch: int) -> str:
    """The sha256 of best.ckpt when a fit ends.

    Args:
        folder: The fit's.
        epoch: The one whose weights it holds.

    Raises:
        FitError: It holds another's, or none.
    """
    path = folder / BEST
    try:
        kept = torch.load(path, map_location="cpu", weights_only=True)["epoch"]
    except Exception:  # whatever a file may hold
        kept = None
    if kept != epoch:
        raise FitError(
            f"{path} does not hold epoch {epoch}, the best of the fit",
            "it was changed or lost while the fit was trained",
            f"rm -r {folder}, and the same command trains it anew",
        )
    return sha256_of(path)


def _all_finite(node: Any) -> bool:
    if isinstance(node, torch.Tensor):
        return bool(node.isfinite().all())
    if isinstance(node, dict):
        return all(map(_all_finite, node.values()))
    return all(map(_all_finite, node)) if isinstance(node, list | tuple) else True


class KeptCheckpoint(ModelCheckpoint):
    """Lightning's, for a folder that may have moved since the checkpoint that a fit resumes from.

    Lightning forgets which epoch was best where its folder's path is another than before, and
    would keep a worse one.
    """

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take up what was kept, by its names in the present folder."""
        folder = Path(str(self.dirpath))

        def here(path: str) -> str:
            return str(folder / Path(path).name) if path else path

        paths = ("best_model_path", "last_model_path", "kth_best_model_path")
        moved = {name: here(state_dict[name]) for name in paths if name in state_dict}
        scores = {here(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict(
            {**state_dict, **moved, "best_k_models": scores, "dirpath": self.dirpath}
        )
