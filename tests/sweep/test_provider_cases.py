"""Every public wording and shape ends in the right verdict, sweep for sweep (docs/provider-facts.md)."""

import pytest
from sqlalchemy import Engine

from monitor.core.domain.vocabulary import Verdict
from tests.support import gateway as g
from tests.support.provider_cases import CASES, ProviderCase


@g.ON_SQLITE
@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_the_verdict_is_right(engine: Engine, case: ProviderCase) -> None:
    with g.gateway(case.world(0)) as there:
        aim = g.target(there.base_url, timeout_s=20.0)
        for number in range(case.sweeps):
            there.show(case.world(number))
            swept = g.sweep(aim, engine, g.hours(number))
    verdict = Verdict.INCONCLUSIVE if case.cause else Verdict.CONCLUSIVE
    assert (swept.decision.verdict, swept.decision.cause) == (verdict, case.cause)
    told = next(each for each in swept.sweep.observations if each.model == case.subject)
    assert (str(told.outcome), str(told.reason)) == (case.outcome, case.reason or str(told.reason)), (
        told.detail
    )
    assert str(told.kind) == (case.kind or str(told.kind))
    assert told.served_as == case.served_as or case.reason != "ok"
    states = dict(g.rows(engine, "SELECT model, status FROM model_status"))
    assert states.get(case.subject) == (case.status or states.get(case.subject))
