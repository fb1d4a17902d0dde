"""Each day of a zone gets one summary, also on the days on which its clocks are changed."""

from datetime import date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import Engine

from monitor.app.notifications.summaries import Summaries
from monitor.core.domain.policy import Policy
from monitor.core.history.calendar import begin_of, span_of
from monitor.store.write.import_export import add_sweeps
from tests.store import histories
from tests.support.gateway import ON_SQLITE

BERLIN = ZoneInfo("Europe/Berlin")
HOUR, DAY = timedelta(hours=1), timedelta(days=1)


@ON_SQLITE
@pytest.mark.parametrize(("changed", "hours"), [(date(2026, 3, 29), 23), (date(2026, 10, 25), 25)])
@pytest.mark.parametrize("due", [time(2, 30), time(6)])  # 02:30 comes never, and twice
def test_a_day_of_23_and_one_of_25_hours_have_one_summary_with_all_their_sweeps(
    engine: Engine, tmp_path: Path, changed: date, hours: int, due: time
) -> None:
    begin = begin_of(changed - DAY, BERLIN)
    sweeps = [histories.sweep(begin + hour * HOUR, {"m/a": histories.UP}) for hour in range(24 + hours + 24)]
    add_sweeps(engine, sweeps, policy_of=lambda _provider: Policy())
    moment = begin
    written = dict[date, datetime]()
    summaries = Summaries(
        engine=engine,
        watched=["nvidia"],
        zone=BERLIN,
        daily_summary=due,
        directory=tmp_path / "summaries",
        now=lambda: moment,
    )
    while moment <= sweeps[-1].started_at + DAY:
        for day in summaries.due_days(moment):
            assert summaries.write(day), "written a second time"
            written[day] = moment
        moment += HOUR / 2
    assert [*written] == [changed - DAY, changed, changed + DAY]
    shown = {day: at.astimezone(BERLIN).time() for day, at in written.items()}
    late = time(3, 30) if due == time(2, 30) and hours == 23 else due
    assert shown == {changed - DAY: late, changed: due, changed + DAY: due}
    built = [summaries.build(span_of(day, day, BERLIN)).providers[0].sweeps.made for day in written]
    assert built == [24, hours, 24]
