"""An observation of which nothing follows is passed over quickly, and every other one meets every rule."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.event import Event
from monitor.core.domain.policy import Policy
from monitor.core.domain.state import ModelState
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import NOT_RECORDED, Kind, Outcome, Reason, Status
from monitor.core.lifecycle.rules import _RULES, observe
from monitor.core.lifecycle.step import Step, Transition, clear_direction

START = datetime(2026, 4, 6, 12, tzinfo=UTC)
ENDS = [None, START + timedelta(days=9), START + timedelta(days=10)]
OBSERVATIONS = st.builds(
    Observation,
    model=st.just("a"),
    outcome=st.sampled_from([*([Outcome.AVAILABLE] * 6), *Outcome]),
    reason=st.sampled_from([*([Reason.OK] * 6), Reason.END_OF_LIFE, Reason.TIMEOUT, Reason.NOT_PROBED]),
    at_ms=st.integers(0, 60_000),
    kind=st.sampled_from([*([Kind.CHAT] * 6), Kind.UNKNOWN, Kind.EMBEDDINGS]),
    http_status=st.sampled_from([None, 200, 503]),
    latency_ms=st.sampled_from([None, 12]),
    retires_at=st.sampled_from([*([None] * 6), *ENDS]),
    served_as=st.sampled_from([*([None] * 6), "a", "b", NOT_RECORDED]),
)
POLICIES = st.builds(
    Policy,
    confirm_down=st.integers(1, 2),
    flap_window=st.integers(3, 6),
    flap_high=st.sampled_from([0.0, 10.0, 30.0]),
    flap_low=st.just(0.0),
)


def observe_by_every_rule(
    state: ModelState | None, observation: Observation, moment: datetime, policy: Policy
) -> Transition:
    before = state or ModelState(status=Status.NEW, reason=observation.reason, since=moment)
    step = Step(observation, moment, clear_direction(before.status, observation), state is None, False)
    after, events = before, list[Event]()
    for rule in _RULES:
        after, made = rule(after, step, policy)
        events += made
    return after, tuple(events)


@given(st.lists(OBSERVATIONS, min_size=1, max_size=30), POLICIES)
def test_a_life_is_the_same_by_every_rule(observations: list[Observation], policy: Policy) -> None:
    state: ModelState | None = None
    for number, observation in enumerate(observations):
        moment = START + number * timedelta(minutes=15)
        expected = observe_by_every_rule(state, observation, moment, policy)
        assert observe(state, observation, moment, policy) == expected
        state = expected[0]


def test_an_answer_that_says_the_model_has_ended_is_not_as_always() -> None:
    state = lived("u", Policy())
    ended = Observation("a", Outcome.AVAILABLE, Reason.END_OF_LIFE, 0)
    assert observe(state, ended, START, Policy()) == observe_by_every_rule(state, ended, START, Policy())
    assert observe(state, ended, START, Policy())[0].status == Status.RETIRED


def test_an_answer_after_failures_that_fill_the_window_is_not_as_always() -> None:
    policy = Policy(confirm_down=9, flap_window=3, flap_high=50.0, flap_low=10.0)
    state = lived("uddd", policy)
    assert state.memory.window == (False,) * 3
    up = Observation("a", Outcome.AVAILABLE, Reason.OK, 0)
    assert observe(state, up, START, policy) == observe_by_every_rule(state, up, START, policy)
    assert observe(state, up, START, policy)[0].flapping


def lived(letters: str, policy: Policy) -> ModelState:
    """Return the state of a model that answered (`u`) and failed (`d`) in this order."""
    outcomes = {"u": (Outcome.AVAILABLE, Reason.OK), "d": (Outcome.UNAVAILABLE, Reason.SERVER_ERROR)}
    state: ModelState | None = None
    for letter in letters:
        state, _ = observe(state, Observation("a", *outcomes[letter], 0), START, policy)
    assert state is not None
    return state
