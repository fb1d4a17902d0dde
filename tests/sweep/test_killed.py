"""Kill -9 in mid-sweep: no committed row is lost, nothing false is told, the next sweep is right."""

from pathlib import Path
from random import Random

from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.demo import Behave, Delist
from monitor.demo.stories import steady
from monitor.store.admin import check
from tests.support import gateway as g
from tests.support.command import config_file
from tests.support.process import Process, wait_for

MODELS = 48
SWEEP_S = 1.8  # at 8 requests under way
OBSERVED = "SELECT sweep_id, model, observed_at, outcome, reason, latency_ms FROM observation_history"


def observed(engine: Engine) -> set[tuple[object, ...]]:
    """Return the observations that are committed."""
    return {tuple(row) for row in g.rows(engine, OBSERVED)}


class Scene:
    """A history with a good sweep in it; from then on the provider is slow, and two models do not answer."""

    def __init__(self, there: g.Gateway, engine: Engine, config: Path) -> None:
        self.there, self.engine, self.config = there, engine, config
        self.aim = g.target(there.base_url)
        g.sweep(self.aim, engine)
        self.before, self.events = g.statuses(engine), g.model_events(engine)
        self.good = g.finished(engine)[-1].sweep_id
        there.server.latency_s = SWEEP_S * 8 / MODELS
        there.change(Behave(steady(MODELS).listed[-2:], "hang"))

    def mend(self) -> None:
        """Let the provider answer at once again."""
        self.there.server.latency_s = 0.0
        self.there.show(steady(MODELS))

    def kill_after(self, process: Process, probes: int) -> set[tuple[object, ...]]:
        """Kill a process once it has asked so many models; return what was committed by then."""
        already = len(self.there.probes)
        wait_for(lambda: len(self.there.probes) >= already + probes, process)
        committed = observed(self.engine)
        process.kill()
        return committed | observed(self.engine)

    def check_untouched(self, committed: set[tuple[object, ...]]) -> None:
        """Check that nothing committed is gone and that no model is believed to be other than it was."""
        assert committed <= observed(self.engine)
        assert g.statuses(self.engine) == self.before
        assert g.model_events(self.engine) == self.events

    def check_last(self, kills: int) -> None:
        """Check that the last sweep is good, that the killed ones are interrupted, that all is sound."""
        *_, last = finished = g.finished(self.engine)
        assert (last.verdict, last.available) == (Verdict.CONCLUSIVE, MODELS)
        cut = [each for each in finished if each.sweep_id not in {self.good, last.sweep_id}]
        assert [(each.verdict, each.cause) for each in cut] == [
            (Verdict.INCONCLUSIVE, Cause.INTERRUPTED)
        ] * kills
        assert g.model_events(self.engine) == self.events
        assert g.provider_events(self.engine) == []
        assert g.rows(self.engine, "SELECT count(*) FROM sweep_history WHERE finished_at IS NULL") == [(0,)]
        listed = "SELECT count(*) FROM model_status WHERE listed AND status = 'available'"
        assert g.rows(self.engine, listed) == [(MODELS,)]
        assert check.check(self.engine) == []


def test_a_killed_sweep_by_hand_loses_nothing_and_tells_nothing(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    chance = Random(database_url[:6])  # noqa: S311 - moments, not secrets
    moments = [1, chance.randrange(2, MODELS - 2), MODELS - 2]
    with g.gateway(steady(MODELS)) as there:
        scene = Scene(there, engine, config_file(tmp_path, there.base_url, database_url, concurrency=8))
        for probes in moments:
            with Process(scene.config, "sweep") as process:
                scene.check_untouched(scene.kill_after(process, probes))
        scene.mend()
        committed = observed(engine)
        assert len(committed) > MODELS, "observations are stored while a sweep goes on"
        g.sweep(scene.aim, engine)
        assert committed <= observed(engine)
        scene.check_last(len(moments))


def test_a_killed_daemon_loses_nothing_and_the_next_one_goes_on(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    with g.gateway(steady(MODELS)) as there:
        # A daemon's sweep ends before its next slot, whoever does not answer: 10 s are enough for all.
        config = config_file(tmp_path, there.base_url, database_url, interval="10s", concurrency=8)
        scene = Scene(there, engine, config)
        with Process(config, "run") as process:
            scene.check_untouched(scene.kill_after(process, MODELS - 6))
        scene.mend()
        sweeps = len(g.finished(engine))
        config = config_file(tmp_path, there.base_url, database_url, interval="10s", concurrency=8)
        with Process(config, "run") as process:
            wait_for(lambda: len(g.finished(engine)) >= sweeps + 2, process)
            process.kill()
        g.sweep(scene.aim, engine)
        causes = {each.cause for each in g.finished(engine)}
    assert causes == {None, Cause.INTERRUPTED}
    assert g.model_events(engine) == scene.events
    assert g.provider_events(engine) == []
    assert g.rows(engine, "SELECT DISTINCT listed, status FROM model_status") in (
        [(True, "available")],
        [(1, "available")],
    )
    assert check.check(engine) == []


@g.ON_SQLITE
def test_a_model_that_was_not_reached_before_the_kill_is_not_absent(
    engine: Engine, database_url: str, tmp_path: Path
) -> None:
    """Two sweeps in a row without it would be enough for a delisting, were they believed (rules.md 18)."""
    gone = steady(MODELS).listed[:1]
    with g.gateway(steady(MODELS)) as there:
        scene = Scene(there, engine, config_file(tmp_path, there.base_url, database_url, concurrency=8))
        there.change(Delist(gone))
        for _ in range(2):
            with Process(scene.config, "sweep") as process:
                scene.kill_after(process, MODELS // 2)
        scene.mend()
        g.sweep(scene.aim, engine)
        scene.check_last(2)
