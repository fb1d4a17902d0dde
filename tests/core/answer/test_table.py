"""Under which statuses an answer's words count: the columns of docs/provider-facts.md, section 4."""

import pytest

from monitor.core.answer.answer import read_answer
from monitor.core.answer.exchange import Exchange, Failure
from monitor.core.domain.vocabulary import Outcome, Reason
from monitor.core.request.forms import PLAIN_CHAT
from tests.core.answer.test_shapes import MODEL, NOW, look

# Those at which some row begins or ends, and all that have a meaning of their own.
STATUSES = {100, 199, 200, 299, 300, 399, *range(400, 460), 498, 499, *range(500, 535), 598, 599, 600, 999}


def statuses(text: str) -> set[int]:
    """Read `400 500-504`."""
    spans = [part.partition("-") for part in text.split()]
    return STATUSES & {
        status for first, _, last in spans for status in range(int(first), int(last or first) + 1)
    }


@pytest.mark.parametrize(
    ("where", "outcome", "reason"),
    [
        ("200-299", Outcome.UNAVAILABLE, Reason.INVALID_ANSWER),
        ("300-399 405", Outcome.UNKNOWN, Reason.WRONG_ADDRESS),
        ("401 403", Outcome.UNKNOWN, Reason.CREDENTIAL),
        ("402", Outcome.UNKNOWN, Reason.QUOTA),
        ("404 501", Outcome.UNKNOWN, Reason.NO_ENDPOINT),
        ("407", Outcome.UNKNOWN, Reason.CONNECTION_FAILED),
        ("408", Outcome.UNKNOWN, Reason.TIMEOUT),
        ("410", Outcome.UNAVAILABLE, Reason.END_OF_LIFE),
        ("429", Outcome.RATE_LIMITED, Reason.TOO_MANY_REQUESTS),
        ("504", Outcome.UNAVAILABLE, Reason.NO_CAPACITY),
        ("529", Outcome.RATE_LIMITED, Reason.SATURATED),
        ("500 502-503 505-528 530-599", Outcome.UNAVAILABLE, Reason.SERVER_ERROR),
        ("100-199 400 406 409 411-428 430-499 600-999", Outcome.UNKNOWN, Reason.BAD_REQUEST),
    ],
)
def test_a_status_without_a_word_means(where: str, outcome: Outcome, reason: Reason) -> None:
    means = {status: look("", status=status) for status in STATUSES}
    assert {status for status, finding in means.items() if finding.reason is reason} == statuses(where)
    assert {finding.outcome for finding in means.values() if finding.reason is reason} == {outcome}


@pytest.mark.parametrize(
    ("words", "row", "reason", "where"),
    [
        ("insufficient balance", "9", Reason.QUOTA, "200-299 400-406 409-599"),
        ("please recharge", "9", Reason.QUOTA, "200-299 400-406 409-599"),
        ("100 requests per day: limit reached", "21", Reason.MODEL_QUOTA, "200-299 400 403 411-529"),
        ("this model has been retired", "10", Reason.END_OF_LIFE, "200-299 400 403-404 410 422"),
        (
            "the model does not exist or you lack access",
            "15",
            Reason.NOT_FOUND,
            "200-299 400-401 403-404 409 422 424 451 500-503",
        ),
        (
            "not in your plan",
            "8",
            Reason.NOT_FOR_ACCOUNT,
            "200-299 400-401 403-404 409 422 424 429 451 500-503",
        ),
        (
            "you are not allowed to access it",
            "8",
            Reason.NOT_FOR_ACCOUNT,
            "200-299 400-401 403-404 409 422 424 451 500-503",
        ),
        ("it is no longer available", "11", Reason.WITHDRAWN, "200-299 404"),
        ("this model is no longer available", "11", Reason.WITHDRAWN, "200-299 400 403-404 422"),
        ("model disabled", "11", Reason.WITHDRAWN, "200-299 400-401 403-404 422"),
        ("not found for account", "14", Reason.NOT_FOR_ACCOUNT, "200-299 404"),
        (
            "is not found for api version v1 or is not supported for it",
            "15",
            Reason.NO_ENDPOINT,
            "200-299 400 404",
        ),
        (
            "not a chat model",
            "18",
            Reason.NO_ENDPOINT,
            "200-299 400-401 403-404 409 415 422 424 451 500-503",
        ),
        ("no endpoints found that support it", "17", Reason.NEEDS_OTHER_REQUEST, "200-299 404 500"),
        (
            "model_not_found",
            "15",
            Reason.NOT_FOUND,
            "200-299 400-401 403-404 409 422 424 451 500 502-503",
        ),
        ("authorization failed", "7", Reason.CREDENTIAL, "200-299 400 403"),
        ("no api key passed in", "7", Reason.CREDENTIAL, "200-299 400 403 500"),
        ("authentication error", "7", Reason.CREDENTIAL, "200-299 400 403 500"),
        ("unsupported_country", "7", Reason.CREDENTIAL, "200-299 400 403"),
        ("too many requests", "22", Reason.TOO_MANY_REQUESTS, "200-299 400 403 411-500 502-528"),
        ("loading model", "26", Reason.SATURATED, "200-299 400 409 411-500 502-504"),
        ("degraded function", "16", Reason.DEGRADED, "200-299 400 405-406 409 411-500 502-599"),
        ("overloaded", "23", Reason.SATURATED, "200-299 400 409 411-421 423-500 502-504 529"),
        ("resource exhausted", "23", Reason.SATURATED, "200-299 409 411-421 423-428 430-500 502-504 529"),
        ("urn:inference-service:x", "19", Reason.NEEDS_OTHER_REQUEST, "400 422"),
        ("temperature", "17", Reason.NEEDS_OTHER_REQUEST, "400 422"),
        ("no deployments available", "26", Reason.NO_CAPACITY, "200-299 429 503-504"),
        ("no instances", "26", Reason.NO_CAPACITY, "500 502-504"),
    ],
)
def test_words_count_under_these_statuses_and_no_others(
    words: str, row: str, reason: Reason, where: str
) -> None:
    body = {"error": {"message": words}}
    means = {status: look(body, status=status) for status in STATUSES}
    counting = {status for status, finding in means.items() if (finding.row, finding.reason) == (row, reason)}
    assert counting == statuses(where)


