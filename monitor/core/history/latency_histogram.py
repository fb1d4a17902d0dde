"""Latency histograms: latencies counted by bucket, small enough to keep one for each model and day.

An HDR histogram with 64 sub-buckets a doubling, after Gil Tene's HdrHistogram: values below 128 ms have a
bucket each; above, each power of two is cut into 64 of equal width. Only integers decide, so the same
latencies give the same bytes on every machine and in any order, and histograms merge without loss.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from functools import lru_cache
from itertools import accumulate
from typing import Final

Buckets = Mapping[int, int]  # how many values each bucket has, at least one

LARGEST: Final = 2**31 - 1  # milliseconds in 32 bits, some 24 days
STATED_ERROR: Final = Fraction(1, 128)  # of a percentile read from a histogram, as a part of the exact one
_BITS: Final = 6  # that distinguish the buckets of one doubling
_LAST_BUCKET: Final = (30 - _BITS << _BITS) + (2 << _BITS) - 1

# Each byte is a step up and a count, so that C loops can read them. 192 bytes step by 0 to 63 and count 1,
# 2 or 3; then 32 step by 64 to 2048 and count nothing; the last 32 stay and count 3, 6, 12 and so on.
STRIDE: Final = 64
MOST_COUNTED: Final = 3
LEAP: Final = STRIDE * MOST_COUNTED
MORE: Final = LEAP + 32
STEPS: Final = (*range(STRIDE), *range(STRIDE), *range(STRIDE), *range(64, 2049, STRIDE), *(0,) * 32)
COUNTS: Final = (*(1,) * STRIDE, *(2,) * STRIDE, *(3,) * STRIDE, *(0,) * 32, *(3 << n for n in range(32)))


@lru_cache(maxsize=8192)  # latencies repeat; a year has millions
def bucket_of(value: int) -> int:
    """Return the bucket of a value from 0 to LARGEST; what lies beyond counts as the nearest of these."""
    value = min(max(value, 0), LARGEST)  # a clock that stepped back could give a negative one
    shift = max(value.bit_length() - _BITS - 1, 0)
    return (shift << _BITS) + (value >> shift)


def value_of(bucket: int) -> int:
    """Return the value that stands for a bucket: its midpoint, at most STATED_ERROR off."""
    shift = max((bucket >> _BITS) - 1, 0)
    return (bucket - (shift << _BITS) << shift) + (1 << shift >> 1)


def count_values(values: Iterable[int]) -> Buckets:
    """Return the histogram of values."""
    return Counter(map(bucket_of, values))


def encode(histogram: Buckets) -> bytes:
    """Return a histogram as bytes, about one for each bucket."""
    written, before = bytearray(), 0
    for bucket, count in sorted(histogram.items()):
        leaps, step = divmod(bucket - before, STRIDE)
        if leaps:
            written.append(LEAP + leaps - 1)
        more, counted = divmod(count - 1, MOST_COUNTED)
        written.append(counted * STRIDE + step)
        if more:
            written.extend(MORE + place for place in range(more.bit_length()) if more >> place & 1)
        before = bucket
    return bytes(written)


def decode(data: bytes) -> Buckets:
    """Return the histogram of bytes. Raises ValueError for any that `encode` does not write."""
    histogram = merge_encoded([data])
    if encode(histogram) != data:
        raise ValueError("these bytes are not a latency histogram, or a damaged one")
    return histogram


def merge_encoded(encoded: Iterable[bytes], values: Iterable[int] = ()) -> Buckets:
    """Return the histogram of all values of several encoded ones and of more values, quickly.

    Raises ValueError for bytes that lead beyond the last bucket; `decode` finds every damage.
    """
    total = defaultdict[int, int](int, count_values(values))
    for data in encoded:
        bucket = 0
        for bucket, count in zip(  # both run in C: a long window has thousands of histograms
            accumulate(map(STEPS.__getitem__, data)), map(COUNTS.__getitem__, data), strict=True
        ):
            total[bucket] += count
        if bucket > _LAST_BUCKET:
            raise ValueError("these bytes are not a latency histogram, or a damaged one")
    return {bucket: count for bucket, count in total.items() if count}


def percentile(histogram: Buckets, percent: int) -> int | None:
    """Return the nearest-rank percentile, at most STATED_ERROR off; None of an empty histogram."""
    return value_of(place_of(histogram, percent)[0]) if histogram else None


def place_of(histogram: Buckets, percent: int) -> tuple[int, int]:
    """Return the bucket of the nearest-rank percentile, and its place (from 0) among the values in there.

    Raises ValueError for an empty histogram.
    """
    place = -(-percent * sum(histogram.values()) // 100) - 1  # a float may round up
    for bucket in sorted(histogram):
        if place < histogram[bucket]:
            return bucket, place
        place -= histogram[bucket]
    raise ValueError("nothing has no percentile")


def exact_percentile(ascending: Sequence[int], percent: int) -> int | None:
    """Return the nearest-rank percentile of sorted values; None of none."""
    return ascending[-(-percent * len(ascending) // 100) - 1] if ascending else None
