"""After a restart the common heartbeat goes on with the state that the recorded sweeps give."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from monitor.app.notifications.heartbeats import recorded_health
from monitor.config import parse_settings
from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation, Sweep
from monitor.core.domain.vocabulary import Cause, Outcome, Verdict
from monitor.store.write.import_export import add_sweeps
from tests.support.posting import NOON

TEXT = """
[[providers]]
name = "a"
base_url = "https://a.example/v1"
[[providers]]
name = "b"
base_url = "https://b.example/v1"
[providers.policy]
confirm_down = 3
"""
WINDOW = '[[maintenance]]\nfrom = 2026-04-06\nto = 2026-04-07\nprovider = "a"\n'


def live(engine: Engine, provider: str, causes: Sequence[Cause | None]) -> None:
    """Record a sweep for each cause, None for a conclusive one."""
    sweeps = [
        Sweep(
            provider=provider,
            started_at=NOON + place * timedelta(minutes=15),
            finished_at=NOON + place * timedelta(minutes=15),
            listed=("m",),
            observations=(Observation("m", Outcome.AVAILABLE, "ok", 0),),
            verdict=Verdict.INCONCLUSIVE if cause else Verdict.CONCLUSIVE,
            cause=cause,
        )
        for place, cause in enumerate(causes)
    ]
    add_sweeps(engine, sweeps, lambda _name: Policy())


@pytest.mark.parametrize(
    ("causes", "failing"),
    [
        ([None, Cause.CREDENTIAL, Cause.QUOTA], {"a": "quota"}),
        ([Cause.CREDENTIAL, Cause.CREDENTIAL, None], {}),
        ([None, Cause.CREDENTIAL], {}),
        (
            [None, Cause.CREDENTIAL, Cause.INTERRUPTED, Cause.CREDENTIAL, Cause.INTERRUPTED],
            {"a": "credential"},
        ),
        ([None, Cause.INTERRUPTED, Cause.INTERRUPTED, Cause.VOIDED], {}),
    ],
)
def test_the_latest_sweeps_decide_and_a_stop_or_an_operator_count_for_nothing(
    engine: Engine, causes: list[Cause | None], failing: dict[str, str]
) -> None:
    live(engine, "a", causes)
    assert recorded_health(parse_settings(TEXT, "config.toml"), engine).failing == failing


def test_each_provider_has_its_policy_and_its_windows(engine: Engine) -> None:
    live(engine, "a", [Cause.CREDENTIAL] * 5)
    live(engine, "b", [Cause.PROVIDER_OUTAGE] * 2)
    assert recorded_health(parse_settings(TEXT, "config.toml"), engine).failing == {"a": "credential"}
    assert recorded_health(parse_settings(TEXT + WINDOW, "config.toml"), engine).failing == {}
    live(engine, "b", [Cause.PROVIDER_OUTAGE] * 3)
    assert set(recorded_health(parse_settings(TEXT, "config.toml"), engine).failing) == {"a", "b"}
