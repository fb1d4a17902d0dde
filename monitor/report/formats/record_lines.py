"""Sweep records of many sweeps at once: the lines of records.py, what repeats made into text once."""

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import repeat
from typing import Final

from monitor.core.domain.sweep import Observation
from monitor.core.history.columns.batch import ModelColumns, Prototype, SweepBatch
from monitor.report.formats.records import observation_record, record_head

_MOST_KNOWN: Final = 50_000  # prototypes; far more than a history has


def format_batches(sweep_batches: Iterable[SweepBatch]) -> Iterator[str]:
    """Give for each sweep the line that `format_record` gives; what prototypes become is made once."""
    known = dict[Prototype, tuple[str, str]]()
    for batch in sweep_batches:
        if len(known) > _MOST_KNOWN:
            known.clear()
        texts = defaultdict[int, dict[int, str]](dict)
        for columns in batch.columns:
            for sweep_id, text in zip(columns.sweeps, _observation_texts(known, columns), strict=True):
                texts[sweep_id][columns.model_id] = text
        for each in batch.sweeps:
            own = texts[each.id]
            observations = ", ".join([own[number] for number in each.models if number in own])
            yield f'{_json(record_head(each.sweep))[:-1]}, "observations": [{observations}]}}'


def _observation_texts(known: dict[Prototype, tuple[str, str]], columns: ModelColumns) -> Sequence[str]:
    for prototype in set(columns.prototypes) - known.keys():
        known[prototype] = _around_numbers(prototype.observation)
    streams = ["" if stream is None else _streamed(*stream) for stream in columns.streams]
    return [
        f'{before}{latency_ms or "null"}, "at_ms": {at_ms}{after}{streamed}}}'
        for (before, after), latency_ms, at_ms, streamed in zip(
            map(known.__getitem__, columns.prototypes),
            columns.latencies,
            columns.moments,
            streams or repeat("", len(columns.moments)),
            strict=True,
        )
    ]


def _around_numbers(observation: Observation) -> tuple[str, str]:
    """Return the record's text before the latency, and from the moment on without its end."""
    record = observation_record(observation)
    place = list(record).index("latency_ms")
    before, after = dict(list(record.items())[:place]), dict(list(record.items())[place + 2 :])
    return f'{_json(before)[:-1]}, "latency_ms": ', f", {_json(after)[1:-1]}"


def _streamed(first_token_ms: int | None, tokens_per_s: float | None) -> str:
    values = {"first_token_ms": first_token_ms, "tokens_per_s": tokens_per_s}
    return "".join(f', "{name}": {_json(value)}' for name, value in values.items() if value is not None)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)  # as in records.py
