"""Sweep records (docs/commands.md): one sweep as one line of JSON, out and in, without any loss.

Reading is strict: an unknown key, a wrong type or an impossible value is refused with file, line and key.
"""

import json
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    create_model,
)
from pydantic_core import ErrorDetails

from monitor.clock import DAY_MS, to_datetime, to_millis
from monitor.core.domain.fields import field_types
from monitor.core.domain.ids import LONGEST_ID_BYTES, is_trackable_id
from monitor.core.domain.sweep import ModelOrigin, Observation, Sweep
from monitor.core.domain.vocabulary import NOT_RECORDED, Kind, Outcome, Verdict
from monitor.errors import RecordError

_FIRST_YEAR, _LAST_YEAR = 2000, 2079  # of a sweep: its id counts seconds from 2020 in 32 bits
_MOST = 2**31 - 1  # what an integer of Postgres holds
_LONGEST_SWEEP_MS = 7 * DAY_MS  # a week; more is a wrong clock


def _moment(value: object) -> datetime:
    with suppress(ValueError, OverflowError):
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        if moment and moment.tzinfo:  # cut to milliseconds, the resolution of the history (rules.md 25)
            return to_datetime(to_millis(moment.astimezone(UTC)))
    raise ValueError(f"{str(value)[:40]!r} is not a time with Z or an offset, like 2026-04-06T12:00:00Z")


def _without_slash(name: str) -> str:
    if "/" in name or "\\" in name:
        raise ValueError("must not hold a slash: it stands in addresses and in names of files")
    return name


def _served(name: str) -> str:
    if name != NOT_RECORDED and not is_trackable_id(name):
        raise ValueError(f"must be like an id: 1 to {LONGEST_ID_BYTES} bytes without control characters")
    return name


_NO_CONTROLS = r"^[^\x00-\x1f\x7f-\x9f]*$"
_Time = Annotated[datetime, BeforeValidator(_moment)]
_Word = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=_NO_CONTROLS)]
_Provider = Annotated[_Word, StringConstraints(max_length=64), AfterValidator(_without_slash)]
_Served = Annotated[str, AfterValidator(_served)]
# NUL: Postgres refuses it in text
_Text = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
_Count = Annotated[int, Field(ge=0, le=_MOST)]
# abs: JSON knows -0.0, which SQLite gives back as 0.0.
_Rate = Annotated[float, Field(ge=0, allow_inf_nan=False), AfterValidator(abs)]
_STRICT = ConfigDict(extra="forbid", strict=True)
# a new field of an observation is covered by its type; what needs more stands in _BY_NAME
_BY_TYPE: Final[Mapping[type, Any]] = {int: _Count, float: _Rate, datetime: _Time, str: _Text}
_BY_NAME: Final[Mapping[str, Any]] = {
    "model": (str, ...),
    "outcome": (Literal["available", "rate_limited", "unavailable", "unknown"], ...),
    "reason": (_Word, ...),
    "at_ms": (Annotated[int, Field(ge=0, le=_LONGEST_SWEEP_MS)], 0),
    "kind": (_Word, Kind.UNKNOWN.value),
    "http_status": (Annotated[int, Field(ge=0, le=999)] | None, None),
    "attempts": (_Count, 1),
    "served_as": (_Served | None, None),
}
if TYPE_CHECKING:  # mypy cannot see a class that is made at run time

    class _ObservationRecord(BaseModel):
        model: str
        outcome: str

else:  # an observation's other fields may be left out, and have the limits of their types
    _ObservationRecord = create_model(
        "_ObservationRecord",
        __config__=_STRICT,
        **{
            name: _BY_NAME.get(name) or (_BY_TYPE[kind] | None, None)
            for name, kind in field_types(Observation).items()
        },
    )


class _OriginRecord(BaseModel):
    model_config = _STRICT

    owned_by: _Word | None = None
    created: _Time | None = None


