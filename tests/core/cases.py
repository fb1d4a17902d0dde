"""Tables of cases: letters (histories.py) and what they make happen to a model that was born available."""

from dataclasses import dataclass
from datetime import timedelta

import pytest

from monitor.core.domain.policy import Policy
from tests.core.histories import STEP, USUAL, tell

UP_TWICE = Policy(confirm_up=2)
BORN_UP = "0 appeared available from 0 (ok)"


@dataclass(frozen=True)
class Case:
    """What the letters make happen to `m`, after its birth as `available` where `then` is given."""

    letters: str
    then: tuple[str, ...] = ()
    policy: Policy = USUAL

    def __str__(self) -> str:
        return self.letters


def case(letters: str, *then: str, policy: Policy = USUAL) -> Case:
    return Case(letters, then, policy)


def table(*cases: Case) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("case", cases, ids=str)


def assert_after_birth(case: Case, step: timedelta = STEP) -> None:
    assert case.letters.startswith("u")
    assert tell(case.letters, case.policy, step=step) == [BORN_UP, *case.then]
