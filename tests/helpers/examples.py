"""How many random examples a property is tried on."""

import os

STORM = os.environ.get("HYPOTHESIS_PROFILE") == "explore"


def at_most(number: int) -> int:
    """For a costly property: fewer examples than the profile's, except in a storm."""
    return 1000 if STORM else number
