"""Result files: every form of a line, what a file tells of itself, and what it must never tell."""

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.core.domain.ids import is_trackable_id
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import NOT_RECORDED, Cause, Kind, Outcome, Reason, Verdict
from monitor.errors import RecordError
from monitor.report.formats.blog_files import FileKind, Origin, ResultFile, kind_of_file, read_results
from monitor.report.formats.result_files import results_text

NAME = "nvidia_test_results_20260406_120000.txt"
AT = datetime(2026, 4, 6, 12, tzinfo=UTC)
KEY = "nvapi-a-key-that-nobody-may-see"
HEADING = (
    f"# Potentially hosted and reachable models for key {KEY}\n"
    "# (LLM-style chat endpoints that accept /v1/chat/completions)\n"
    "# Tested: Mon Apr  6 12:00:00 UTC 2026\n\n"
)


def read(*lines: str, name: str = NAME, origin: Origin | None = None, heading: str = HEADING) -> ResultFile:
    """Read a file of these lines under the heading that the script writes."""
    return read_results(heading + "".join(f"{line}\n" for line in lines), name, origin or Origin())


def told(found: ResultFile) -> list[tuple[str, Outcome, str, int | None]]:
    """Return what a file tells of each model."""
    return [(seen.model, seen.outcome, seen.reason, seen.http_status) for seen in found.sweep.observations]


@pytest.mark.parametrize(
    ("words", "outcome", "reason", "status"),
    [
        ("", Outcome.AVAILABLE, Reason.OK, 200),
        (" (HTTP 200 but unexpected schema)", Outcome.UNKNOWN, Reason.INVALID_ANSWER, 200),
        (" (HTTP 200 but non-LLM or unexpected schema)", Outcome.UNKNOWN, Reason.INVALID_ANSWER, 200),
        (" (HTTP 429 rate-limited)", Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429),
        (" (HTTP 429 rate-limited -- likely hosted)", Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS, 429),
        (" (HTTP 404)", Outcome.UNAVAILABLE, Reason.NOT_FOUND, 404),
        (" (HTTP 403)", Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, 403),
        (" (HTTP 401)", Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, 401),
        (" (HTTP 500)", Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 500),
        (" (HTTP 000 or no response)", Outcome.UNKNOWN, Reason.TIMEOUT, None),
        (" (HTTP  or no response)", Outcome.UNKNOWN, Reason.TIMEOUT, None),
        (" (HTTP 400 or no response)", Outcome.UNKNOWN, Reason.BAD_REQUEST, 400),
        (" (HTTP 422 or no response)", Outcome.UNKNOWN, Reason.BAD_REQUEST, 422),
        (" (HTTP 402 or no response)", Outcome.UNAVAILABLE, Reason.NOT_FOR_ACCOUNT, 402),
        (" (HTTP 410 or no response)", Outcome.UNAVAILABLE, Reason.END_OF_LIFE, 410),
        (" (HTTP 502 or no response)", Outcome.UNAVAILABLE, Reason.SERVER_ERROR, 502),
        (" (HTTP 504 or no response)", Outcome.UNAVAILABLE, Reason.NO_CAPACITY, 504),
        (" (HTTP 202 or no response)", Outcome.RATE_LIMITED, Reason.QUEUED, 202),
        (" (HTTP 301 or no response)", Outcome.UNKNOWN, Reason.WRONG_ADDRESS, 301),
        (" (HTTP 418)", Outcome.UNKNOWN, Reason.BAD_REQUEST, 418),
    ],
)
def test_each_form_of_a_line_has_its_outcome(
    words: str, outcome: Outcome, reason: Reason, status: int | None
) -> None:
    found = read(f"a/model{words}", "b/other")
    assert told(found)[0] == ("a/model", outcome, reason, status)
    assert found.nameless == ()


