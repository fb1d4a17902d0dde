"""What is believed of a provider, as text: also what an older version wrote is read."""

import json
from datetime import UTC, datetime

from monitor.core.domain.state import ProviderState, Streak
from monitor.core.domain.vocabulary import Reason
from monitor.core.lifecycle.fold import fold
from monitor.core.lifecycle.guard import regulars
from monitor.store.derived.states import read_document, state_document
from tests.core.histories import START, STEP, USUAL, answer, live, story, sweep

_NEW_OF_PROVIDERS = ("answered_before", "concluded_at")
_NEW_OF_MODELS = ("unclear", "has_served", "swap")


def older(state: ProviderState) -> str:
    """Return the text that a version wrote which knew neither regulars, nor silence, nor swaps."""
    document = json.loads(state_document(state))
    provider = json.loads(document["memory"])
    document["memory"] = json.dumps({key: provider[key] for key in provider if key not in _NEW_OF_PROVIDERS})
    for row in document["models"].values():
        memory = json.loads(row["memory"])
        row["memory"] = json.dumps({key: memory[key] for key in memory if key not in _NEW_OF_MODELS})
        row.pop("served_as", None)
    return json.dumps(document)


def test_a_state_comes_back_as_it_was() -> None:
    others = [answer("u", each) for each in "abc"]
    sweeps = [
        sweep(*others, answer("u", served_as="alpha")),
        sweep(*others, answer("u", served_as="beta"), at=START + STEP),
        sweep(answer("q", "a"), answer("t", "b"), answer("n", "c"), at=START + 2 * STEP, listed="abcm"),
    ]
    state = live(sweeps)[-1].state
    assert state.answered_before == {"c": START + STEP, "m": START + STEP}
    assert read_document(state_document(state)) == state


def test_what_an_older_version_wrote_is_read() -> None:
    state = live(story("uttt"))[-1].state
    read = read_document(older(state))
    assert regulars(read, START + STEP) == {"anchor"}
    assert read.models["m"].memory.timeouts == Streak(3, datetime(2026, 4, 6, 12, 15, 1, 500_000, tzinfo=UTC))
    last = fold(read, story("utttq")[-1], USUAL)
    assert [event.reason for event in last.events] == [Reason.UNCLEAR]


def test_who_answers_is_unknown_in_what_an_older_version_wrote() -> None:
    """So the first name seen is no swap."""
    state = read_document(older(live(story("u"))[-1].state))
    alpha = answer("u", served_as="alpha")
    for place in range(1, 4):
        decision = fold(state, sweep(answer("u", "anchor"), alpha, at=START + place * STEP), USUAL)
        state = decision.state
        assert decision.events == ()
    assert state.models["m"].served_as == "alpha"
