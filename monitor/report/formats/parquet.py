"""Rows of a view as a Parquet file: typed columns, dictionaries of text, zstd. The only user of pyarrow."""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any, BinaryIO, Final

import pyarrow as pa
import pyarrow.parquet as pq

from monitor.core.history.views import ColumnType, Row, View

_ROWS_IN_A_GROUP: Final = 50_000  # bounds memory here, and what a reader has to skip or take

_MOMENT: Final = pa.timestamp("ms", tz="UTC")
_TYPES: Final[Mapping[ColumnType, Any]] = MappingProxyType(
    {
        ColumnType.TEXT: pa.string(),
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
        # dictionaries for text alone: numbers do not repeat
        self._file = pq.ParquetWriter(out, self._schema, compression="zstd", use_dictionary=texts)
        self._waiting: list[Any] = []
        self._count = 0

    def write(self, rows: Sequence[Row]) -> None:
        """Append rows."""
        columns = zip(*rows, strict=True)
        arrays = [pa.array(values, kind) for values, kind in zip(columns, self._schema.types, strict=True)]
        self._waiting.append(pa.record_batch(arrays, schema=self._schema))
        self._count += len(rows)
        if self._count >= _ROWS_IN_A_GROUP:
            self._write_group()

    def close(self) -> None:
        """Write the last rows, and where everything stands."""
        self._write_group()
        self._file.close()

    def _write_group(self) -> None:
        group = pa.Table.from_batches(self._waiting, schema=self._schema)
        if self._count:
            self._file.write_table(group, row_group_size=self._count)
        self._waiting, self._count = [], 0
