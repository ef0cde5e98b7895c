"""Factor structure and volatility: market, industries, four styles, and each stock's own shock."""

import numpy as np

from datamodules.market.streams import Stream, stream
from datamodules.market.traits import Traits

DRIFT = 0.0003  # log return a session, the same for every stock: it carries no ranking
MARKET = 0.0135  # long-run volatilities a session
INDUSTRY = 0.007
STYLES = np.array([0.0025, 0.0025, 0.0020, 0.0015])
CROWD = 0.0020  # of stocks that the planted signal makes alike, per unit of it
ARCH, GARCH = 0.10, 0.86
CALM, STORM = 0.4, 4.0  # bounds of a variance around its long-run value
FREEDOM = 4  # degrees of freedom of the stocks' shocks
HORIZON = 10


def student(rng: np.random.Generator, size: int, freedom: int = FREEDOM) -> np.ndarray:
    """Return unit-variance Student shocks (size,)."""
    return rng.standard_t(freedom, size) * np.sqrt((freedom - 2) / freedom)


class Returns:
    """Daily log returns of N stocks with GARCH(1, 1) variances of the market and of each stock.

    Every shock has mean zero, so the conditional mean of a return is the planted drift plus
    the constant DRIFT, and no exposure to any factor is paid.
    """

    def __init__(self, traits: Traits, seed: int) -> None:
        self._traits, self._seed = traits, seed
        self._market = MARKET**2
        self._usual = traits.sigma**2
        self._own = self._usual.copy()
        self._slow = np.zeros(len(traits.sigma))

    @property
    def volatility(self) -> np.ndarray:
        """Each stock's own volatility on the coming session (N,)."""
        return np.sqrt(self._own)

    def dispersion(self) -> float:
        """Return the expected cross-sectional deviation of the coming ten-session return."""
        betas = self._traits.beta.var() * self._market
        own = 0.5 * (self._own + self._usual * np.exp(2 * self._slow)).mean()
        return float(np.sqrt(HORIZON * (own + betas + INDUSTRY**2 + (STYLES**2).sum() + CROWD**2)))

    def step(self, day: int, drift: np.ndarray, signal: np.ndarray) -> tuple[np.ndarray, float]:
        """Simulate a session.

        Args:
            day: Session number.
            drift: Planted mean of the log returns, (N,).
            signal: What is known of each stock, in standard deviations, (N,): those who trade it
                move its stocks together, up or down, which gives the signal its risk.

        Returns:
            Log returns (N,), and the market's shock in standard deviations.
        """
        traits = self._traits
        factors, shocks = (stream(self._seed, s, day) for s in (Stream.FACTORS, Stream.SHOCKS))
        market = float(factors.standard_normal())
        industries = INDUSTRY * student(factors, traits.industry.max() + 1)
        styles = STYLES * student(factors, len(STYLES))
        own = np.clip(student(shocks, len(drift)), -6, 6)
        common = traits.beta * np.sqrt(self._market) * market
        common += industries[traits.industry] + traits.styles @ styles
        common += signal * (CROWD * student(factors, 1))
        total = DRIFT + drift + common + self.volatility * own
        self._advance(market, own, shocks.standard_normal(len(drift)))
        return total, market

    def _advance(self, market: float, own: np.ndarray, news: np.ndarray) -> None:
        """Move every variance to the next session."""
        rest = 1 - ARCH - GARCH
        crowd = rest * MARKET**2 + self._market * (ARCH * market**2 + GARCH)
        self._market = float(np.clip(crowd, CALM * MARKET**2, STORM * MARKET**2))
        self._slow = 0.99 * self._slow + 0.02 * news  # risk wanders by 14%, half-life 69 sessions
        usual = self._usual * np.exp(2 * self._slow)
        grown = rest * usual + self._own * (ARCH * own**2 + GARCH)
        self._own = np.clip(grown, CALM * usual, STORM * usual)