def test_a_file_is_a_sweep_that_the_guard_still_has_to_judge() -> None:
    sweep = read("a/up", "b/gone (HTTP 404)", "c/slow (HTTP 000 or no response)").sweep
    assert sweep == Sweep(
        provider="nvidia",
        started_at=AT,
        finished_at=AT + timedelta(milliseconds=300),
        listed=("a/up", "b/gone", "c/slow"),
        observations=(
            Observation(
                "a/up", Outcome.AVAILABLE, "ok", 0, kind=Kind.CHAT, http_status=200, served_as=NOT_RECORDED
            ),
            Observation("b/gone", Outcome.UNAVAILABLE, "not_found", 100, http_status=404),
            Observation("c/slow", Outcome.UNKNOWN, "timeout", 200),
        ),
        requests=3,
    )


@pytest.mark.parametrize(
    "word", ["model_id", "$model_id", "${model_id}", "model_name", "$model", "${model}", "$model_name"]
)
def test_the_misprint_names_no_model_and_its_lines_are_told_by_number(word: str) -> None:
    found = read(word, "a/up", f"{word} (HTTP 404)", "b/down (HTTP 500)", f"{word} (HTTP 000 or no response)")
    assert [model for model, *_ in told(found)] == ["a/up", "b/down"]
    assert found.nameless == (5, 7, 9)
    assert (found.sweep.listed, found.sweep.requests) == (("a/up", "b/down"), 5)


def test_a_file_as_the_printed_script_writes_it_is_refused_with_the_remedy() -> None:
    with pytest.raises(
        RecordError, match=r"none of its 2 lines names a model.*model_id.*\"\$model\""
    ) as error:
        read("model_id", "model_id (HTTP 404)")
    assert KEY not in str(error.value)
    assert str(error.value).startswith(NAME)


def test_what_another_program_said_between_the_lines_is_no_model() -> None:
    found = read("a/up", "curl: (28) Operation timed out", "b/up")
    assert (found.sweep.listed, found.nameless) == (("a/up", "b/up"), (6,))


def test_a_model_that_repeats_keeps_its_first_result_and_is_counted() -> None:
    sweep = read("a/up", "a/up (HTTP 500)", "b/up", "a/up").sweep
    assert [(seen.model, seen.outcome) for seen in sweep.observations] == [
        ("a/up", Outcome.AVAILABLE),
        ("b/up", Outcome.AVAILABLE),
    ]
    assert (sweep.listed, sweep.duplicates, sweep.requests) == (("a/up", "b/up"), 2, 4)


def test_an_id_that_cannot_be_tracked_is_counted_rule_33() -> None:
    sweep = read("a/up", "b" * 513, "c\x07d (HTTP 404)").sweep
    assert (sweep.listed, sweep.rejected) == (("a/up",), 2)


@pytest.mark.parametrize(
    ("codes", "reasons"),
    [((401, 401), ("credential", "credential")), ((401, 402, 403), ("credential", "quota", "credential"))],
)
def test_a_refusal_that_everyone_got_is_the_accounts_rule_6(
    codes: Sequence[int], reasons: Sequence[str]
) -> None:
    found = read(*(f"m/{place} (HTTP {code})" for place, code in enumerate(codes)))
    assert [(seen.outcome, seen.reason) for seen in found.sweep.observations] == [
        (Outcome.UNKNOWN, reason) for reason in reasons
    ]


