"""What one configuration makes of the daemon: its providers, and what sends, prunes and pings for them."""

from dataclasses import dataclass, replace
from typing import Self

from monitor.app.daemon.leadership import Leadership
from monitor.app.daemon.pruner import Pruner
from monitor.app.notifications.announcer import Announcer
from monitor.app.notifications.heartbeats import heartbeats_of
from monitor.app.wiring.application import App
from monitor.app.wiring.spool import replayer_of
from monitor.app.wiring.targets import target_of
from monitor.config import Settings
from monitor.notify.heartbeat import Heartbeats
from monitor.store.connection.engine import Engine
from monitor.store.connection.keeping.gate import gated
from monitor.sweep import Recorder, Replayer, Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """The parts of the daemon that a reload replaces, all at once."""

    settings: Settings
    targets: dict[str, Target]
    announcer: Announcer
    pruner: Pruner
    heartbeats: Heartbeats
    replayer: Replayer

    def following(self, before: Self) -> Self:
        """Return these parts with what those before them remember of requests and of sweeps."""
        self.heartbeats.health = before.heartbeats.health
        targets = dict(self.targets)
        for name, old in before.targets.items():
            if name in targets and before.settings.provider(name) == self.settings.provider(name):
                targets[name] = replace(targets[name], pacer=old.pacer, gap=old.gap)
        return replace(self, targets=targets)


def parts_of(app: App, engine: Engine, readers: Engine, recorder: Recorder, leadership: Leadership) -> Parts:
    """Wire the parts of a configuration. Raises ConfigError naming a missing key."""
    targets = {provider.name: target_of(app, provider) for provider in app.settings.providers}
    led = gated(engine, leadership.require_now)  # a process that was frozen may not lead
    return Parts(
        settings=app.settings,
        targets=targets,
        announcer=Announcer(app.settings, app.environ, led, readers=readers, may_send=leadership.require),
        pruner=Pruner(led, app.settings.retention.observations),
        heartbeats=heartbeats_of(app.settings, app.environ, may_ping=leadership.require),
        replayer=replayer_of(recorder, targets.values()),
    )
