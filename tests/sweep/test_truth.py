"""A catalog of every kind of model and trouble at once: each ends in the right outcome, reason and kind.

Bodies are those of provider facts 2.3, 3 and 4.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.demo.answers import PLAIN, CannedAnswer, WireFault, as_json, openai_error, problem
from tests.support import gateway as g
from tests.support import scripted as s

CHAT, EMBED, COMPLETE, RESPOND, RERANK = (
    "chat/completions", "embeddings", "completions", "responses", "rerank",
)  # fmt: skip
UP, LIMITED, DOWN, UNCLEAR = "available", "rate_limited", "unavailable", "unknown"
ENDED = problem(410, "Gone", "The model 'x' has reached its end of life on 2026-05-14T00:00:00Z.")
OFF = problem(503, "Service Unavailable", "Paused.").with_headers(Retry_After="10800")
SATURATED = "ResourceExhausted: Worker local total request limit reached (16/16)"
TOO_FEW = "Invalid 'max_tokens': integer below minimum value. Expected a value >= 32, but got 16 instead."
RENAMED = "Unsupported parameter: 'max_tokens' is not supported. Use 'max_completion_tokens' instead."
TYPED = "'input_type' parameter is required for asymmetric models"
NAMED = (
    "[{'type': 'extra_forbidden', 'loc': ('body', 'max_tokens'), 'msg': 'Extra inputs are not permitted'}]"
)
CONTAINER = problem(400, "Bad Request", NAMED, "urn:inference-service:problem-details:bad-request")
OLD_NIM = as_json({"detail": [{"loc": ["body", "temperature"], "msg": "field required"}]}, 422)
NOWHERE: Mapping[str, s.Says] = {}


@dataclass(frozen=True)
class Case:
    """A model's script, what is observed of it, and how many requests that takes at first and later."""

    says: Mapping[str, s.Says]
    outcome: str
    reason: str
    kind: str = "unknown"
    first: int = 1
    later: int | None = None


