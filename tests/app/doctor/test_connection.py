"""The way to a server is checked step by step, and a check that fails or hangs is a line of its own."""

import asyncio
import re
import ssl

import pytest

from monitor.app.doctor import connection
from monitor.app.doctor.connection import check_connection
from monitor.app.doctor.diagnosis import CheckState, Diagnosis, guarded
from monitor.core.answer.exchange import FAILURE_TEXT, Failure
from tests.probe.wire import answer
from tests.support.tls import AUTHORITY, context_of, secure_server


def way_to(kind: str) -> tuple[list[Diagnosis], bool]:
    async def run() -> tuple[list[Diagnosis], bool]:
        async with secure_server(context_of(kind), answer(200, {"data": []})) as port:
            return await check_connection("acme", f"https://127.0.0.1:{port}/v1")

    return asyncio.run(run())


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the tests' authority."""
    context = ssl.create_default_context(cafile=str(AUTHORITY))
    monkeypatch.setattr(connection, "tls_context", lambda: context)


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(
    ("kind", "failure"),
    [
        ("expired", Failure.TLS_EXPIRED),
        ("not_yet", Failure.TLS_NOT_YET),
        ("other_host", Failure.TLS_OTHER_HOST),
    ],
)
def test_what_is_wrong_with_a_certificate_is_said(kind: str, failure: Failure) -> None:
    (*_, connected, certificate), leads = way_to(kind)
    assert (connected.name, connected.state, leads) == ("tcp", CheckState.OK, False)
    assert (certificate.name, certificate.state) == ("tls", CheckState.FAULT)
    assert (certificate.detail, bool(certificate.advice)) == (FAILURE_TEXT[failure], True)


def test_an_unknown_authority_is_said() -> None:
    (*_, certificate), leads = way_to("valid")
    assert (certificate.detail, leads) == (FAILURE_TEXT[Failure.TLS_UNTRUSTED], False)


@pytest.mark.usefixtures("trusting")
def test_of_a_valid_certificate_its_days_are_said() -> None:
    (*_, certificate), leads = way_to("valid")
    assert leads
    assert re.search(r"valid for \d+ more days|expires in \d+ days", certificate.detail)


def test_a_check_that_fails_or_hangs_is_a_line_of_its_own() -> None:
    async def fails() -> list[Diagnosis]:
        raise ZeroDivisionError

    async def hangs() -> list[Diagnosis]:
        await asyncio.Event().wait()
        return []

    async def run() -> list[Diagnosis]:
        return [*await guarded("a", "b", fails()), *await guarded("c", "d", hangs(), 0.01)]

    failed, hung = asyncio.run(run())
    assert (failed.state, "ZeroDivisionError" in failed.detail) == (CheckState.FAULT, True)
    assert (hung.state, "not checked within" in hung.detail) == (CheckState.FAULT, True)