class _SweepRecord(BaseModel):
    model_config = _STRICT

    provider: _Provider
    vantage: _Word = "default"
    started_at: _Time
    finished_at: _Time
    verdict: Literal["conclusive", "inconclusive"] | None = None
    cause: _Word | None = None
    slot: _Time | None = None
    listed: list[str]
    duplicates: _Count = 0
    rejected: _Count = 0
    requests: _Count = 0
    accepted: bool = False
    detail: _Text | None = None
    origins: dict[str, _OriginRecord] = {}
    observations: list[_ObservationRecord]


_FAULTS = {
    "string_type": "expected a text",
    "string_unicode": "the text holds half a character (a lone surrogate)",
    "int_type": "expected a whole number",
    "float_type": "expected a number",
    "finite_number": "must be a number that a double can hold",  # 1e999 is JSON, but infinite as a double
    "bool_type": "expected true or false",
    "list_type": "expected a list",
    "model_type": "expected an object",
    "literal_error": "expected {expected}",
    "string_too_short": "must not be empty",
    "string_too_long": "must not be longer than {max_length} characters",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than_equal": "must be at most {le}",
}
_ALWAYS: Final = (  # also where they are null: each row has them
    *("model", "kind", "outcome", "reason", "http_status", "latency_ms", "at_ms", "attempts", "retires_at"),
    "served_as",
)
_SOMETIMES: Final = tuple(name for name in field_types(Observation) if name not in _ALWAYS)


def parse_record(line: str, where: str) -> Sweep:
    """Return the sweep of a line of JSON; `where` is its `file:line` for messages.

    Ids that cannot be tracked and repeated ones are left out and counted (rules.md 33). Raises RecordError.
    """
    try:
        raw = json.loads(line, parse_constant=_refuse_constant)  # json reads NaN, other readers do not
    except (ValueError, RecursionError) as error:
        raise RecordError(f"{where}: is not JSON{_place_in_line(error)}") from None
    if not isinstance(raw, dict):
        raise RecordError(f"{where}: a sweep record must be a JSON object")
    try:
        record = _SweepRecord.model_validate(_without_bad_ids(raw))
    except ValidationError as error:
        raise RecordError(f"{where}: {_first_fault(error)}") from None
    _refuse_contradictions(record, where)
    return _sweep(record)


def format_record(sweep: Sweep) -> str:
    """Return a sweep as one line of JSON; `parse_record` gives the same sweep back."""
    record = {**record_head(sweep), "observations": [*map(observation_record, sweep.observations)]}
    return json.dumps(record, ensure_ascii=False)  # ids in their own letters: people grep such files


def record_head(sweep: Sweep) -> dict[str, Any]:
    """Return the record of a sweep up to its observations."""
    origins = {each.model: _origin_record(each) for each in sweep.origins}
    return {
        "provider": sweep.provider,
        "vantage": sweep.vantage,
        "started_at": _time(sweep.started_at),
        "finished_at": _time(sweep.finished_at),
        "verdict": None if sweep.verdict is None else sweep.verdict.value,
        "cause": None if sweep.cause is None else str(sweep.cause),
        "slot": None if sweep.slot is None else _time(sweep.slot),
        "listed": list(sweep.listed),
        "duplicates": sweep.duplicates,
        **({"rejected": sweep.rejected} if sweep.rejected else {}),
        "requests": sweep.requests,
        **({"accepted": True} if sweep.accepted else {}),
        **({} if sweep.detail is None else {"detail": sweep.detail}),
        **({"origins": origins} if origins else {}),
    }


def _origin_record(origin: ModelOrigin) -> dict[str, Any]:
    values = {"owned_by": origin.owned_by, "created": origin.created and _time(origin.created)}
    return {name: value for name, value in values.items() if value is not None}


def observation_record(observation: Observation) -> dict[str, Any]:
    """Return an observation's part of the record."""
    values = {name: getattr(observation, name) for name in (*_ALWAYS, *_SOMETIMES)}
    kept = {name: value for name, value in values.items() if value is not None or name in _ALWAYS}
    return {name: _time(value) if isinstance(value, datetime) else value for name, value in kept.items()}


def _time(moment: datetime) -> str:
    is_whole = moment.microsecond < 1000  # noqa: PLR2004  # microseconds of a millisecond
    return moment.astimezone(UTC).isoformat(timespec="seconds" if is_whole else "milliseconds")[:-6] + "Z"