CASES = {
    "a/chat": Case({CHAT: s.OK}, UP, "ok", "chat"),
    "a/cut-off": Case(
        {CHAT: as_json({"choices": [{"message": {"content": ""}, "finish_reason": "length"}]})},
        UP,
        "ok",
        "chat",
    ),
    "a/thinks": Case(
        {CHAT: as_json({"choices": [{"message": {"content": None, "reasoning_content": "So"}}]})},
        UP,
        "ok",
        "chat",
    ),
    "a/calls": Case(
        {CHAT: as_json({"choices": [{"message": {"content": None, "tool_calls": [{"id": "1"}]}}]})},
        UP,
        "ok",
        "chat",
    ),
    # on another endpoint
    "b/nv-embed": Case({EMBED: s.VECTOR}, UP, "ok", "embeddings", 2, 1),
    "b/embed-typed": Case(
        {EMBED: s.unless("input_type", s.complaint(TYPED), s.VECTOR)}, UP, "ok", "embeddings", 3, 1
    ),
    "b/starcoder2": Case({COMPLETE: s.TEXT}, UP, "ok", "completions", 2, 1),
    "b/plain-name": Case({COMPLETE: s.TEXT}, UP, "ok", "completions", 3, 1),
    "b/reranker": Case({RERANK: s.SCORES}, UP, "ok", "rerank", 2, 1),
    "b/o-pro": Case(
        {CHAT: s.complaint("only supported in v1/responses", 404), RESPOND: s.RESPONSE},
        UP,
        "ok",
        "chat",
        2,
        1,
    ),
    "b/not-chat": Case(
        {CHAT: s.complaint("b/not-chat is not a chat model"), EMBED: s.VECTOR}, UP, "ok", "embeddings", 2, 1
    ),
    "b/embed-not-ours": Case({EMBED: s.NOT_FOR_ACCOUNT}, DOWN, "not_for_account", "embeddings", 2, 1),
    "b/nowhere": Case(NOWHERE, UNCLEAR, "no_endpoint", first=5, later=1),
    # in another form
    "c/renamed": Case(
        {CHAT: s.unless("max_completion_tokens", s.complaint(RENAMED))}, UP, "ok", "chat", 2, 1
    ),
    "c/more": Case(
        {CHAT: lambda body: s.OK if body["max_tokens"] != 16 else s.complaint(TOO_FEW)},
        UP,
        "ok",
        "chat",
        2,
        1,
    ),
    "c/unlimited": Case({CHAT: s.if_without("max_tokens", CONTAINER)}, UP, "ok", "chat", 2, 1),
    "c/warm": Case({CHAT: s.unless("temperature", OLD_NIM)}, UP, "ok", "chat", 2, 1),
    "c/policy": Case(
        {CHAT: s.unless("system", s.complaint("a system message with a policy is required"))},
        UP,
        "ok",
        "chat",
        2,
        1,
    ),
    "c/reward": Case(
        {CHAT: s.unless("assistant", s.complaint("Conversation roles must alternate"))},
        UP,
        "ok",
        "chat",
        2,
        1,
    ),
    "c/sees": Case(
        {CHAT: s.unless("image_url", s.complaint("an image is required"))}, UP, "ok", "chat", 2, 1
    ),
    "c/parses": Case(
        {CHAT: s.unless("tools", s.complaint("Content cannot be a plain string"))}, UP, "ok", "chat", 2, 1
    ),
    "c/never": Case({CHAT: s.complaint("System role not supported")}, UNCLEAR, "needs_other_request"),
    "c/stubborn": Case(
        {CHAT: s.complaint("an image is required")}, UNCLEAR, "needs_other_request", first=2, later=1
    ),
    # busy
    "d/limited": Case({CHAT: problem(429, "Too Many Requests")}, LIMITED, "too_many_requests"),
    "d/saturated": Case({CHAT: openai_error(503, SATURATED, "x")}, LIMITED, "saturated"),
    "d/overloaded": Case({CHAT: openai_error(529, "Overloaded", "overloaded_error")}, LIMITED, "saturated"),
    # gone
    "e/not-ours": Case({CHAT: s.NOT_FOR_ACCOUNT}, DOWN, "not_for_account", "chat"),
    "e/unknown": Case({CHAT: s.complaint("model_not_found", 404)}, DOWN, "not_found"),
    "e/litellm": Case({CHAT: s.complaint("Invalid model name passed in model=x")}, DOWN, "not_found"),
    "e/ended": Case({CHAT: ENDED}, DOWN, "end_of_life"),
    "e/not-shared": Case(
        {CHAT: problem(403, "Forbidden", "Function 'f':  Not shared with the account 'a'")},
        DOWN,
        "not_for_account",
    ),
    "e/off": Case({CHAT: OFF}, DOWN, "switched_off"),
    # broken for good, or for a moment
    "f/broken": Case({CHAT: s.BROKEN}, DOWN, "server_error", first=2),
    "f/hiccup": Case({CHAT: [s.BROKEN, s.OK]}, UP, "ok", "chat", 2),
    "f/no-worker": Case({CHAT: s.NO_WORKER}, DOWN, "no_capacity", first=2),
    "f/cold": Case({CHAT: [s.NO_WORKER, s.OK]}, UP, "ok", "chat", 2),
    "f/degraded": Case({CHAT: s.DEGRADED}, DOWN, "degraded", "chat", 2),
    "f/healed": Case({CHAT: [s.DEGRADED, s.OK]}, UP, "ok", "chat", 2),
    "f/page": Case({CHAT: s.PAGE}, DOWN, "invalid_answer", first=2),
    "f/nothing": Case({CHAT: CannedAnswer(200)}, DOWN, "invalid_answer", first=2),
    "f/error-in-200": Case({CHAT: s.complaint("hm", 200)}, DOWN, "invalid_answer", first=2),
    "f/upstream": Case(
        {CHAT: CannedAnswer(502, "<html>Bad Gateway</html>", "text/html")}, DOWN, "server_error", first=2
    ),
    # of a reset on a kept connection nothing is seen: the request goes again on a new one
    "f/cut": Case({CHAT: [CannedAnswer(body="{", fault=WireFault.CUT), s.OK]}, UP, "ok", "chat", 2),
    "f/odd": Case({CHAT: s.complaint("computer says no")}, UNCLEAR, "bad_request", first=2),
    "f/then-ended": Case({CHAT: [s.BROKEN, ENDED]}, DOWN, "end_of_life", first=2),
    "f/then-limited": Case(
        {CHAT: [s.BROKEN, problem(429, "Too Many Requests")]}, LIMITED, "too_many_requests", first=2
    ),
}
WORLD = s.scripted({model: case.says for model, case in CASES.items()})


