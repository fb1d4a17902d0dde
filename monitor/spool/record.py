"""One sweep in the spool as two lines: the sweep record, and a seal with what the record does not carry."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import TypeAdapter, ValidationError

from monitor.errors import RecordError
from monitor.report.formats.records import format_record, parse_record
from monitor.store.admin.migrate import HEAD
from monitor.store.connection.codecs import policy_text, read_policy, stable_json
from monitor.store.memory.knowledge import knowledge_text, read_knowledge
from monitor.store.write.replay import LateSweep

SEAL: Final = b'{"seal":'  # how the second line begins: no sweep record does
_VERSION: Final = 1
_LINES: Final = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolRecord:
    """A sweep that waits for the database.

    `database` is the label of the database that it belongs to, `schema` the revision of the program that
    wrote it, `sweep_id` the row that it has there already, if it has one.
    """

    late: LateSweep
    database: str
    sweep_id: int | None = None
    schema: str = HEAD


@dataclass(frozen=True, slots=True, kw_only=True)
class _Seal:
    version: int
    sha256: str
    database: str
    schema: str
    policy: dict[str, Any]
    token: str
    sweep_id: int | None = None
    learned: dict[str, dict[str, Any]] = field(default_factory=dict)


_SEAL: Final = TypeAdapter(_Seal)


def format_spooled(record: SpoolRecord) -> bytes:
    """Return a record as the content of its file; `parse_spooled` gives the same record back."""
    line = format_record(record.late.sweep).encode()
    seal: dict[str, object] = {
        "version": _VERSION,
        "database": record.database,
        "schema": record.schema,
        "policy": json.loads(policy_text(record.late.policy)),
        "sweep_id": record.sweep_id,
        "token": record.late.token,
        "learned": {model: json.loads(knowledge_text(known)) for model, known in record.late.learned.items()},
    }
    sealed = {"seal": {**seal, "sha256": _checksum(line, seal)}}
    return line + b"\n" + stable_json(sealed).encode() + b"\n"


def parse_spooled(content: bytes, where: str) -> SpoolRecord:
    """Return the record of a file; raises RecordError for a damaged one, naming `where`."""
    lines = content.split(b"\n")
    if len(lines) != _LINES + 1 or lines[-1]:
        raise RecordError(f"{where}: is cut, or not a record of the spool: two whole lines were expected")
    seal = _read_seal(lines[0], lines[1], where)
    try:
        policy = read_policy(json.dumps(seal.policy))
        line = lines[0].decode("utf-8")
    except UnicodeDecodeError:
        raise RecordError(f"{where}: is not UTF-8") from None
    except ValidationError:
        raise RecordError(f"{where}: the policy in its seal cannot be read") from None
    return SpoolRecord(
        late=LateSweep(
            sweep=parse_record(line, where),
            policy=policy,
            token=seal.token,
            has_row=seal.sweep_id is not None,
            learned={model: read_knowledge(json.dumps(known)) for model, known in seal.learned.items()},
        ),
        database=seal.database,
        sweep_id=seal.sweep_id,
        schema=seal.schema,
    )


def check_seal(line: bytes, seal: bytes, where: str) -> None:
    """Raise RecordError unless this seal is that of the record in the line before it."""
    _read_seal(line, seal, where)


def _read_seal(line: bytes, seal: bytes, where: str) -> _Seal:
    try:
        raw = json.loads(seal)["seal"]
        said = _SEAL.validate_python(raw)
    except (ValueError, KeyError, TypeError, RecursionError):
        raise RecordError(f"{where}: its seal cannot be read: the record is damaged") from None
    signed = {name: value for name, value in raw.items() if name != "sha256"}
    if said.sha256 != _checksum(line, signed):
        raise RecordError(f"{where}: its checksum does not fit: the record is damaged")
    if said.version != _VERSION:
        raise RecordError(f"{where}: was written by a newer monitor: use that version")
    return said


def _checksum(line: bytes, seal: Mapping[str, object]) -> str:
    """Return the checksum of both lines: a damaged token is as bad as a damaged observation."""
    return hashlib.sha256(line + b"\n" + stable_json(seal).encode("utf-8", "surrogatepass")).hexdigest()
