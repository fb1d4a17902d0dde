"""Reads a SQLite write-ahead log as a file: its header and frames (https://sqlite.org/fileformat2.html, 4.1).

A log has no locks of its own, so a process may open and close it while it has the database open.
"""

import os
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

FILE_HEADER_BYTES: Final = 100  # of the database's first page
_HEADER_BYTES: Final = 32
_FRAME_HEADER_BYTES: Final = 24
_MAGIC: Final = {0x377F0682: "<", 0x377F0683: ">"}  # the byte order of checksums
_VERSION: Final = 3_007_000
_WORD: Final = 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Frame:
    """A page in the log.

    `pages` is how many the database has after the commit that ends here, 0 for any other frame; `head` is the
    database's header if this is its first page, else empty.
    """

    pages: int
    head: bytes


@dataclass(frozen=True, slots=True)
class Wal:
    """A log by its header: equal to another look at it unless it was begun again in between."""

    descriptor: int
    header: bytes
    page_size: int
    order: str

    def frames(self, *, checks: bool) -> Iterator[Frame]:
        """Give the frames since the log was begun; with `checks` only those that SQLite would apply.

        Those have right checksums, which takes 0.1 ms a frame to find out, and belong to a finished commit.
        """
        place, pending = _HEADER_BYTES, list[Frame]()
        sums: tuple[int, int] = struct.unpack_from(">II", self.header, 24)
        while len(header := os.pread(self.descriptor, _FRAME_HEADER_BYTES, place)) == _FRAME_HEADER_BYTES:
            if header[8:16] != self.header[16:24]:  # the salts: left from before the log was begun again
                return
            if checks:
                content = os.pread(self.descriptor, self.page_size, place + _FRAME_HEADER_BYTES)
                sums = _checksum(self.order, header[:8] + content, sums)
                if sums != struct.unpack_from(">II", header, 16):
                    return
            pending.append(self._frame(header, place))
            if not checks or pending[-1].pages:
                yield from pending
                pending.clear()
            place += _FRAME_HEADER_BYTES + self.page_size

    def _frame(self, header: bytes, place: int) -> Frame:
        page, pages = struct.unpack_from(">II", header)
        if page != 1:
            return Frame(pages, b"")
        return Frame(pages, os.pread(self.descriptor, FILE_HEADER_BYTES, place + _FRAME_HEADER_BYTES))


def read_wal(descriptor: int) -> Wal | None:
    """Return the log in an open file; None for one that SQLite would ignore."""
    header = os.pread(descriptor, _HEADER_BYTES, 0)
    if len(header) < _HEADER_BYTES:
        return None
    magic, version, page_size = struct.unpack_from(">III", header)
    order = _MAGIC.get(magic)
    if order is None or version != _VERSION:
        return None
    if _checksum(order, header[:24], (0, 0)) != struct.unpack_from(">II", header, 24):
        return None
    return Wal(descriptor, header, page_size, order)


def _checksum(order: str, content: bytes, sums: tuple[int, int]) -> tuple[int, int]:
    """Continue the checksum of a log over further content, in words of 4 bytes, two at a time."""
    one, other = sums
    words = struct.unpack(f"{order}{len(content) // 8 * 2}I", content[: len(content) // 8 * 8])
    for place in range(0, len(words), 2):
        one = (one + words[place] + other) & _WORD
        other = (other + words[place + 1] + one) & _WORD
    return one, other
