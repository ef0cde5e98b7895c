"""Sharing out work over machines: part i of n."""

import re
from collections.abc import Sequence
from typing import TypeVar

from datamodules.base.errors import ConfigError

Item = TypeVar("Item")


def take_part(items: Sequence[Item], parts: str | None) -> list[Item]:
    """The i-th of n shares: every item is in exactly one, and their sizes differ by one at most.

    Dealt like cards, so that neighbours, which cost alike, spread over the parts.

    Args:
        items: All the work.
        parts: `i/n`, 1 <= i <= n; None for everything.

    Raises:
        ConfigError: `parts` is nothing of that kind.
    """
    if parts is None:
        return list(items)
    found = re.fullmatch(r"(\d+)/(\d+)", parts)
    part, count = (int(found[1]), int(found[2])) if found else (0, 0)
    if not 1 <= part <= count:
        raise ConfigError(
            f"parts={parts} was given",
            "it reads i/n, the i-th of n shares, i from 1 to n",
            f"parts={count}/{count}" if count else "parts=1/4",
        )
    return list(items[part - 1 :: count])
