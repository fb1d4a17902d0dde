"""The log says when a maintenance window begins and when it ends."""

import asyncio
from datetime import timedelta

from monitor.app.notifications.maintenance import WindowLog
from monitor.config import parse_settings
from tests.notify.messages import logged
from tests.support.posting import HOUR, NOON, Watch

SETTINGS = parse_settings(
    '[[providers]]\nname = "a"\nbase_url = "https://api.example/v1"\n'
    "[[maintenance]]\nfrom = 2026-04-06T13:00:00Z\nto = 2026-04-06T14:00:00Z\n"
    '[[maintenance]]\ncron = "30 * * * *"\nduration = "2h"\nprovider = "a"\nmodels = ["m/*"]\n',
    "config.toml",
)


def lines_of(watch: Watch, looks: int) -> list[str]:
    """Look so often, a quarter of an hour apart; return what was logged, without its time."""
    log = WindowLog(SETTINGS, watch)

    async def follow() -> None:
        for _ in range(looks):
            await log.look()
            watch.pass_by(HOUR / 4)

    with logged() as written:
        asyncio.run(follow())
    return [line.split(" ", 1)[1] for line in written.getvalue().splitlines()]


def test_a_window_is_logged_once_when_it_begins_and_once_when_it_ends() -> None:
    times = "since=2026-04-06T13:00:00.000Z until=2026-04-06T14:00:00.000Z"
    of_all = [line for line in lines_of(Watch(), 12) if "provider=*" in line]
    assert of_all == [
        f"INFO    maintenance_started provider=* models=* {times}",
        f"INFO    maintenance_ended provider=* models=* {times}",
    ]


def test_a_window_that_comes_again_before_it_ends_is_one_and_one_that_runs_is_logged_at_the_start() -> None:
    (line,) = [line for line in lines_of(Watch(NOON + timedelta(minutes=1)), 12) if "provider=a" in line]
    times = "since=2026-04-06T10:30:00.000Z until=2026-04-06T13:30:00.000Z"
    assert line == f"INFO    maintenance_started provider=a models=m/* {times}"
