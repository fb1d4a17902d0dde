"""What is wrong with a certificate or a handshake is told apart, with the host and what to do."""

import asyncio
import ssl

import pytest

from monitor.catalog.read import read_catalog
from monitor.catalog.reading import CatalogReading
from monitor.core.answer.exchange import CONNECTION_LEVEL, Exchange, Failure, failure_words
from monitor.core.domain.vocabulary import Cause
from monitor.http import Endpoint, exchange, open_client, tls, transport
from monitor.probe.pacer import Pacer
from tests.probe.wire import answer
from tests.support.tls import AUTHORITY, context_of, secure_server

PATIENCE_S = 30.0
OK = answer(200, {"data": []})


def result_of(context: ssl.SSLContext, host: str = "127.0.0.1") -> tuple[Exchange, str]:
    """Return what came of one request, and the host with its port."""

    async def run() -> tuple[Exchange, str]:
        async with secure_server(context, OK) as port:
            endpoint = Endpoint(base_url=f"https://{host}:{port}/v1")
            async with open_client(endpoint) as opened:
                came = await exchange(opened, "GET", endpoint.catalog, timeout_s=PATIENCE_S)
            return came, f"{host}:{port}"

    return asyncio.run(run())


@pytest.fixture
def trusting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the tests' authority as an operator would: by SSL_CERT_FILE."""
    monkeypatch.setenv("SSL_CERT_FILE", str(AUTHORITY))
    fresh = tls.tls_context.__wrapped__()
    # else it would be the one that was built before
    monkeypatch.setattr(transport, "tls_context", lambda: fresh)


@pytest.mark.parametrize(
    ("certificate", "failure", "remedy"),
    [
        ("expired", Failure.TLS_EXPIRED, "the provider has to renew it; check this machine's clock, too"),
        ("not_yet", Failure.TLS_NOT_YET, "check this machine's clock"),
        ("other_host", Failure.TLS_OTHER_HOST, "whether a network's log-in page answers"),
    ],
)
@pytest.mark.usefixtures("trusting")
def test_each_fault_of_a_certificate_is_named_with_its_host_and_its_remedy(
    certificate: str, failure: Failure, remedy: str
) -> None:
    came, host = result_of(context_of(certificate))
    assert (came.failure, came.http_status) == (failure, None)
    words = failure_words(came)
    assert words.startswith("no secure connection: the certificate ")
    assert f" ({host}): " in words
    assert words.endswith(remedy)


def test_an_unknown_authority_is_told_with_the_remedy_that_mends_it() -> None:
    came, host = result_of(context_of("valid"))
    assert came.failure is Failure.TLS_UNTRUSTED
    assert failure_words(came) == (
        f"no secure connection: no known authority signed the certificate ({host}): "
        "if you trust it, name a file with its authority in SSL_CERT_FILE"
    )


@pytest.mark.usefixtures("trusting")
def test_an_authority_in_ssl_cert_file_is_trusted() -> None:
    assert result_of(context_of("valid"))[0].failure is None


@pytest.mark.usefixtures("trusting")
def test_a_name_is_checked_as_an_address_is() -> None:
    assert result_of(context_of("other_host"), "localhost")[0].failure is Failure.TLS_OTHER_HOST


def test_no_common_tls_version_is_told_apart_from_a_bad_certificate() -> None:
    """The server's alert is what OpenSSL sends where it is too old or too new for its peer."""

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(b"\x15\x03\x03\x00\x02\x02\x46")  # alert, fatal, protocol_version
        await writer.drain()
        writer.close()

    async def run() -> Exchange:
        async with await asyncio.start_server(refuse, "127.0.0.1", 0) as server:
            endpoint = Endpoint(base_url=f"https://127.0.0.1:{server.sockets[0].getsockname()[1]}")
            async with open_client(endpoint) as opened:
                return await exchange(opened, "GET", endpoint.catalog, timeout_s=PATIENCE_S)

    assert asyncio.run(run()).failure is Failure.TLS_VERSION


def test_every_failure_of_a_connection_names_a_remedy() -> None:
    for failure in CONNECTION_LEVEL:
        text = failure_words(Exchange(failure=failure, host="api.example"))
        assert " (api.example): " in text
        assert len(text) <= 200  # a detail is cut there
    assert failure_words(Exchange(http_status=200)) == ""


@pytest.mark.usefixtures("trusting")
@pytest.mark.parametrize(
    ("certificate", "cause"),
    [
        ("expired", Cause.PROVIDER_OUTAGE),
        ("not_yet", Cause.OUR_NETWORK),
        ("other_host", Cause.OUR_NETWORK),
    ],
)
def test_rule_9_only_an_expired_certificate_fails_for_everyone(certificate: str, cause: Cause) -> None:
    async def run() -> CatalogReading:
        async with secure_server(context_of(certificate), OK) as port:
            endpoint = Endpoint(base_url=f"https://127.0.0.1:{port}/v1")
            async with open_client(endpoint) as opened:
                return await read_catalog(opened, endpoint, pacer=Pacer(None))

    trouble = asyncio.run(run()).trouble
    assert trouble is not None
    assert trouble.cause is cause