@g.ON_SQLITE
def test_every_model_ends_in_the_right_outcome_reason_and_kind(engine: Engine) -> None:
    with g.gateway(WORLD) as there:
        swept = g.sweep(g.target(there.base_url), engine, g.NOON)
        asked = Counter(each.model for each in there.probes)
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    seen = {each.model: each for each in swept.sweep.observations}
    found = {m: (str(o.outcome), str(o.reason), str(o.kind), o.attempts) for m, o in seen.items()}
    assert found == {m: (c.outcome, c.reason, c.kind, c.first) for m, c in CASES.items()}
    assert asked == {model: case.first for model, case in CASES.items()}
    assert swept.sweep.requests == 1 + sum(case.first for case in CASES.values())


@g.ON_SQLITE
def test_who_does_not_answer_in_time_is_asked_once_more_with_more_time(engine: Engine) -> None:
    """Whatever answers may take its time: only who hangs must be given up, and is at the end of each wait."""
    hangs = CannedAnswer(fault=WireFault.HANG)
    world = s.scripted(
        {
            "f/silent": {CHAT: hangs},
            "f/drips": {CHAT: CannedAnswer(fault=WireFault.DRIP)},
            "f/slow": {CHAT: [hangs, s.OK]},
            **{f"b/m{number}": {CHAT: s.OK} for number in range(6)},
        }
    )
    with g.gateway(world) as there:
        aim = g.target(there.base_url, timeout_s=5.0, slow_timeout_s=30.0)
        swept = g.sweep(aim, engine, g.NOON)
    assert swept.decision.verdict is Verdict.CONCLUSIVE
    seen = {each.model: each for each in swept.sweep.observations if each.model.startswith("f/")}
    found = {m: (str(o.outcome), str(o.reason), o.attempts) for m, o in seen.items()}
    assert found == {
        "f/silent": (UNCLEAR, "timeout", 2),
        "f/drips": (UNCLEAR, "timeout", 2),
        "f/slow": (UP, "ok", 2),
    }
    assert {str(each.outcome) for each in swept.sweep.observations if each.model not in seen} == {UP}


@g.ON_SQLITE
def test_no_request_is_repeated_as_it_was_but_for_the_second_look(engine: Engine) -> None:
    with g.gateway(WORLD) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
        asked = Counter((each.path, str(each.body)) for each in there.probes)
        unclear = {model for model, case in CASES.items() if case.first == 2 and model.startswith("f/")}
    assert {body for (_, body), times in asked.items() if times > 2} == set()
    twice = {
        model for model in CASES for (_, body), times in asked.items() if times == 2 and f"'{model}'" in body
    }
    assert twice == unclear


def test_what_was_found_is_remembered_and_asked_for_straight_away(engine: Engine) -> None:
    with g.gateway(WORLD) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.forget()
        g.sweep(aim, engine, g.hours(1))
        asked = Counter(each.model for each in there.probes)
    steady = {model: case for model, case in CASES.items() if not isinstance(case.says.get(CHAT), list)}
    expected = {model: case.first if case.later is None else case.later for model, case in steady.items()}
    assert {model: asked[model] for model in steady} == expected
    kinds = dict(g.rows(engine, "SELECT model, kind FROM model_status"))
    assert kinds == {model: case.kind for model, case in CASES.items()}