def test_a_filters_words_are_of_the_request() -> None:
    body = {"error": {"message": "content policy violation"}}
    means = {status for status in STATUSES if look(body, status=status).reason is Reason.BAD_REQUEST}
    assert means == statuses("100-299 400 403 406 409 411-428 430-499 600-999")


def test_a_number_in_an_error_counts_where_it_says_something_by_itself() -> None:
    counting = {
        number
        for number in STATUSES
        if look({"error": {"code": number, "message": "hm"}}).reason is not Reason.INVALID_ANSWER
    }
    assert counting == statuses("400-405 407-408 410 422 429 500-599")


@pytest.mark.parametrize(
    ("status", "reason"), [(None, Reason.TIMEOUT), (999, Reason.TIMEOUT), (1000, Reason.BAD_REQUEST)]
)
def test_a_failure_counts_with_no_status_and_with_every_one_of_three_digits(
    status: int | None, reason: Reason
) -> None:
    exchange = Exchange(http_status=status, failure=Failure.TIMEOUT_AFTER_HEADERS)
    assert read_answer(exchange, PLAIN_CHAT, MODEL, now=NOW, at_ms=0).finding.reason is reason


@pytest.mark.parametrize(("wait", "reason"), [("3600", Reason.SWITCHED_OFF), ("3599", Reason.SERVER_ERROR)])
def test_who_asks_to_wait_an_hour_in_a_problem_document_is_switched_off(wait: str, reason: Reason) -> None:
    found = look("", status=503, retry_after=wait, content_type="application/problem+json")
    assert found.reason is reason
    assert look("", status=503, retry_after=wait).reason is Reason.SERVER_ERROR


@pytest.mark.parametrize(
    ("detail", "reason"),
    [
        ([{"loc": []}, 5], Reason.NEEDS_OTHER_REQUEST),
        ([{"loc": []}, {"msg": "m"}], Reason.NEEDS_OTHER_REQUEST),
        ([5, {"loc": []}], Reason.BAD_REQUEST),
        ([{"msg": "m"}, {"loc": []}], Reason.BAD_REQUEST),
        ([], Reason.BAD_REQUEST),
        ("loc", Reason.BAD_REQUEST),
    ],
)
def test_the_first_complaint_that_names_a_place_is_of_the_request(detail: object, reason: Reason) -> None:
    assert look({"detail": detail}, status=422).reason is reason


@pytest.mark.parametrize(("marks", "reason"), [(84, Reason.INVALID_ANSWER), (83, Reason.CREDENTIAL)])
def test_a_cdns_own_number_stands_alone_in_a_hundred_characters(marks: int, reason: Reason) -> None:
    assert look("error code: 1020" + "." * marks + "x", status=403).reason is reason


def test_who_is_busy_says_more_than_that_there_are_too_many_requests() -> None:
    """But for the statuses under which only a limit is spoken of."""
    means = {
        status: look({"error": {"message": "overloaded: too many requests"}}, status=status)
        for status in STATUSES
    }
    limiting = {status for status, found in means.items() if found.reason is Reason.TOO_MANY_REQUESTS}
    assert limiting == {403, 413, 422, *range(505, 529)}
    assert {400, 412, 414, 421, 423, 424, 425, 429, 503, 529} <= {
        status for status, found in means.items() if found.reason is Reason.SATURATED
    }


@pytest.mark.parametrize(("status", "reason"), [(504, Reason.NO_CAPACITY), (505, Reason.SERVER_ERROR)])
def test_who_has_no_instance_has_no_capacity_however_busy(status: int, reason: Reason) -> None:
    body = {"error": {"message": "no instances: overloaded"}}
    assert look(body, status=status).reason is reason


@pytest.mark.parametrize(
    ("status", "reason"), [("errored", Reason.NO_CAPACITY), ("fulfilled", Reason.INVALID_ANSWER)]
)
def test_an_empty_answer_of_a_worker_that_failed_is_of_no_capacity(status: str, reason: Reason) -> None:
    assert look("", nvcf_status=status).reason is reason
