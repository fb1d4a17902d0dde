"""A latency histogram that grows by single values, as bytes that are not decoded.

A sweep adds one value to each of thousands of histograms; taking each apart and writing it again would be
most of what recording the sweep takes. The bytes are those that `encode` gives of the same values
(core/history/latency_histogram.py): for each bucket one that steps up to it, with a leap before it where the
way is long, and any that count more behind it.
"""

from bisect import bisect_left, bisect_right
from itertools import accumulate
from typing import Final

from monitor.core.history.latency_histogram import (
    COUNTS,
    LEAP,
    MORE,
    MOST_COUNTED,
    STEPS,
    STRIDE,
    bucket_of,
    value_of,
)

_PERCENTS: Final = (50, 95)
_CHUNK: Final = 32  # bytes that are summed at once, in C; the bucket's place in them is found one by one
_SHORT: Final = bytes(code % STRIDE if code < LEAP else 0 for code in range(256))
_LEAPS: Final = bytes(code - LEAP + 1 if LEAP <= code < MORE else 0 for code in range(256))


def with_value(encoded: bytes, value: int) -> bytes:
    """Return the histogram of bytes with one more value in it."""
    wanted = bucket_of(value)
    start, bucket = _near(encoded, wanted)
    before, group, place = bucket, start, start
    while place < len(encoded):
        code = encoded[place]
        place += 1
        if code >= MORE:  # of the group before, whose end this moves
            group = place
        elif code >= LEAP:
            bucket += STRIDE * (code - LEAP + 1)
        else:
            bucket += code % STRIDE
            if bucket >= wanted:
                return encoded[:group] + _changed(encoded, before, wanted, bucket, place)
            before, group = bucket, place
    return encoded + _step(wanted - before, 1)


def _near(encoded: bytes, wanted: int) -> tuple[int, int]:
    """Return a place before a bucket's bytes where a group begins or counts go on, and its bucket."""
    start = bucket = 0
    while start + _CHUNK < len(encoded):
        chunk = encoded[start : start + _CHUNK]
        after = bucket + sum(chunk.translate(_SHORT)) + STRIDE * sum(chunk.translate(_LEAPS))
        if after >= wanted:
            break
        start, bucket = start + _CHUNK, after
    if start and LEAP <= encoded[start - 1] < MORE:  # its step lies behind the cut
        start -= 1
        bucket -= STRIDE * (encoded[start] - LEAP + 1)
    return start, bucket


def _changed(encoded: bytes, before: int, wanted: int, bucket: int, place: int) -> bytes:
    """Return what follows the bucket `before`, with one more in the one that is wanted.

    `bucket` is the first that is not below it, whose step ends at `place`.
    """
    counted = encoded[place - 1] // STRIDE + 1
    if bucket > wanted:
        return _step(wanted - before, 1) + _step(bucket - wanted, counted) + encoded[place:]
    end, count = place, counted
    while end < len(encoded) and encoded[end] >= MORE:
        count += MOST_COUNTED << (encoded[end] - MORE)
        end += 1
    more, counted = divmod(count, MOST_COUNTED)
    counts = bytes(MORE + bit for bit in range(more.bit_length()) if more >> bit & 1)
    return _step(wanted - before, counted + 1) + counts + encoded[end:]


def _step(distance: int, counted: int) -> bytes:
    leaps, step = divmod(distance, STRIDE)
    code = (counted - 1) * STRIDE + step
    return bytes((LEAP + leaps - 1, code)) if leaps else bytes((code,))


class GrowingHistogram:
    """A histogram with its percentiles, which move only now and then."""

    __slots__ = ("_places", "_values", "encoded")

    def __init__(self, encoded: bytes = b"") -> None:
        """Go on from the bytes of a histogram."""
        self.encoded = encoded
        self._values = 0
        self._places: list[
            tuple[int, int, int]
        ] = []  # of each percentile: bucket, values below, values in it
        if encoded:
            self._find()

    def add(self, value: int) -> None:
        """Add one value."""
        self.encoded = with_value(self.encoded, value)
        self._values += 1
        added = bucket_of(value)
        for number, (bucket, below, inside) in enumerate(self._places):
            place = (bucket, below + (added < bucket), inside + (added == bucket))
            rank = -(-_PERCENTS[number] * self._values // 100)
            if not place[1] < rank <= place[1] + place[2]:
                break
            self._places[number] = place
        else:
            if self._places:
                return
        self._find()

    def percentiles(self) -> tuple[int, int] | tuple[None, None]:
        """Return the 50th and the 95th, as `percentile` does; None of an empty histogram."""
        if not self._places:
            return None, None
        (half, *_), (most, *_) = self._places
        return value_of(half), value_of(most)

    def _find(self) -> None:
        # both run in C; a leap stands for no value, and what counts more for the bucket before it
        buckets = list(accumulate(map(STEPS.__getitem__, self.encoded)))
        counted = list(accumulate(map(COUNTS.__getitem__, self.encoded)))
        self._values, self._places = counted[-1], []
        for percent in _PERCENTS:
            rank = -(-percent * self._values // 100)
            bucket = buckets[bisect_left(counted, rank)]
            first, end = bisect_left(buckets, bucket), bisect_right(buckets, bucket)
            below = counted[first - 1] if first else 0
            self._places.append((bucket, below, counted[end - 1] - below))