@g.ON_SQLITE
def test_a_model_that_moves_to_another_endpoint_is_found_again(engine: Engine) -> None:
    before = s.scripted({"a/moves": {COMPLETE: s.TEXT}, "a/stays": {CHAT: s.OK}})
    after = s.scripted({"a/moves": {CHAT: s.OK}, "a/stays": {CHAT: s.OK}})
    with g.gateway(before) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.show(after)
        for hour in (1, 2):
            there.forget()
            g.sweep(aim, engine, g.hours(hour))
        assert len(there.probes) == 2
    events = g.rows(engine, "SELECT model, kind, detail FROM change_history WHERE kind <> 'appeared'")
    assert events == [("a/moves", "kind_changed", "completions -> chat")]


@g.ON_SQLITE
def test_a_known_kind_that_is_on_no_endpoint_any_more_is_not_found(engine: Engine) -> None:
    """Rule 5."""
    with g.gateway(s.scripted({"a/goes": {EMBED: s.VECTOR}, "a/stays": {CHAT: s.OK}})) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.show(s.scripted({"a/goes": NOWHERE, "a/stays": {CHAT: s.OK}}))
        for hour, requests in ((1, 5), (2, 1), (3, 1)):
            there.forget()
            swept = g.sweep(aim, engine, g.hours(hour))
            gone = swept.sweep.observations[0]
            assert (gone.outcome, gone.reason, gone.kind) == (DOWN, "not_found", "embeddings")
            assert [each.model for each in there.probes].count("a/goes") == requests
    assert ("a/goes", "unavailable") in g.rows(engine, "SELECT model, status FROM model_status")


@g.ON_SQLITE
def test_costly_endpoints_are_asked_only_where_their_cost_is_allowed(engine: Engine) -> None:
    picture = as_json({"data": [{"url": "https://example.com/a.png"}]})
    with g.gateway(s.scripted({"a/paints": {"images/generations": picture}})) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
        assert not [each for each in there.probes if "images" in each.path]


@g.ON_SQLITE
def test_where_nobody_answers_a_dozen_searches_are_enough(engine: Engine) -> None:
    with g.gateway(s.scripted({f"a/m{number}": NOWHERE for number in range(40)})) as there:
        swept = g.sweep(g.target(there.base_url, concurrency=4), engine, g.NOON)
        assert len(there.probes) <= 40 + 16 * 4
    assert {each.reason for each in swept.sweep.observations} == {"no_endpoint"}


@g.ON_SQLITE
@pytest.mark.parametrize("plain", [s.NOT_HERE, CannedAnswer(404, "Not Found", PLAIN)])
def test_a_provider_that_moved_its_endpoint_is_a_rule_change_not_a_catalog_of_losses(
    engine: Engine, plain: CannedAnswer
) -> None:
    models = {f"a/m{number}": {CHAT: s.OK} for number in range(40)}
    with g.gateway(s.scripted(models)) as there:
        aim = g.target(there.base_url, concurrency=4)
        g.sweep(aim, engine, g.NOON)
        before = g.statuses(engine)
        there.show(s.scripted({model: {CHAT: plain} for model in models}))
        there.forget()
        swept = g.sweep(aim, engine, g.hours(1))
        assert len(there.probes) <= 12 + 4 + 3
    assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, Cause.RULE_CHANGE)
    assert g.statuses(engine) == before


@g.ON_SQLITE
def test_a_new_rule_that_names_its_remedy_is_met_within_the_same_sweep(engine: Engine) -> None:
    models = {f"a/m{number}": {CHAT: s.OK} for number in range(30)}
    renamed = {model: {CHAT: s.unless("max_completion_tokens", s.complaint(RENAMED))} for model in models}
    with g.gateway(s.scripted(models)) as there:
        aim = g.target(there.base_url, concurrency=4)
        g.sweep(aim, engine, g.NOON)
        there.show(s.scripted(renamed))
        for hour, probes in ((1, 60), (2, 30)):
            there.forget()
            swept = g.sweep(aim, engine, g.hours(hour))
            assert swept.decision.verdict is Verdict.CONCLUSIVE
            assert {str(each.outcome) for each in swept.sweep.observations} == {UP}
            assert len(there.probes) == probes
