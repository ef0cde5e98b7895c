"""Typed settings of sweeps; `conf/sweep/*.yaml` and conf/common.yaml explain every key."""

from dataclasses import dataclass, field
from typing import Any


@dataclass
class SweepSettings:
    """Group `sweep`: which fits, and what each may use."""

    name: str = "seeds"
    axes: dict[str, Any] = field(default_factory=dict)
    cpus_per_trial: int = field(default=1, metadata={"least": 1})
    gpus_per_trial: float | None = field(default=None, metadata={"least": 0.0, "most": 1.0})
    max_concurrent: int | None = field(default=None, metadata={"least": 1})
    retries: int = field(default=2, metadata={"least": 0})
    asha: bool = False
    asha_grace: int = field(default=10, metadata={"least": 1})


@dataclass
class RaySettings:
    """Key `ray`: the cluster that a sweep runs on."""

    address: str | None = None
    nodes: int = field(default=1, metadata={"least": 1})
