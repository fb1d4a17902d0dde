"""The only place that configures logging: one line per record, as text or JSON, secrets masked.

A record is a constant snake_case event and its fields: `event(log, INFO, "sweep_finished", models=82)`.
Fields are data, not words; whatever they hold, a record stays one line.
"""

import json
import logging
import sys
import threading
import time
from collections.abc import Iterable, Mapping
from math import isfinite
from typing import TextIO

_OURS = "monitor"
_SWEEPS = "monitor.sweep.log"
# they log every request or job at INFO: thousands of lines a day
_LOUD = (
    "httpx",
    "httpx2",
    "httpcore",
    "httpcore2",
    "apscheduler",
    "alembic",
    "uvicorn",
    "sqlalchemy",
    "asyncio",
    "stamina",
)


def event(log: logging.Logger, level: int, name: str, /, **fields: object) -> None:
    """Log one event; inside an `except` block at DEBUG its traceback goes along."""
    if log.isEnabledFor(level):
        # an event is one line at INFO; the traceback is for debugging
        log.log(level, name, extra={"fields": fields}, exc_info=log.isEnabledFor(logging.DEBUG))


def configure(
    stream: TextIO,
    *,
    as_json: bool = False,
    level: int = logging.INFO,
    secrets: Iterable[str] = (),
    shows_sweeps: bool = False,
) -> None:
    """Send every record to `stream`, replacing what was configured; libraries speak from WARNING on.

    `shows_sweeps`: the command says itself how a sweep ended, so that the log says nothing of it.
    """
    sink = _Stream(stream)
    sink.setFormatter((_JsonLine if as_json else _TextLine)(secrets))
    root = logging.getLogger()  # everything goes through the root: libraries log by their own names
    for old in root.handlers[:]:  # a copy, since removeHandler changes the list that is walked
        root.removeHandler(old)
    root.addHandler(sink)
    root.setLevel(logging.WARNING)  # an unknown library is heard from WARNING on, like those listed
    logging.getLogger(_OURS).setLevel(level)
    for name in _LOUD:
        logging.getLogger(name).setLevel(logging.WARNING)
    # it warns of what strangers send to its port, and nothing of that is for the operator
    logging.getLogger("uvicorn").setLevel(logging.ERROR)
    logging.getLogger(_SWEEPS).setLevel(logging.ERROR if shows_sweeps else logging.NOTSET)


def catch_uncaught() -> None:
    """Log what would print a traceback past the log: exceptions of threads and finalizers, warnings."""
    log = logging.getLogger(_OURS)

    def in_thread(uncaught: threading.ExceptHookArgs) -> None:
        event(log, logging.ERROR, "thread_died", error=repr(uncaught.exc_value))

    def in_finalizer(uncaught: "sys.UnraisableHookArgs") -> None:
        event(log, logging.ERROR, "error_ignored", error=repr(uncaught.exc_value))

    threading.excepthook, sys.unraisablehook = in_thread, in_finalizer
    logging.captureWarnings(capture=True)


class _Stream(logging.StreamHandler[TextIO]):
    """A closed pipe or a full disk must not end a sweep: what cannot be written is lost."""

    def handleError(self, record: logging.LogRecord) -> None:  # noqa: N802, ARG002
        return  # the base class prints a traceback to stderr, which may be the broken stream


class _Line(logging.Formatter):
    """What both formats share: UTC milliseconds, masked secrets, tracebacks only while debugging."""

    def __init__(self, secrets: Iterable[str]) -> None:
        from monitor.masking import Masker  # noqa: PLC0415 - `monitor --version` logs nothing

        super().__init__()
        self.masked = Masker(secrets).masked

    def fields_of(self, record: logging.LogRecord) -> dict[str, str | int | float | bool | None]:
        fields: object = getattr(record, "fields", {})
        given = fields if isinstance(fields, Mapping) else {"fields": fields}
        plain = {str(name): self.plain(value) for name, value in given.items()}
        if record.exc_info and record.exc_info[0] and self.is_debugging(record):
            plain["traceback"] = self.masked(self.formatException(record.exc_info))
        return plain

    def plain(self, value: object) -> str | int | float | bool | None:
        # NaN and infinity are no JSON; they become text
        if value is None or isinstance(value, int) or (isinstance(value, float) and isfinite(value)):
            return value
        return self.masked(str(value))

    def is_debugging(self, record: logging.LogRecord) -> bool:
        return logging.getLogger(record.name).isEnabledFor(logging.DEBUG)

    def moment(self, record: logging.LogRecord) -> str:
        seconds = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(record.created))  # hosts compare in UTC
        return f"{seconds}.{int(record.msecs):03d}Z"


class _TextLine(_Line):
    """`time LEVEL event name=value ...`, values quoted where they need it."""

    def format(self, record: logging.LogRecord) -> str:
        # 7 is the width of WARNING, so that events stand below one another
        head = f"{self.moment(record)} {record.levelname:<7} {_one_line(self.masked(record.getMessage()))}"
        fields = (f"{_one_line(name)}={_word(value)}" for name, value in self.fields_of(record).items())
        return " ".join((head, *fields))


class _JsonLine(_Line):
    """One JSON object a line: time, level, logger, event and the fields."""

    def format(self, record: logging.LogRecord) -> str:
        head = {
            "time": self.moment(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": self.masked(record.getMessage()),
        }
        return json.dumps({**self.fields_of(record), **head})  # no field replaces one of the head


def _word(value: str | float | None) -> str:
    if isinstance(value, str):
        # quotes and `=` would make a value read as another field
        is_plain = value.isprintable() and value.isascii() and value and not set(value) & set(" \"'=\\")
        return value if is_plain else json.dumps(value)
    return json.dumps(value)


def _one_line(text: str) -> str:
    # JSON escapes line breaks: text from a provider cannot forge a second record
    return text if text.isascii() and text.isprintable() else json.dumps(text)[1:-1]
