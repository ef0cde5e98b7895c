"""AlphaNet PL: Huatai's factor-mining neural network for stocks, trained seriously."""

__version__ = "0.1.0"
