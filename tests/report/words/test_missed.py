"""Scheduled sweeps that were not made are counted, with the reason where one is known."""

from monitor.core.history.reliability_values import SweepCounts
from monitor.report.words.missed import missed_lately, missed_words

FULL = "the database was away, and the spool is full"


def test_what_was_missed_is_said_with_why() -> None:
    assert (missed_words(SweepCounts()), missed_lately("acme", SweepCounts())) == ("", "")
    assert missed_words(SweepCounts(missed=3)) == "3 missed"
    one = SweepCounts(missed=1, missed_because=FULL)
    assert missed_words(one) == f"1 missed (the last one: {FULL})"
    assert (
        missed_lately("acme", one)
        == f"1 scheduled sweep of acme missed in the last 24 h; the last one: {FULL}"
    )
