"""What other programs call the keys of the file."""

import pytest

from monitor.config.load.errors import _keys_at
from monitor.config.load.synonyms import _KEYS, our_key


@pytest.mark.parametrize("table", [table for table in _KEYS if table])
def test_every_other_name_leads_to_a_key_of_the_same_table_and_is_none_itself(table: str) -> None:
    names = _keys_at((table,))
    assert set(_KEYS[table]) <= set(names)
    assert not {word for words in _KEYS[table].values() for word in words.split()} & set(names)


def test_a_name_is_looked_for_in_its_table_whatever_its_case() -> None:
    assert our_key(("providers", 0, "API-Base")) == "base_url"
    assert our_key(("Alerts",)) == "[[notify]]"
    assert our_key(("web", "api_base")) is None
