"""A histogram that grows by single values has the bytes and percentiles of one made of all of them."""

from hypothesis import given
from hypothesis import strategies as st

from monitor.core.history.growing_histogram import GrowingHistogram, with_value
from monitor.core.history.latency_histogram import LARGEST, count_values, encode, percentile

# few different values are counted often, any others lie far apart
VALUES = st.one_of(st.integers(0, 40), st.integers(600, 2600), st.integers(-1, LARGEST + 1))


@given(st.lists(VALUES, max_size=300))
def test_bytes_are_those_of_all_values(values: list[int]) -> None:
    encoded = b""
    for value in values:
        encoded = with_value(encoded, value)
    assert encoded == encode(count_values(values))


@given(st.lists(VALUES, max_size=80), st.lists(VALUES, max_size=80))
def test_percentiles_follow_every_value(before: list[int], later: list[int]) -> None:
    growing = GrowingHistogram(encode(count_values(before)))
    for count in range(len(later) + 1):
        histogram = count_values(before + later[:count])
        assert growing.percentiles() == (percentile(histogram, 50), percentile(histogram, 95))
        assert growing.encoded == encode(histogram)
        if count < len(later):
            growing.add(later[count])


def test_a_bucket_counts_on_past_every_power_of_two() -> None:
    encoded = b""
    for _ in range(1000):
        encoded = with_value(encoded, 5000)
    assert encoded == encode({**count_values([5000] * 1000)})
