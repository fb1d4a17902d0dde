"""The latency histogram: counts are exact, percentiles never further off than it says."""

from contextlib import suppress

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from monitor.core.history.latency_histogram import (
    LARGEST,
    STATED_ERROR,
    bucket_of,
    count_values,
    decode,
    encode,
    exact_percentile,
    merge_encoded,
    percentile,
    value_of,
)

ENDS = st.sampled_from((0, 127, 128, LARGEST))
VALUES = st.one_of(st.integers(0, LARGEST), st.integers(0, 5_000), ENDS)
LATENCIES = st.lists(VALUES, max_size=200)
PERCENTS = st.integers(1, 100)
DAMAGED = "not a latency histogram, or a damaged one"


@given(LATENCIES.filter(bool), PERCENTS)
@example([0], 50)
@example([LARGEST], 100)
def test_a_percentile_is_at_most_the_stated_error_off(latencies: list[int], percent: int) -> None:
    found, exact = percentile(count_values(latencies), percent), exact_percentile(sorted(latencies), percent)
    assert found is not None
    assert exact is not None
    assert abs(found - exact) <= exact * STATED_ERROR


@given(st.lists(st.integers(0, 127), min_size=1), PERCENTS)
def test_below_128_ms_a_percentile_is_exact(latencies: list[int], percent: int) -> None:
    assert percentile(count_values(latencies), percent) == exact_percentile(sorted(latencies), percent)


@given(st.lists(st.integers(0, 1000), min_size=1), PERCENTS)
def test_an_exact_percentile_is_the_smallest_value_that_so_many_do_not_exceed(
    latencies: list[int], percent: int
) -> None:
    def enough(value: int | None) -> bool:
        return sum(each <= (value or 0) for each in latencies) * 100 >= percent * len(latencies)

    expected = min(each for each in latencies if enough(each))
    assert exact_percentile(sorted(latencies), percent) == expected


@given(LATENCIES)
def test_a_sketch_comes_back_from_its_bytes(latencies: list[int]) -> None:
    sketch = count_values(latencies)
    assert decode(encode(sketch)) == sketch


@given(st.dictionaries(st.integers(0, LARGEST).map(bucket_of), st.integers(1, 10**9), max_size=30))
def test_however_large_its_counts_are(sketch: dict[int, int]) -> None:
    assert decode(encode(sketch)) == sketch


@given(LATENCIES.flatmap(lambda each: st.tuples(st.just(each), st.permutations(each))))
def test_the_same_latencies_in_any_order_give_the_same_bytes(pair: tuple[list[int], list[int]]) -> None:
    some, shuffled = pair
    assert encode(count_values(shuffled)) == encode(count_values(some))


@given(st.lists(LATENCIES, max_size=5), LATENCIES)
def test_merged_sketches_are_the_sketch_of_all_latencies(parts: list[list[int]], more: list[int]) -> None:
    union = count_values([each for part in [*parts, more] for each in part])
    assert merge_encoded([encode(count_values(part)) for part in parts], more) == union


@given(st.integers(0, LARGEST - 1))
def test_buckets_follow_each_other_like_the_values_and_none_is_left_out(value: int) -> None:
    assert bucket_of(value + 1) - bucket_of(value) in {0, 1}
    assert bucket_of(value_of(bucket_of(value))) == bucket_of(value)


def test_values_beyond_the_ends_count_as_these() -> None:
    assert (bucket_of(-1), bucket_of(2**40)) == (bucket_of(0), bucket_of(LARGEST))


def test_nothing_is_no_bytes_and_has_no_percentile() -> None:
    assert (encode({}), decode(b""), percentile({}, 50), exact_percentile([], 50)) == (b"", {}, None, None)


def test_a_usual_day_takes_little_more_than_a_byte_a_bucket() -> None:
    sketch = count_values(300 + place * place % 701 for place in range(96))
    assert len(encode(sketch)) <= len(sketch) * 1.2


@given(st.binary(max_size=40))
def test_any_bytes_are_those_of_a_sketch_or_refused(data: bytes) -> None:
    with suppress(ValueError):
        assert encode(decode(data)) == data


@pytest.mark.parametrize("data", [b"\xc0", b"\xff", b"\x00\x00", b"\xdf\x00"])
def test_bytes_that_no_sketch_has_are_damaged(data: bytes) -> None:
    with pytest.raises(ValueError, match=DAMAGED):
        decode(data)


def test_a_merge_refuses_what_leads_beyond_the_largest_value() -> None:
    with pytest.raises(ValueError, match=DAMAGED):
        merge_encoded([encode(count_values([1])), b"\xdf\x00"])
