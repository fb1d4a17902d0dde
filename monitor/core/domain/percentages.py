"""How percentages are written, in every place alike (rules.md 42)."""

from decimal import ROUND_DOWN, Decimal
from typing import Final

NO_DATA: Final = "no data"
_HUNDREDTH: Final = Decimal("0.01")
_ALL: Final = Decimal(100)


def percent_words(percent: float | None, *, otherwise: str = NO_DATA, rounding: str = ROUND_DOWN) -> str:
    """Return a percentage from 0 to 100 with two places, and `otherwise` where there is none.

    `100.00 %` is written of all alone and `0.00 %` of nothing alone, whatever the rounding. Shares are cut:
    one that is shown as 99.90 % also passes a limit of 99.9 (`monitor list --min-uptime`).
    """
    if percent is None:
        return otherwise
    shown = Decimal(repr(percent)).quantize(_HUNDREDTH, rounding)  # Decimal(99.9) is not 99.9
    if shown == _ALL and percent < _ALL:  # ROUND_HALF_EVEN may reach 100.00
        shown -= _HUNDREDTH
    return "under 0.01 %" if percent > 0 and not shown else f"{shown} %"