def _place_in_line(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f" (column {error.colno})"
    return f": {str(error)[:100]}"  # a number that is none, or too large; a nesting that is too deep


def _refuse_constant(name: str) -> object:
    raise ValueError(f"{name} is not a number")


def _without_bad_ids(raw: dict[str, Any]) -> dict[str, Any]:
    """Return the record with trackable ids only, each listed once; wrong types are left to be refused."""
    listed, observations = raw.get("listed"), raw.get("observations")
    # pydantic words wrong types better
    if not isinstance(listed, list) or not all(isinstance(name, str) for name in listed):
        return raw
    good = [name for name in listed if is_trackable_id(name)]
    unique = list(dict.fromkeys(good))
    cleaned = raw | {"listed": unique}
    # counted, so that the sweep says what was left out (rules.md 33)
    for key, more in (("rejected", len(listed) - len(good)), ("duplicates", len(good) - len(unique))):
        if more and isinstance(raw.get(key, 0), int):
            cleaned[key] = raw.get(key, 0) + more
    if isinstance(observations, list):
        cleaned["observations"] = [row for row in observations if not _is_of_bad_id(row)]
    if isinstance(origins := raw.get("origins"), dict):
        cleaned["origins"] = {name: said for name, said in origins.items() if is_trackable_id(name)}
    return cleaned


def _is_of_bad_id(observation: object) -> bool:
    name = observation.get("model") if isinstance(observation, dict) else None
    return isinstance(name, str) and not is_trackable_id(name)


def _first_fault(error: ValidationError) -> str:
    fault = error.errors(include_url=False)[0]
    key = _path(fault["loc"])
    if fault["type"] == "extra_forbidden":
        return f"unknown key '{key}'"
    if fault["type"] == "missing":
        return f"missing key '{key}'"
    if fault["type"] == "string_pattern_mismatch":
        return f"{key}: control characters are not allowed"  # pydantic quotes the pattern
    return f"{key}: {_words(fault)}"


def _words(fault: ErrorDetails) -> str:
    """Say what is wrong with a value, in words of JSON."""
    if fault["type"] in _FAULTS:
        return _FAULTS[fault["type"]].format_map(fault.get("ctx", {}))
    return fault["msg"].removeprefix("Value error, ")


def _path(location: tuple[int | str, ...]) -> str:
    path = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return path.lstrip(".")[:200].encode("ascii", "backslashreplace").decode()


def _refuse_contradictions(record: _SweepRecord, where: str) -> None:
    for key, moment in (("started_at", record.started_at), ("finished_at", record.finished_at)):
        if not _FIRST_YEAR <= moment.year <= _LAST_YEAR:
            raise RecordError(f"{where}: {key}: the year must be {_FIRST_YEAR} to {_LAST_YEAR}")
    if record.finished_at < record.started_at:
        raise RecordError(f"{where}: finished_at: lies before started_at")
    listed, observed = set(record.listed), set[str]()
    for number, row in enumerate(record.observations):
        if row.model not in listed:
            raise RecordError(f"{where}: observations[{number}].model: {row.model!r} is not listed")
        if row.model in observed:
            raise RecordError(f"{where}: observations[{number}].model: {row.model!r} was observed before")
        observed.add(row.model)
    if strays := sorted(record.origins.keys() - listed):
        raise RecordError(f"{where}: origins: {strays[0]!r} is not listed")


def _sweep(record: _SweepRecord) -> Sweep:
    same = record.model_dump(exclude={"verdict", "listed", "observations", "origins"})
    return Sweep(
        **same,
        verdict=None if record.verdict is None else Verdict(record.verdict),
        listed=tuple(record.listed),
        observations=tuple(_observation(row) for row in record.observations),
        origins=tuple(
            ModelOrigin(model, said.owned_by, said.created) for model, said in sorted(record.origins.items())
        ),
    )


def _observation(record: _ObservationRecord) -> Observation:
    same = record.model_dump(exclude={"outcome"})
    return Observation(**same, outcome=Outcome(record.outcome))
