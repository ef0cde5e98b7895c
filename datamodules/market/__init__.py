"""A seeded, honest stand-in for the A-share market, written as a vendor would deliver it."""

from datamodules.market.market import simulate

__all__ = ["simulate"]
