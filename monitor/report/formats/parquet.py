"""Rows of a view as a Parquet file: typed columns, dictionaries of text, zstd. The only user of pyarrow."""

from array import array
from collections.abc import Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from monitor.core.history.columns.view import Columns, Numbers, Plain, Repeated, Sums, count_of, width_of
from monitor.core.history.views import ColumnType, View

_ROWS_IN_A_GROUP: Final = 50_000  # bounds memory here, and what a reader has to skip or take

_TEXT: Final = pa.dictionary(pa.int32(), pa.string())  # in the file it is text
_MOMENT: Final = pa.timestamp("ms", tz="UTC")
_TYPES: Final[Mapping[ColumnType, Any]] = MappingProxyType(
    {
        ColumnType.TEXT: _TEXT,
        ColumnType.INTEGER: pa.int32(),
        ColumnType.LONG: pa.int64(),
        ColumnType.DOUBLE: pa.float64(),
        ColumnType.FLAG: pa.bool_(),
        ColumnType.MOMENT: _MOMENT,
        ColumnType.SECOND: _MOMENT,  # Parquet has no coarser unit
        ColumnType.DAY: pa.date32(),
        ColumnType.MONTH: pa.date32(),
    }
)


class ParquetRowWriter:
    """A Parquet file in the making; without `close` it has no end and cannot be read."""

    def __init__(self, out: BinaryIO, view: View) -> None:
        self._schema = pa.schema([(column.name, _TYPES[column.form]) for column in view.columns])
        texts = [column.name for column in view.columns if column.form is ColumnType.TEXT]
        # Dictionaries for text alone: numbers do not repeat. Arrow's own schema would make readers keep them.
        self._file = pq.ParquetWriter(
            out, self._schema, compression="zstd", use_dictionary=texts, store_schema=False
        )
        self._waiting: list[Any] = []
        self._count = 0

    def write(self, columns: Columns) -> None:
        """Append rows."""
        arrays, numbers = list[Any](), dict[int, Any]()
        for column in columns:
            kinds = self._schema.types[len(arrays) : len(arrays) + width_of(column)]
            if isinstance(column, Repeated):
                if id(column.places) not in numbers:  # several columns are at the same places
                    numbers[id(column.places)] = _numbers(column.places)
                arrays.extend(_repeated(column, kinds, numbers[id(column.places)]))
            else:
                arrays.append(_single(column, kinds[0]))
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        self._count += count_of(columns)
        if self._count >= _ROWS_IN_A_GROUP:
            self._write_group()

    def close(self) -> None:
        """Write the last rows, and where everything stands."""
        self._write_group()
        self._file.close()

    def _write_group(self) -> None:
        group = pa.Table.from_batches(self._waiting, schema=self._schema).unify_dictionaries()
        if self._count:
            self._file.write_table(group, row_group_size=self._count)
        self._waiting, self._count = [], 0


def _single(column: Plain | Numbers | Sums, kind: Any) -> Any:  # noqa: ANN401 - pyarrow ships no types
    match column:
        case Plain(values):
            return _text(values) if kind == _TEXT else pa.array(values, kind)
        case Numbers(text):
            return _parsed(text, kind)
        case Sums(starts, more):
            return pc.add(_numbers(starts), _parsed(more.text, pa.int64())).cast(kind)


def _parsed(text: str, kind: Any) -> Any:  # noqa: ANN401 - as above
    digits = pc.split_pattern(pa.array([text]), ",").flatten()
    if ",," in f",{text},":
        digits = pc.if_else(pc.equal(digits, ""), None, digits)
    return digits.cast(kind)


def _numbers(values: Sequence[int]) -> Any:  # noqa: ANN401 - as above
    """Return numbers as an array, without a copy where they are in a row in memory already."""
    if not isinstance(values, bytes | array):
        return pa.array(values, pa.int64())
    kind = pa.uint8() if isinstance(values, bytes) else pa.int64()
    return pa.Array.from_buffers(kind, len(values), [None, pa.py_buffer(values)])


def _repeated(column: Repeated, kinds: Sequence[Any], places: Any) -> Iterator[Any]:  # noqa: ANN401 - as above
    for values, kind in zip(zip(*column.rows, strict=True), kinds, strict=True):
        if kind == _TEXT:
            texts = _text(values)  # NULL is among the places: dictionaries that hold it cannot be united
            yield pa.DictionaryArray.from_arrays(texts.indices.take(places), texts.dictionary)
        else:
            yield pa.array(values, kind).take(places)


def _text(values: Sequence[object]) -> Any:  # noqa: ANN401 - as above
    return pa.array(values, pa.string()).dictionary_encode()
