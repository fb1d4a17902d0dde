"""Logs: one line per record whatever it holds, secrets masked, never an error of their own."""

import io
import json
import logging
import os
import sys
import threading
import warnings
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.logs import catch_uncaught, configure, event
from monitor.sweep.log import log as sweep_log

LOG = logging.getLogger("monitor.test")
SECRET = "nvapi-Zm9vYmFyYmF6"  # noqa: S105 (made up)


@pytest.fixture(autouse=True)
def restored_logging() -> Iterator[None]:
    root, ours = logging.getLogger(), logging.getLogger("monitor")
    handlers, levels = root.handlers[:], (root.level, ours.level)
    yield
    root.handlers[:] = handlers
    root.setLevel(levels[0])
    ours.setLevel(levels[1])


def fail(words: str) -> None:
    raise ValueError(words)


def logged(*, as_json: bool, level: int = logging.INFO, **fields: object) -> str:
    stream = io.StringIO()
    configure(stream, as_json=as_json, level=level, secrets=[SECRET])
    event(LOG, logging.INFO, "sweep_finished", **fields)
    return stream.getvalue()


def test_a_text_line_has_time_level_event_and_fields() -> None:
    line = logged(
        as_json=False, provider="nvidia", models=82, seconds=1.5, cause=None, words="two words", empty=""
    )
    time, _, rest = line.partition(" ")
    assert time.endswith("Z")
    assert len(time) == len("2026-11-21T00:00:00.000Z")
    fields = 'provider=nvidia models=82 seconds=1.5 cause=null words="two words" empty=""'
    assert rest == f"INFO    sweep_finished {fields}\n"


def test_a_json_line_is_one_object() -> None:
    record = json.loads(logged(as_json=True, provider="nvidia", models=82, ratio=float("nan")))
    assert record.pop("time").endswith("Z")
    assert record == {
        "level": "info",
        "logger": "monitor.test",
        "event": "sweep_finished",
        "provider": "nvidia",
        "models": 82,
        "ratio": "nan",
    }


@given(st.text(max_size=30), st.booleans())
def test_whatever_a_field_holds_a_record_is_one_line(text: str, as_json: bool) -> None:
    line = logged(as_json=as_json, model=text)
    assert line.count("\n") == 1
    assert line.endswith("\n")
    assert line[:-1].isascii()
    assert line[:-1].isprintable()
    if as_json:
        assert json.loads(line)["model"] == text


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_are_masked_wherever_they_stand(as_json: bool) -> None:
    stream = io.StringIO()
    configure(stream, as_json=as_json, level=logging.DEBUG, secrets=[SECRET, SECRET[:8], "ab"])
    try:
        fail(f"Bearer {SECRET} ab")
    except ValueError as error:
        event(LOG, logging.ERROR, "probe_failed", error=error, headers={"Authorization": SECRET})
    logging.getLogger("foreign").warning("with %s", SECRET)
    assert SECRET[:8] not in stream.getvalue()
    assert "Bearer *** ab" in stream.getvalue()
    assert stream.getvalue().count("\n") == 2


def test_tracebacks_stand_only_in_debug_logs() -> None:
    def line_at(level: int) -> str:
        stream = io.StringIO()
        configure(stream, as_json=True, level=level)
        try:
            fail("broken")
        except ValueError:
            event(LOG, logging.ERROR, "probe_failed")
        return stream.getvalue()

    assert "traceback" not in json.loads(line_at(logging.INFO))
    assert "ValueError: broken" in json.loads(line_at(logging.DEBUG))["traceback"]


def test_a_foreign_exception_keeps_to_its_line() -> None:
    stream = io.StringIO()
    configure(stream, as_json=False)
    try:
        fail("broken\nin two")
    except ValueError:
        logging.getLogger("apscheduler.executors").exception("Job\nfailed")
    assert stream.getvalue().count("\n") == 1
    assert "Job\\nfailed" in stream.getvalue()


