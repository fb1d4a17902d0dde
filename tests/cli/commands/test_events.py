"""`monitor events` of a long history: the same output, a bounded number of events at a time."""

import pytest
from sqlalchemy import Engine

from monitor.cli.commands import events
from monitor.cli.terminal.output import print_json, print_json_list
from monitor.store import query
from tests.store import histories
from tests.support.lives import Lives


@pytest.mark.parametrize("at_once", [1, 7, 1000])
def test_all_events_come_once_and_in_order_whatever_is_read_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch, at_once: int, lives: Lives
) -> None:
    lives.through(engine, (17, 40))
    monkeypatch.setattr(events, "_AT_ONCE", at_once)
    assert list(events._all_events(engine, None, None, None)) == query.events(engine)
    later = histories.START.replace(hour=18)
    some = list(events._all_events(engine, later, "became_available", "nvidia"))
    assert some == query.events(engine, since=later, kind="became_available", provider="nvidia")


@pytest.mark.parametrize("values", [[], [{"a": 1}], [{"a": "é\n"}, [], {"b": [1, {"c": None}]}]])
def test_a_list_printed_one_by_one_is_the_list_printed_at_once(
    values: list[object], capsys: pytest.CaptureFixture[str]
) -> None:
    print_json(values)
    at_once = capsys.readouterr().out
    print_json_list(iter(values))
    assert capsys.readouterr().out == at_once
