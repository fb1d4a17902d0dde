"""A clock that is years ahead removes nothing; an ordinary one is believed."""

from datetime import UTC, datetime, timedelta

from monitor.app.daemon.pruner import believed_moment

NOW = datetime(2026, 4, 6, 12, tzinfo=UTC)
DAY = timedelta(days=1)
USUAL = [NOW - days * DAY for days in range(100)]


def test_beside_recent_sweeps_the_clock_is_believed() -> None:
    assert believed_moment(NOW, USUAL) == NOW
    assert believed_moment(NOW, []) == NOW
    assert believed_moment(NOW + 59 * DAY, USUAL) == NOW + 59 * DAY


def test_a_clock_that_is_years_ahead_is_not_nor_are_the_sweeps_made_by_it() -> None:
    ahead = NOW.replace(year=2038)
    assert believed_moment(ahead, USUAL) == NOW + 60 * DAY
    assert believed_moment(ahead + 2 * DAY, [ahead + DAY, ahead, *USUAL]) == NOW + 60 * DAY


def test_a_clock_that_was_ahead_and_is_right_again_is_believed() -> None:
    ahead = NOW.replace(year=2038)
    assert believed_moment(NOW, [ahead, *USUAL]) <= NOW + 60 * DAY
