"""Settings of sweeps, and the root that their verbs take: those of a fit with these beside them."""

from dataclasses import field
from typing import Annotated, Any

from pydantic import Field
from pydantic.dataclasses import dataclass

from alphanet_pl.config.settings import Settings
from datamodules.settings import CHECKED, Count, Natural, Number


@dataclass(config=CHECKED)
class SweepSettings:
    """Group `sweep`: which fits, and what each may use."""

    name: str = "seeds"
    """Folder of its tables: runs/EXPERIMENT/sweeps/NAME."""
    axes: dict[str, Any] = field(default_factory=dict)
    """Setting: [values]; a trial is one of each."""
    cpus_per_trial: Count = 1
    """Cores, and threads, of one fit."""
    gpus_per_trial: Annotated[Number, Field(ge=0.0, le=1.0)] | None = None
    """Share of a GPU: 0.25 lets four fits share one; null: a whole one where there is one."""
    max_concurrent: Count | None = None
    """Fits at once; null: as many as the cores and GPUs allow."""
    retries: Natural = 2
    """Times that a failed fit is tried again."""
    asha: bool = False
    """Stop poor fits early (ASHA, on val/rank_ic); refused when only seeds differ. An interrupted
    sweep compares those that are left anew, so its table may differ."""
    asha_grace: Count = 10
    """Epochs that every fit gets under asha, fewer than trainer.max_epochs."""


@dataclass(config=CHECKED)
class RaySettings:
    """Key `ray`: the cluster that a sweep runs on."""

    address: str | None = None
    """auto or HOST:PORT joins a Ray cluster; null: Ray on this machine, for this sweep."""
    nodes: Count = 1
    """Nodes of that cluster to wait for, two minutes at most (slurm/sweep.sh sets it)."""


@dataclass(config=CHECKED)
class SweepsSettings(Settings):
    """All settings of a verb over many fits."""

    sweep: SweepSettings = field(default_factory=SweepSettings)
    ray: RaySettings = field(default_factory=RaySettings)
