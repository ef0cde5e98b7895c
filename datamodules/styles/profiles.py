"""How styles are made: windows, weights and processing; `conf/style_profile/*.yaml` fills them."""

from dataclasses import dataclass, field, fields

from datamodules.base.errors import ConfigError

STYLES: tuple[str, ...] = (
    "size", "beta", "momentum", "residual_volatility", "non_linear_size",
    "book_to_price", "liquidity", "earnings_yield", "growth", "leverage",
)  # fmt: skip
"""The ten styles, in the order of the last axis of every exposure array."""

DESCRIPTORS: dict[str, tuple[str, ...]] = {
    "size": ("LNCAP",),
    "beta": ("BETA",),
    "momentum": ("RSTR",),
    "residual_volatility": ("DASTD", "CMRA", "HSIGMA"),
    "non_linear_size": ("NLSIZE",),
    "book_to_price": ("BTOP",),
    "liquidity": ("STOM", "STOQ", "STOA"),
    "earnings_yield": ("ETOP", "CETOP"),
    "growth": ("EGRO", "SGRO"),
    "leverage": ("MLEV", "DTOA", "BLEV"),
}
"""The 18 descriptors of table 33 (with SGRO, which the table dropped), by style."""


def _cne5_weights() -> dict[str, dict[str, float]]:
    weights = {style: dict.fromkeys(names, 1.0) for style, names in DESCRIPTORS.items()}
    weights["residual_volatility"] = {"DASTD": 0.74, "CMRA": 0.16, "HSIGMA": 0.10}
    weights["liquidity"] = {"STOM": 0.35, "STOQ": 0.35, "STOA": 0.30}
    weights["earnings_yield"] = {"ETOP": 0.34, "CETOP": 0.66}
    weights["growth"] = {"EGRO": 0.34, "SGRO": 0.66}
    weights["leverage"] = {"MLEV": 0.38, "DTOA": 0.35, "BLEV": 0.27}
    return weights


@dataclass
class StyleProfile:
    """One way to make the ten styles; the defaults are cne5_renorm, units are in the YAML."""

    name: str = "cne5_renorm"
    beta_days: int = field(default=252, metadata={"least": 3})
    beta_half_life: float = field(default=63.0, metadata={"least": 1.0})
    momentum_days: int = field(default=504, metadata={"least": 2})
    momentum_lag: int = field(default=21, metadata={"least": 0})
    momentum_half_life: float = field(default=126.0, metadata={"least": 1.0})
    volatility_days: int = field(default=252, metadata={"least": 2})
    volatility_half_life: float = field(default=42.0, metadata={"least": 1.0})
    month_days: int = field(default=21, metadata={"least": 1})
    min_observed: float = field(default=0.5, metadata={"least": 0.0, "most": 1.0})
    min_observed_momentum: float = field(default=0.5, metadata={"least": 0.0, "most": 1.0})
    range_form: str = field(default="past", metadata={"choices": ("past", "forward")})
    suspended_turnover: str = field(default="zero", metadata={"choices": ("zero", "skip")})
    balance_sheet: str = field(default="latest", metadata={"choices": ("latest", "annual")})
    composite: str = field(default="standardised", metadata={"choices": ("standardised", "raw")})
    winsorise: str = field(default="std", metadata={"choices": ("std", "mad")})
    winsorise_width: float = field(default=3.0, metadata={"least": 0.1})
    winsorise_residuals: str = field(
        default="all", metadata={"choices": ("all", "non_linear_size")}
    )
    centre_weight: str = field(default="cap", metadata={"choices": ("cap", "sqrt_clipped_cap")})
    regression_weight: str = field(
        default="sqrt_cap", metadata={"choices": ("sqrt_cap", "clipped_cap")}
    )
    min_coverage: float = field(default=0.1, metadata={"least": 0.0, "most": 1.0})
    weights: dict[str, dict[str, float]] = field(default_factory=_cne5_weights)

    def used(self) -> tuple[str, ...]:
        """Descriptors of a positive weight, in the order of `DESCRIPTORS`."""
        return tuple(
            name
            for style, names in DESCRIPTORS.items()
            for name in names
            if self.weights[style].get(name, 0.0) > 0
        )

    def check(self) -> None:
        """Refuse values that no descriptor can work with.

        Raises:
            ConfigError: An unknown choice, a number out of range, or weights that do not name
                the descriptors of their style.
        """
        for item in fields(self):
            value, rule = getattr(self, item.name), item.metadata
            choices = rule.get("choices", (value,))
            low, high = rule.get("least", float("-inf")), rule.get("most", float("inf"))
            numeric = "least" in rule
            if value not in choices or (numeric and not low <= value <= high):
                raise ConfigError(
                    f"style_profile.{item.name}={value!r} was given",
                    f"one of {list(choices)}" if "choices" in rule else f"{low} .. {high}",
                    f"{item.name}: {item.default!r}",
                )
        for style, names in DESCRIPTORS.items():
            given = self.weights.get(style, {})
            known = set(given) <= set(names)
            if not known or not sum(given.values()) > 0 or min(given.values()) < 0:
                raise ConfigError(
                    f"style_profile.weights.{style}={given} was given",
                    f"weights >= 0, not all 0, of {list(names)}",
                    f"{style}: {_cne5_weights()[style]}",
                )
