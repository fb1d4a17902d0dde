"""The words providers use: a table of data by situation, each row with who says so and where it was read."""

from monitor.core.answer.error_patterns.absent import (
    DISABLED,
    EITHER,
    ENDED,
    MODEL_WITHDRAWN,
    NO_PATH,
    NO_SUCH_MODEL,
    OTHER_THING,
    WITHDRAWN,
)
from monitor.core.answer.error_patterns.account import (
    KEY,
    KEY_MISSING,
    NOT_IN_PLAN,
    NOT_OF_ACCOUNT,
    NOT_YOURS,
    PLACE,
)
from monitor.core.answer.error_patterns.endpoint import (
    FILTERED,
    NAMES_A_FIELD,
    NO_SUCH_PROVIDER,
    NOT_HERE_OR_NOWHERE,
    OTHER_ENDPOINT,
)
from monitor.core.answer.error_patterns.limits import (
    BUSY,
    COLD,
    EXHAUSTED,
    LOADING,
    NO_DEPLOYMENT,
    PER_DAY,
    PER_MINUTE,
    TOO_MANY,
)
from monitor.core.answer.error_patterns.money import NO_MONEY, PLAN

__all__ = [
    "BUSY",
    "COLD",
    "DISABLED",
    "EITHER",
    "ENDED",
    "EXHAUSTED",
    "FILTERED",
    "KEY",
    "KEY_MISSING",
    "LOADING",
    "MODEL_WITHDRAWN",
    "NAMES_A_FIELD",
    "NOT_HERE_OR_NOWHERE",
    "NOT_IN_PLAN",
    "NOT_OF_ACCOUNT",
    "NOT_YOURS",
    "NO_DEPLOYMENT",
    "NO_MONEY",
    "NO_PATH",
    "NO_SUCH_MODEL",
    "NO_SUCH_PROVIDER",
    "OTHER_ENDPOINT",
    "OTHER_THING",
    "PER_DAY",
    "PER_MINUTE",
    "PLACE",
    "PLAN",
    "TOO_MANY",
    "WITHDRAWN",
]
