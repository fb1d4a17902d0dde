"""Sweep records: what goes out comes in again, and what is wrong is told with its place."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.clock import to_datetime
from monitor.core.domain.ids import is_trackable_id
from monitor.core.domain.sweep import ModelOrigin, Observation, Sweep
from monitor.core.domain.vocabulary import NOT_RECORDED, Outcome, Verdict
from monitor.errors import RecordError
from monitor.report.formats.records import format_record, parse_record

CONTRACT = (
    '{"provider": "nvidia", "vantage": "default", "started_at": "2026-04-06T12:00:00Z", '
    '"finished_at": "2026-04-06T12:04:10Z", "verdict": "conclusive", "cause": null, '
    '"slot": "2026-04-06T12:00:00Z", "listed": ["meta/llama-3.1-8b-instruct"], "duplicates": 0, '
    '"requests": 1, "observations": [{"model": "meta/llama-3.1-8b-instruct", "kind": "chat", '
    '"outcome": "available", "reason": "ok", "http_status": 200, "latency_ms": 312, "at_ms": 1500, '
    '"attempts": 1, "retires_at": null, "served_as": null}]}'
)

words = st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=20)
names = st.text(
    st.characters(exclude_categories=["Cc", "Cs"], exclude_characters="/\\"), min_size=1, max_size=64
)
ids = st.text(max_size=30).filter(is_trackable_id)
moments = st.integers(946_684_800_000, 3_400_000_000_000).map(to_datetime)
counts = st.integers(0, 2**31 - 1)


@st.composite
def sweeps(draw: st.DrawFn) -> Sweep:
    """Draw any sweep that a record can hold."""
    listed = draw(st.lists(ids, unique=True, max_size=5))
    seen = [name for name in listed if draw(st.booleans())]
    started_at = draw(moments)
    return Sweep(
        provider=draw(names),
        vantage=draw(words),
        started_at=started_at,
        finished_at=started_at + timedelta(milliseconds=draw(st.integers(0, 10**8))),
        verdict=draw(st.none() | st.sampled_from(Verdict)),
        cause=draw(st.none() | words),
        slot=draw(st.none() | moments),
        listed=tuple(listed),
        observations=tuple(draw(observations(name)) for name in seen),
        duplicates=draw(counts),
        rejected=draw(counts),
        requests=draw(counts),
        accepted=draw(st.booleans()),
        detail=draw(st.none() | st.text("details ", max_size=20)),
        origins=tuple(draw(origins(name)) for name in sorted(listed) if draw(st.booleans())),
    )


def origins(model: str) -> st.SearchStrategy[ModelOrigin]:
    """Draw any origin of a model."""
    return st.builds(ModelOrigin, st.just(model), st.none() | words, st.none() | moments)


def observations(model: str) -> st.SearchStrategy[Observation]:
    """Draw any observation of a model."""
    return st.builds(
        Observation,
        model=st.just(model),
        outcome=st.sampled_from(Outcome),
        reason=words,
        at_ms=st.integers(0, 7 * 86_400_000),
        kind=words,
        http_status=st.none() | st.integers(0, 999),
        latency_ms=st.none() | counts,
        attempts=counts,
        retires_at=st.none() | moments,
        detail=st.none()
        | st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50),
        first_token_ms=st.none() | counts,
        tokens_per_s=st.none() | st.floats(min_value=0, allow_nan=False, allow_infinity=False),
        served_as=st.none() | ids,
    )


@given(sweeps())
def test_a_sweep_written_as_a_record_is_read_back_the_same(sweep: Sweep) -> None:
    line = format_record(sweep)
    assert "\n" not in line
    assert parse_record(line, "f:1") == sweep
    assert format_record(parse_record(line, "f:1")) == line


def test_the_record_of_the_contract_is_written_as_it_was_read() -> None:
    assert format_record(parse_record(CONTRACT, "f:1")) == CONTRACT


def test_what_is_left_out_has_its_usual_value() -> None:
    bare = {
        "provider": "p",
        "started_at": "2026-04-06T14:00:00.0125+02:00",
        "finished_at": "2026-04-06T12:00:01Z",
    }
    sweep = parse_record(json.dumps(bare | {"listed": [], "observations": []}), "f:1")
    assert sweep.started_at == datetime(2026, 4, 6, 12, 0, 0, 12_000, tzinfo=UTC)
    assert (sweep.vantage, sweep.verdict, sweep.slot, sweep.requests) == ("default", None, None, 0)


def test_what_streaming_told_is_written_only_where_there_is_some() -> None:
    line = changed_record({}, [{"first_token_ms": 120, "tokens_per_s": 45.67}])
    (seen,) = parse_record(line, "f:1").observations
    assert (seen.first_token_ms, seen.tokens_per_s) == (120, 45.67)
    assert format_record(parse_record(line, "f:1")) == line
    assert not {"first_token_ms", "tokens_per_s"} & json.loads(CONTRACT)["observations"][0].keys()


def test_rule_37_who_answered_may_be_missing_from_a_record_and_is_always_written() -> None:
    line = changed_record({}, [{"served_as": "gpt-4o-2024-08-06"}])
    (seen,) = parse_record(line, "f:1").observations
    assert seen.served_as == "gpt-4o-2024-08-06"
    assert format_record(parse_record(line, "f:1")) == line
    unknown = parse_record(changed_record({}, [{"served_as": ""}]), "f")
    assert [each.served_as for each in unknown.observations] == [NOT_RECORDED]
    older = CONTRACT.replace(', "served_as": null', "")
    assert format_record(parse_record(older, "f:1")) == CONTRACT


@pytest.mark.parametrize(("given", "rate"), [(42, "42.0"), (0, "0.0"), (-0.0, "0.0"), (1e300, "1e+300")])
def test_a_rate_may_be_a_whole_number_and_is_never_less_than_nothing(given: float, rate: str) -> None:
    (seen,) = parse_record(changed_record({}, [{"tokens_per_s": given}]), "f:1").observations
    assert repr(seen.tokens_per_s) == rate


def test_ids_that_cannot_be_tracked_are_left_out_and_counted() -> None:
    bad = ["with\nline", "lone\ud800", "x" * 513, ""]
    changed = changed_record(
        {"listed": [*bad, "a", "b", "a"], "duplicates": 3, "rejected": 1},
        [{"model": "a"}, *({"model": name} for name in bad)],
    )
    sweep = parse_record(changed, "f:1")
    assert (sweep.listed, sweep.rejected, sweep.duplicates) == (("a", "b"), 5, 4)
    assert [each.model for each in sweep.observations] == ["a"]


def changed_record(changes: dict[str, Any], seen: list[dict[str, Any]] | None = None) -> str:
    """Return the contract's record with other values; None as a value leaves the key out."""
    record: dict[str, Any] = json.loads(CONTRACT)
    if seen is not None:
        record["observations"] = [record["observations"][0] | each for each in seen]
    record |= changes
    return json.dumps({key: value for key, value in record.items() if value is not ...})


