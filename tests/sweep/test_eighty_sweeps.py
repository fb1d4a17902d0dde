"""Eighty sweeps with every trouble of the run among them: no model's event, the right cause each time."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Cause, Verdict
from monitor.demo import Catalog, Change, Delist, Everywhere
from monitor.demo.stories import steady
from monitor.demo.world import CatalogMode
from monitor.sweep import Target
from tests.support import gateway as g

Ours = Callable[[Target], Target]

MODELS = steady(12)
TWO_THIRDS = MODELS.listed[:8]


def wrong_key(aim: Target) -> Target:
    return replace(aim, endpoint=replace(aim.endpoint, api_key="nvapi-revoked-this-morning"))


def no_dns(aim: Target) -> Target:
    return replace(aim, endpoint=replace(aim.endpoint, base_url="http://no-such-host.invalid/v1"))


def same(aim: Target) -> Target:
    return aim


# Number of the sweep: what changes at the provider, what at our side, the cause that must be told.
TROUBLES: dict[int, tuple[tuple[Change, ...], Ours, Cause]] = {
    20: ((Delist(TWO_THIRDS),), same, Cause.CATALOG_SHRANK),
    30: ((Everywhere("server_error"),), same, Cause.PROVIDER_OUTAGE),
    40: ((), wrong_key, Cause.CREDENTIAL),
    50: ((Everywhere("not_for_account"),), same, Cause.CREDENTIAL),
    55: ((Everywhere("payment_required"),), same, Cause.QUOTA),
    60: ((), no_dns, Cause.OUR_NETWORK),
    65: ((Everywhere("html"),), same, Cause.PROVIDER_OUTAGE),
    70: ((Everywhere("html"), Catalog(CatalogMode.HTML)), same, Cause.CATALOG_UNREADABLE),
    75: ((Everywhere("bad_request"),), same, Cause.RULE_CHANGE),
}
BELIEVED = "SELECT model, status, since, reason, listed, flapping, kind FROM model_status"
HALVES = (range(1, 46), range(46, 81))  # each of a history of its own
NONE: tuple[tuple[Change, ...], Ours, None] = ((), same, None)
OPENED_AND_CLOSED = {
    "catalog_shrank": "catalog_restored",
    "provider_down": "provider_up",
    "credential_rejected": "credential_accepted",
    "quota_exhausted": "quota_restored",
}


@g.ON_SQLITE
@pytest.mark.parametrize("numbers", HALVES, ids=["first half", "second half"])
def test_eighty_sweeps_with_all_troubles_make_no_event_of_a_model(engine: Engine, numbers: range) -> None:
    with g.gateway(MODELS) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.hours(numbers.start - 1))
        believed = g.rows(engine, BELIEVED)
        for number in numbers:
            changes, ours, cause = TROUBLES.get(number, NONE)
            sweep_once(engine, there, ours(aim), number=number, changes=changes, cause=cause)
    after = g.rows(engine, BELIEVED)
    assert after == believed
    assert g.model_events(engine) == len(MODELS.listed)  # their appearance
    told = [kind for kind, _ in g.provider_events(engine)]
    opened = [kind for kind in told if kind in OPENED_AND_CLOSED]
    assert told == [kind for each in opened for kind in (each, OPENED_AND_CLOSED[each])]
    troubles = [cause for number, (_, _, cause) in TROUBLES.items() if number in numbers]
    assert len(opened) == len([each for each in troubles if each is not Cause.OUR_NETWORK])


def sweep_once(
    engine: Engine,
    there: g.Gateway,
    aim: Target,
    *,
    number: int,
    changes: tuple[Change, ...],
    cause: Cause | None,
) -> None:
    """Sweep in this trouble, which is over with the next sweep."""
    there.show(MODELS)
    there.change(*changes)
    swept = g.sweep(aim, engine, g.hours(number))
    assert swept.decision.cause == cause, number
    assert (swept.decision.verdict is Verdict.INCONCLUSIVE) is (cause is not None)