def test_libraries_speak_from_warning_on() -> None:
    stream = io.StringIO()
    configure(stream, level=logging.DEBUG)
    for name in (
        "httpx",
        "httpx2",
        "httpcore.connection",
        "httpcore2.connection",
        "apscheduler.scheduler",
        "alembic",
        "uvicorn.access",
        "other",
    ):
        logging.getLogger(name).info("chatter")
    event(LOG, logging.DEBUG, "probe_made")
    assert [line.split()[2] for line in stream.getvalue().splitlines()] == ["probe_made"]


def test_a_level_that_is_off_costs_nothing() -> None:
    stream = io.StringIO()
    configure(stream)
    event(LOG, logging.DEBUG, "probe_made")
    assert stream.getvalue() == ""


def test_configuring_again_replaces_the_first_stream() -> None:
    first, second = io.StringIO(), io.StringIO()
    configure(first)
    configure(second)
    event(LOG, logging.INFO, "daemon_started")
    assert first.getvalue() == ""
    assert "daemon_started" in second.getvalue()


def test_what_dies_in_a_thread_or_a_finalizer_is_a_masked_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)  # put back at the end
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    stream = io.StringIO()
    configure(stream, level=logging.DEBUG, secrets=[SECRET])
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        catch_uncaught()
        thread = threading.Thread(target=fail, args=(f"key {SECRET}",))
        thread.start()
        thread.join()
        Dying()
        warnings.warn(f"the key {SECRET} is old", stacklevel=1)
    logging.captureWarnings(capture=False)
    died, ignored, warned = stream.getvalue().splitlines()
    assert "ERROR   thread_died error=" in died
    assert "ERROR   error_ignored error=" in ignored
    assert "the key *** is old" in warned
    assert SECRET not in stream.getvalue()


class Dying:
    """Fails when it is collected."""

    def __del__(self) -> None:
        fail(f"key {SECRET}")


@pytest.mark.parametrize(
    "name", ["httpx", "httpx2", "httpcore2.http11", "sqlalchemy.engine", "apprise", "uvicorn.error"]
)
def test_a_library_that_is_made_to_speak_is_masked_too(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    configure(stream, level=logging.DEBUG, secrets=[SECRET])
    library = logging.getLogger(name)
    library.setLevel(logging.DEBUG)
    monkeypatch.setattr(library, "propagate", True)  # a channel keeps Apprise's words to itself
    library.debug("sent %r to %s", {"key": SECRET.encode()}, quote_of(SECRET))
    library.setLevel(logging.NOTSET)
    assert "DEBUG   sent {'key': b'***'} to https://host/?key=***" in stream.getvalue()


def quote_of(secret: str) -> str:
    return "https://host/?key=" + "".join(f"%{byte:02X}" for byte in secret.encode())


def test_a_closed_pipe_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    stream = os.fdopen(writer, "w", buffering=1)
    configure(stream)
    event(LOG, logging.INFO, "daemon_started")
    with pytest.raises(BrokenPipeError):
        stream.close()
    event(LOG, logging.INFO, "daemon_stopped")
    assert capfd.readouterr().err == ""


def test_a_record_with_wrong_arguments_is_no_error(capfd: pytest.CaptureFixture[str]) -> None:
    configure(io.StringIO())
    logging.getLogger("foreign").warning("%d models", "many")
    assert capfd.readouterr().err == ""


def test_what_strangers_send_to_the_port_is_no_warning() -> None:
    stream = io.StringIO()
    configure(stream)
    logging.getLogger("uvicorn.error").warning("Invalid HTTP request received.")
    logging.getLogger("uvicorn.error").error("Exception in ASGI application")
    assert "Invalid HTTP" not in stream.getvalue()
    assert "Exception in ASGI" in stream.getvalue()


@pytest.mark.parametrize("shows_sweeps", [True, False])
def test_a_command_that_shows_a_sweep_itself_does_not_log_it_too(*, shows_sweeps: bool) -> None:
    stream = io.StringIO()
    configure(stream, level=logging.WARNING, shows_sweeps=shows_sweeps)
    event(sweep_log, logging.WARNING, "sweep_finished", verdict="inconclusive")
    assert ("sweep_finished" in stream.getvalue()) is not shows_sweeps