@pytest.mark.parametrize(
    ("name", "origin", "provider", "started_at"),
    [
        ("nvidia_test_results_20260406_120000.txt", Origin(), "nvidia", AT),
        ("my-nim_test_results_20260406_120000.txt.gz", Origin(), "my-nim", AT),
        ("results-20260406_120000-old.log", Origin(), "nvidia", AT),
        (NAME, Origin(provider="other"), "other", AT),
        (NAME, Origin(zone=ZoneInfo("Europe/Berlin")), "nvidia", AT - timedelta(hours=2)),
        ("-", Origin(at=AT), "nvidia", AT),
        (NAME, Origin(at=AT + timedelta(days=1)), "nvidia", AT + timedelta(days=1)),
    ],
)
def test_the_name_or_the_user_tells_whose_it_is_and_when_it_was_made(
    name: str, origin: Origin, provider: str, started_at: datetime
) -> None:
    sweep = read("a/up", name=name, origin=origin).sweep
    assert (sweep.provider, sweep.started_at) == (provider, started_at)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("results.txt", r"it does not say when.*<provider>_test_results_<YYYYmmdd_HHMMSS>\.txt.*--at"),
        ("nvidia_test_results_1234567_120000.txt", "it does not say when"),
        ("nvidia_test_results_20261306_120000.txt", "an invalid date or time"),
        ("nvidia_test_results_19700101_000000.txt", "the year must be 2000 to 2079"),
        (f"{'x' * 65}_test_results_20260406_120000.txt", "provider: must not be longer than 64"),
    ],
)
def test_a_name_that_cannot_be_used_is_refused(name: str, words: str) -> None:
    with pytest.raises(RecordError, match=words):
        read("a/up", name=name)


def test_a_file_without_results_is_refused() -> None:
    with pytest.raises(RecordError, match="holds no result of any model"):
        read()


@pytest.mark.parametrize(
    ("date", "word"),
    [
        ("Mon Apr  6 14:00:00 CEST 2026", "CEST"),
        ("Mon Apr  6 02:00:00 PM CEST 2026", "CEST"),
        ("Mo 6. Apr 14:00:00 MESZ 2026", "MESZ"),
        ("Mon Apr  6 12:00:00 UTC 2026", None),
        ("Mon 06 Apr 2026 12:00:00 PM", None),
    ],
)
def test_the_zone_in_a_heading_is_noticed(date: str, word: str | None) -> None:
    heading = HEADING.replace("Mon Apr  6 12:00:00 UTC 2026", date)
    assert read("a/up", heading=heading).zone_word == word


def test_a_file_from_windows_and_one_without_a_heading_are_read_too() -> None:
    text = ("\ufeff" + HEADING + "a/up\nb/gone (HTTP 404)\n").replace("\n", "\r\n")
    assert told(read_results(text, NAME, Origin())) == told(read("a/up", "b/gone (HTTP 404)", heading=""))


# ---- What a file is ----


@pytest.mark.parametrize(
    ("name", "lines", "form"),
    [
        ("a.jsonl", ['{"provider": "p"}'], FileKind.RECORDS),
        (NAME, ['\ufeff {"provider": "p"}'], FileKind.RECORDS),
        ("nvidia_hosted_models_20260406_120000.jsonl", ["", '{"provider": "p"}'], FileKind.RECORDS),
        ("a.txt", HEADING.splitlines(), FileKind.RESULTS),
        ("a.txt", ["a/up", "b/gone (HTTP 404)"], FileKind.RESULTS),
        ("a.txt", ["a/up", "model_id"], FileKind.RESULTS),
        ("a.txt", ["a/up (HTTP 200, available: ok)"], FileKind.RESULTS),
        (NAME, ["a/up"], FileKind.RESULTS),
        (NAME, [], FileKind.RESULTS),
        ("a.txt", ["a/up", "b/up:free"], FileKind.HOSTED),
        ("nvidia_hosted_models_20260406_120000.txt", ["plain-id"], FileKind.HOSTED),
        ("nvidia_hosted_models_20260406_120000.txt", [], FileKind.HOSTED),
        ("a.txt", [], FileKind.RECORDS),
        ("a.txt", ["not json"], FileKind.RECORDS),
        ("a.txt", ["[1, 2]"], FileKind.RECORDS),
    ],
)
def test_a_file_is_known_by_what_it_holds(name: str, lines: list[str], form: FileKind) -> None:
    assert kind_of_file(name, lines) is form