LLAMA = "meta/llama-3.1-8b-instruct"


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("", "is not JSON (column 1)"),
        ("{", "is not JSON (column 2)"),
        ('{"a": NaN}', "NaN is not a number"),
        ("[" * 100_000, "is not JSON"),
        ("[]", "must be a JSON object"),
        (changed_record({"colour": "red"}), "unknown key 'colour'"),
        (changed_record({}, [{"model": LLAMA, "mood": 1}]), "unknown key 'observations[0].mood'"),
        (changed_record({"provider": ...}), "missing key 'provider'"),
        (changed_record({"listed": ...}), "missing key 'listed'"),
        (changed_record({"provider": 3}), "provider: expected a text"),
        (changed_record({"provider": "a\nb"}), "provider: control characters are not allowed"),
        (changed_record({"provider": "a/b"}), "provider: must not hold a slash"),
        (changed_record({"provider": "x" * 65}), "provider: must not be longer than 64 characters"),
        (changed_record({"vantage": ""}), "vantage: must not be empty"),
        (changed_record({"cause": "\ud800"}), "cause: the text holds half a character"),
        (
            changed_record({"started_at": "2026-04-06T12:00:00"}),
            "started_at: '2026-04-06T12:00:00' is not a time",
        ),
        (changed_record({"started_at": 1775476800}), "started_at: '1775476800' is not a time"),
        (changed_record({"slot": "noon"}), "slot: 'noon' is not a time with Z or an offset"),
        (changed_record({"started_at": "1999-12-31T23:59:59Z"}), "started_at: the year must be 2000 to 2079"),
        (
            changed_record({"finished_at": "2080-01-01T00:00:00Z"}),
            "finished_at: the year must be 2000 to 2079",
        ),
        (changed_record({"finished_at": "2026-04-06T11:59:59Z"}), "finished_at: lies before started_at"),
        (changed_record({"duplicates": -1}), "duplicates: must be at least 0"),
        (changed_record({"requests": 1.5}), "requests: expected a whole number"),
        (changed_record({"requests": True}), "requests: expected a whole number"),
        (changed_record({"requests": 2**31}), "requests: must be at most 2147483647"),
        (changed_record({"accepted": "yes"}), "accepted: expected true or false"),
        (changed_record({"verdict": "maybe"}), "verdict: expected 'conclusive' or 'inconclusive'"),
        (changed_record({"listed": "all"}), "listed: expected a list"),
        (changed_record({"listed": [1]}), "listed[0]: expected a text"),
        (changed_record({"observations": {}}), "observations: expected a list"),
        (changed_record({}, [{"outcome": "great"}]), "observations[0].outcome: expected 'available'"),
        (
            changed_record({}, [{"at_ms": -5}]),
            "observations[0].at_ms: must be at least 0",
        ),
        (changed_record({}, [{"at_ms": 604_800_001}]), "observations[0].at_ms: must be at most 604800000"),
        (changed_record({}, [{"first_token_ms": 1.5}]), "observations[0].first_token_ms: expected a whole"),
        (changed_record({}, [{"first_token_ms": -1}]), "observations[0].first_token_ms: must be at least 0"),
        (changed_record({}, [{"tokens_per_s": "9"}]), "observations[0].tokens_per_s: expected a number"),
        (changed_record({}, [{"tokens_per_s": True}]), "observations[0].tokens_per_s: expected a number"),
        (changed_record({}, [{"tokens_per_s": 10**400}]), "observations[0].tokens_per_s: expected a number"),
        (changed_record({}, [{"tokens_per_s": -0.5}]), "observations[0].tokens_per_s: must be at least 0"),
        (
            changed_record({}, [{"tokens_per_s": 9.5}]).replace("9.5", "1e999"),
            "observations[0].tokens_per_s: must be a number that a double can hold",
        ),
        (changed_record({"observations": [1]}), "observations[0]: expected an object"),
        (changed_record({}, [{"detail": "a\0b"}]), "observations[0].detail: control characters"),
        *(
            (changed_record({}, [{"served_as": name}]), "observations[0].served_as: must be like an id")
            for name in (" \n", "a\0b", "a\nb", "x" * 513)
        ),
        (changed_record({}, [{"served_as": 4}]), "observations[0].served_as: expected a text"),
        (changed_record({}, [{"model": "not/listed"}]), "observations[0].model: 'not/listed' is not listed"),
        (changed_record({}, [{}, {}]), f"observations[1].model: '{LLAMA}' was observed before"),
    ],
)
def test_a_wrong_record_is_refused_with_its_place_and_what_is_wrong(line: str, message: str) -> None:
    with pytest.raises(RecordError) as caught:
        parse_record(line, "history.jsonl:17")
    assert str(caught.value).startswith("history.jsonl:17: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    str(caught.value).encode()


@given(
    st.text() | st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists).map(json.dumps)
)
def test_whatever_is_no_record_is_refused_cleanly(line: str) -> None:
    with pytest.raises(RecordError):
        parse_record(line, "f:1")
