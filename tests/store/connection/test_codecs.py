"""A model's memory as text: stable, without what is at its default, and read back as it was."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from monitor.core.domain.state import Memory, Streak, Swap
from monitor.store.connection.codecs import memory_text, read_memory, stable_json

MOMENTS = st.datetimes(datetime(2000, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - they get their zone
STREAKS = st.none() | st.builds(Streak, st.integers(1, 10_000), MOMENTS)
SWAPS = st.none() | st.builds(Swap, st.none() | st.text(max_size=9), MOMENTS)
MEMORIES = st.builds(
    Memory,
    **dict.fromkeys(("ups", "downs", "timeouts", "unclear", "absent"), STREAKS),
    **dict.fromkeys(("is_gone", "has_answered", "has_served"), st.booleans()),
    window=st.lists(st.booleans(), max_size=21).map(tuple),
    swap=SWAPS,
)


@given(MEMORIES)
def test_a_memory_is_the_stable_text_of_every_field_that_is_not_at_its_default(memory: Memory) -> None:
    fields = TypeAdapter(Memory).dump_python(memory, exclude_defaults=True)
    assert memory_text(memory) == stable_json(fields)
    assert read_memory(memory_text(memory)) == memory