def test_only_the_beginning_of_a_file_is_looked_at() -> None:
    assert kind_of_file("a", iter(['{"provider": 1}', *"x"])) is FileKind.RECORDS
    endless = ("a/up" for _ in iter(int, 1))
    assert kind_of_file("a", endless) is FileKind.HOSTED


# ---- Any file in the script's form, and in ours ----

MISPRINT = re.compile(r"\$?\{?model(_id|_name)?\}?")  # what the printed script writes names no model
ids = st.text(max_size=30).filter(
    lambda text: (
        is_trackable_id(text)
        and not text.startswith("#")
        and text == "".join(text.split())
        and not MISPRINT.fullmatch(text)
    )
)
answers = st.sampled_from(
    [
        ("", 200),
        (" (HTTP 200 but unexpected schema)", 200),
        (" (HTTP 429 rate-limited)", 429),
        *((f" (HTTP {code})", code) for code in (404, 403, 401, 500)),
        *((f" (HTTP {code:03d} or no response)", code or None) for code in (0, 400, 410, 422, 503, 504)),
    ]
)


@given(st.lists(st.tuples(ids, answers), min_size=1, unique_by=lambda each: each[0]))
def test_any_sequence_of_lines_in_the_scripts_form_is_read_back(
    results: list[tuple[str, tuple[str, int | None]]],
) -> None:
    found = read(*(f"{model}{words}" for model, (words, _) in results))
    assert found.sweep.listed == tuple(model for model, _ in results)
    assert [seen.http_status for seen in found.sweep.observations] == [code for _, (_, code) in results]
    assert found.nameless == ()


@given(st.text())
def test_whatever_a_file_holds_it_is_read_or_refused_and_never_shown(text: str) -> None:
    try:
        found = read_results(text, NAME, Origin())
    except RecordError as error:
        words, found = str(error), None
    assert len(found.sweep.listed) == len(found.sweep.observations) if found else words.startswith(NAME)


our_ids = st.text(max_size=30).filter(is_trackable_id)
our_observations = st.builds(
    Observation,
    model=our_ids,
    outcome=st.sampled_from(Outcome),
    reason=st.sampled_from(Reason).map(str),
    at_ms=st.just(0),
    http_status=st.none() | st.integers(100, 599),
)


@given(
    st.lists(our_observations, min_size=1, unique_by=lambda seen: seen.model),
    st.sampled_from([(Verdict.CONCLUSIVE, None), (Verdict.INCONCLUSIVE, Cause.INTERRUPTED)]),
    st.integers(0, 9),
)
def test_our_own_file_is_read_back_with_its_verdict(
    seen: list[Observation], verdict: tuple[Verdict, Cause | None], duplicates: int
) -> None:
    sweep = Sweep(
        provider="my-nim",
        started_at=AT + timedelta(milliseconds=321),
        finished_at=AT + timedelta(minutes=2),
        listed=tuple(each.model for each in seen),
        observations=tuple(seen),
        verdict=verdict[0],
        cause=verdict[1],
        duplicates=duplicates,
    )
    text = results_text(sweep)
    assert kind_of_file("anything.txt", text.split("\n")) is FileKind.RESULTS
    found = read_results(text, "-", Origin(zone=ZoneInfo("Asia/Tokyo")))
    assert told(found) == [(each.model, each.outcome, each.reason, each.http_status) for each in seen]
    assert replace(found.sweep, observations=(), requests=0) == replace(
        sweep, started_at=AT, finished_at=AT + len(seen) * timedelta(milliseconds=100), observations=()
    )
    assert (found.nameless, found.zone_word) == ((), None)


def test_our_own_file_of_a_catalog_that_could_not_be_read_is_an_inconclusive_sweep() -> None:
    sweep = Sweep(
        provider="nvidia",
        started_at=AT,
        finished_at=AT,
        verdict=Verdict.INCONCLUSIVE,
        cause=Cause.CATALOG_UNREADABLE,
    )
    assert read_results(results_text(sweep), NAME, Origin()).sweep == sweep
