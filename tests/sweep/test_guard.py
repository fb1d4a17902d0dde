"""The guard end to end (rules.md 6, 8-12): our own trouble is never written down as the models'.

Each case breaks a real server in one way after a good sweep, and looks at everything a reader could see.
"""

from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.core.domain.sweep import Observation
from monitor.core.domain.vocabulary import Cause, EventKind, Reason, Verdict
from monitor.demo import Behave, Catalog, CatalogMode, Change, Delist, Everywhere, PageStyle, Paging, World
from monitor.demo.stories import steady
from monitor.report.formats.records import format_record, parse_record
from monitor.store.derived.rebuild import rebuild
from monitor.store.memory.acceptance import accept, is_accepted
from monitor.store.write.import_export import add_sweeps, read_sweeps
from monitor.sweep import ProgressListener, Target, sweep_provider
from tests.support import gateway as g
from tests.support import scripted as s
from tests.support.command import PROVIDER

MODELS = 30
MANY = steady(120)  # more pages than are read, one model a page
FEW = 24  # a common trouble is noticed by then, with 8 requests under way and 3 canaries asked again
MOST = steady(MODELS).listed[: MODELS * 2 // 3]

KEY = ("credential", "credential_rejected", "credential_accepted")
QUOTA = ("quota", "quota_exhausted", "quota_restored")
OUTAGE = ("provider_outage", "provider_down", "provider_up")
RULE = ("rule_change", "provider_down", "provider_up")
UNREADABLE = ("catalog_unreadable", "provider_down", "provider_up")
SHRANK = ("catalog_shrank", "catalog_shrank", "catalog_restored")


@dataclass(frozen=True)
class Case:
    """What breaks, and what must be said of it: cause, opening and closing event."""

    name: str
    change: Change
    told: tuple[str, str, str]
    most_probes: int = FEW
    world: World = field(default_factory=lambda: steady(MODELS))
    timeout_s: float = 30.0
    concurrency: int = 8


def catalog(mode: CatalogMode, told: tuple[str, str, str] = UNREADABLE) -> Case:
    return Case(f"catalog_{mode}", Catalog(mode), told, most_probes=0)


CASES = [
    Case("key_rejected", Everywhere("key_rejected"), KEY),
    Case("key_unknown", Everywhere("no_authorization"), KEY),
    Case("no_money", Everywhere("payment_required"), QUOTA),
    Case("quota_used_up", Everywhere("quota_exhausted"), QUOTA),
    Case("not_for_account", Everywhere("not_for_account"), KEY),
    Case("server_error", Everywhere("server_error"), OUTAGE),
    Case("no_capacity", Everywhere("no_capacity"), OUTAGE),
    Case("html", Everywhere("html"), OUTAGE),
    Case("empty_answers", Everywhere("empty"), OUTAGE),
    Case("error_under_200", Everywhere("error_under_200"), OUTAGE),
    Case("reset", Everywhere("reset"), OUTAGE),
    Case("hang", Everywhere("hang"), OUTAGE, MODELS + 3, timeout_s=2.0, concurrency=MODELS),
    Case("bad_request", Everywhere("bad_request"), RULE),
    Case("unprocessable", Everywhere("unprocessable"), RULE),
    # as many as are under way may be asked again
    Case("most_server_error", Behave(MOST, "server_error"), OUTAGE, MODELS + 8),
    catalog(CatalogMode.EMPTY),
    catalog(CatalogMode.HTML),
    catalog(CatalogMode.NOT_JSON),
    catalog(CatalogMode.ERROR),
    catalog(CatalogMode.CUT),
    catalog(CatalogMode.RESET),
    catalog(CatalogMode.REDIRECT),
    catalog(CatalogMode.UNAUTHORIZED, KEY),
    Case("catalog_stranger", Paging(10, PageStyle.STRANGER), UNREADABLE, most_probes=0),
    Case("catalog_circle", Paging(10, PageStyle.LOOP), UNREADABLE, most_probes=0),
    Case("catalog_endless", Paging(1), UNREADABLE, most_probes=0, world=MANY),
    Case("catalog_third", Delist(MOST), SHRANK, most_probes=0),
]


@g.ON_SQLITE
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_trouble_of_all_is_one_inconclusive_sweep_and_one_provider_event(engine: Engine, case: Case) -> None:
    check_guarded(engine, case)


@g.ON_POSTGRES
@pytest.mark.parametrize("case", CASES[::5], ids=lambda case: case.name)
def test_so_it_is_on_postgres(engine: Engine, case: Case) -> None:
    check_guarded(engine, case)


def check_guarded(engine: Engine, case: Case) -> None:
    """Live through the trouble twice, and through its end."""
    cause, opening, closing = case.told
    with g.gateway(case.world) as there:
        healthy = g.target(there.base_url, concurrency=case.concurrency)
        aim = g.target(there.base_url, concurrency=case.concurrency, timeout_s=case.timeout_s)
        g.sweep(healthy, engine, g.NOON)
        before, events = g.statuses(engine), g.model_events(engine)
        for hour in (1, 2):
            there.show(case.change.apply(case.world))
            there.forget()
            swept = g.sweep(aim, engine, g.hours(hour))
            assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, cause)
            assert len(there.probes) <= case.most_probes
            assert g.statuses(engine) == before
        assert g.provider_events(engine) == [(opening, cause)]
        there.show(case.world)
        good = g.sweep(healthy, engine, g.hours(3))
    assert good.decision.verdict is Verdict.CONCLUSIVE
    assert g.provider_events(engine) == [(opening, cause), (closing, cause)]
    assert g.model_events(engine) == events
    verdicts = [(each.verdict, each.cause) for each in g.finished(engine)]
    bad = (Verdict.INCONCLUSIVE, cause)
    assert verdicts == [(Verdict.CONCLUSIVE, None), bad, bad, (Verdict.CONCLUSIVE, None)]


@g.ON_SQLITE
def test_a_closed_port_is_our_networks_trouble_and_raises_nothing(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
    before = g.statuses(engine)
    swept = g.sweep(aim, engine, g.hours(1))  # the server is gone
    assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, Cause.OUR_NETWORK)
    assert g.statuses(engine) == before
    assert g.provider_events(engine) == []


def test_a_wrong_key_from_the_start_is_said_and_no_model_is_judged(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        wrong = g.target(there.base_url, key="nvapi-of-somebody-else", concurrency=4)
        for hour in (0, 1):
            swept = g.sweep(wrong, engine, g.hours(hour))
            assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, Cause.CREDENTIAL)
            assert g.statuses(engine) == []
            assert g.model_events(engine) == 0
        assert len(there.probes) <= 2 * FEW
        g.sweep(g.target(there.base_url), engine, g.hours(2))
    assert [kind for kind, _ in g.provider_events(engine)] == ["credential_rejected", "credential_accepted"]
    assert len(g.statuses(engine)) == MODELS
    baseline = g.rows(engine, "SELECT kind, to_status FROM change_history WHERE model IS NOT NULL")
    assert set(baseline) == {("appeared", "available")}


def test_a_key_revoked_in_mid_sweep_touches_no_model(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url, concurrency=4)
        g.sweep(aim, engine, g.NOON)
        before, events = g.statuses(engine), g.model_events(engine)
        swept = revoked_after(12, there, aim, engine)
        assert swept == (Verdict.INCONCLUSIVE, Cause.CREDENTIAL)
        assert g.statuses(engine) == before
        answered = "SELECT count(*) FROM observation_history WHERE outcome = 'available' AND NOT conclusive"
        assert g.rows(engine, answered) >= [(12,)]
        there.change(Everywhere(None))
        g.sweep(aim, engine, g.hours(2))
    assert g.model_events(engine) == events
    assert [kind for kind, _ in g.provider_events(engine)] == ["credential_rejected", "credential_accepted"]


def revoked_after(count: int, there: g.Gateway, aim: Target, engine: Engine) -> tuple[Verdict, str | None]:
    """Sweep while the key is revoked after so many observations; return verdict and cause."""
    seen: list[Observation] = []

    def watch(observation: Observation) -> None:
        seen.append(observation)
        if len(seen) == count:
            there.change(Everywhere("key_rejected"))

    async def run() -> tuple[Verdict, str | None]:
        swept = await sweep_provider(
            aim, engine, now=lambda: g.hours(1), progress=ProgressListener(on_observation=watch)
        )
        assert swept is not None
        return swept.decision.verdict, swept.decision.cause

    return g.run_async(run)


@g.ON_SQLITE
def test_one_models_refusal_while_others_answer_is_that_models_own(engine: Engine) -> None:
    victim = steady(MODELS).listed[3]
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.change(Behave((victim,), "key_rejected"))
        for hour in (1, 2):
            assert g.sweep(aim, engine, g.hours(hour)).decision.verdict is Verdict.CONCLUSIVE
    down = "SELECT model, kind, to_status, reason FROM change_history WHERE kind <> 'appeared'"
    assert g.rows(engine, down) == [(victim, "became_unavailable", "unavailable", "not_for_account")]


@g.ON_SQLITE
def test_exactly_half_failing_alike_is_believed(engine: Engine) -> None:
    half = steady(MODELS).listed[: MODELS // 2]
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.change(Behave(half, "server_error"))
        for hour in (1, 2):
            assert g.sweep(aim, engine, g.hours(hour)).decision.verdict is Verdict.CONCLUSIVE
    query = "SELECT count(*) FROM model_status WHERE status = 'unavailable'"
    assert g.rows(engine, query) == [(len(half),)]


def test_a_mass_retirement_is_believed_after_three_readable_catalogs(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        before = g.statuses(engine)
        there.change(Delist(MOST))
        verdicts = []
        for hour in (1, 2, 3):
            verdicts.append(g.sweep(aim, engine, g.hours(hour)).decision.cause)
            assert (g.statuses(engine) == before) == (hour < 3)
    assert verdicts == [Cause.CATALOG_SHRANK, Cause.CATALOG_SHRANK, None]
    retired = g.rows(
        engine, "SELECT model, reason, began_at, confirmed_at FROM change_history WHERE kind = 'retired'"
    )
    assert {model for model, *_ in retired} == set(MOST)
    assert {reason for _, reason, *_ in retired} == {"delisted"}
    assert {str(began)[:19] for _, _, began, _ in retired} == {"2026-04-06 13:00:00"}
    assert {str(confirmed)[:19] for *_, confirmed in retired} == {"2026-04-06 15:00:00"}
    assert g.rows(engine, "SELECT count(*) FROM model_status WHERE NOT listed") == [(len(MOST),)]
    assert [kind for kind, _ in g.provider_events(engine)] == ["catalog_shrank", "catalog_restored"]


@g.ON_SQLITE
def test_an_unreadable_catalog_between_does_not_count_as_readable(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        changes: list[Change] = [Delist(MOST), Catalog(CatalogMode.HTML), Catalog(CatalogMode.OK)]
        for hour, change in enumerate(changes, start=1):
            there.change(change)
            assert g.sweep(aim, engine, g.hours(hour)).decision.verdict is Verdict.INCONCLUSIVE
    assert g.rows(engine, "SELECT count(*) FROM change_history WHERE kind = 'retired'") == [(0,)]


def test_a_small_provider_that_goes_down_for_real_is_believed(engine: Engine) -> None:
    with g.gateway(steady(4)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.change(Everywhere("server_error"))
        for hour in (1, 2):
            assert g.sweep(aim, engine, g.hours(hour)).decision.verdict is Verdict.CONCLUSIVE
        assert g.rows(engine, "SELECT DISTINCT status, reason FROM model_status") == [
            ("unavailable", "server_error")
        ]
        there.change(Everywhere(None))
        g.sweep(aim, engine, g.hours(3))
    outages = g.rows(engine, "SELECT duration_s, reason FROM outage_history")
    assert [reason for _, reason in outages] == ["server_error"] * 4
    assert all(abs(seconds - 7200) < 60 for seconds, _ in outages)


@g.ON_SQLITE
def test_a_mass_failure_that_lasts_six_hours_while_others_answer_is_believed(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.change(Behave(MOST, "not_for_account"))
        causes = [g.sweep(aim, engine, g.hours(hour)).decision.cause for hour in (1, 2, 5, 7, 8)]
    assert causes == [Cause.RULE_CHANGE, Cause.RULE_CHANGE, Cause.RULE_CHANGE, None, None]
    down = (
        "SELECT count(*) FROM change_history WHERE kind = 'became_unavailable' AND reason = 'not_for_account'"
    )
    assert g.rows(engine, down) == [(len(MOST),)]


@g.ON_SQLITE
def test_while_nothing_at_all_answers_the_outage_is_the_providers_however_long(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        before = g.statuses(engine)
        there.change(Everywhere("server_error"))
        for hour in (1, 9, 33, 57):
            assert g.sweep(aim, engine, g.hours(hour)).decision.cause == Cause.PROVIDER_OUTAGE
    assert g.statuses(engine) == before
    assert g.provider_events(engine) == [(EventKind.PROVIDER_DOWN, "provider_outage")]


@g.ON_SQLITE
def test_a_model_that_vanishes_for_one_sweep_is_untouched_and_for_two_is_delisted(engine: Engine) -> None:
    gone = steady(MODELS).listed[:2]
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        events = g.model_events(engine)
        there.change(Delist(gone))
        g.sweep(aim, engine, g.hours(1))
        assert g.model_events(engine) == events
        g.sweep(aim, engine, g.hours(2))
    query = (
        "SELECT model, kind, to_status, reason FROM change_history WHERE kind <> 'appeared' ORDER BY event_id"
    )
    assert g.rows(engine, query) == [(model, "retired", "retired", "delisted") for model in sorted(gone)]


def test_a_rebuild_and_an_import_give_the_same_events_after_every_kind_of_trouble(engine: Engine) -> None:
    """Derived rows are disposable (rules.md 29): what an event tells must not be lost by deriving it anew."""
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        changes: list[Change] = [
            Everywhere(None),
            Everywhere("payment_required"),
            Catalog(CatalogMode.ERROR),
            Catalog(CatalogMode.OK),
            Everywhere(None),
            Delist(MOST),
        ]
        for hour, change in enumerate(changes):
            there.change(change)
            g.sweep(aim, engine, g.hours(hour))
    query = "SELECT * FROM change_history ORDER BY event_id"
    lived, shown = g.rows(engine, query), g.statuses(engine)
    rebuild(engine, PROVIDER)
    assert g.rows(engine, query) == lived
    assert g.statuses(engine) == shown
    lines = [format_record(told) for told in read_sweeps(engine)]
    g.empty(engine)
    add_sweeps(engine, [parse_record(line, "the export") for line in lines], lambda _: Policy())
    assert g.rows(engine, query) == lived
    assert g.statuses(engine) == shown


@g.ON_SQLITE
def test_every_model_of_an_inconclusive_sweep_may_still_be_read(engine: Engine) -> None:
    """What was observed stays a fact, marked as not conclusive; uptime leaves it out."""
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        there.change(Everywhere("server_error"))
        swept = g.sweep(aim, engine, g.hours(1))
    seen = "SELECT count(*) FROM observation_history WHERE NOT conclusive AND reason = :reason"
    assert g.rows(engine, seen, reason=Reason.SERVER_ERROR) == [(MODELS,)]
    assert replace(swept.sweep).verdict is Verdict.INCONCLUSIVE
    assert g.rows(engine, "SELECT DISTINCT checks, answered, uptime_percent FROM uptime_daily") == [
        (1, 1, 100.0)
    ]
    day = (
        "SELECT sweeps, conclusive, provider_down, our_fault, interrupted, missed FROM provider_uptime_daily"
    )
    assert g.rows(engine, day) == [(2, 1, 1, 0, 0, 0)]


# ---- What is held back, and believed by hand (rules.md 11) ------------------------------


def test_a_mass_retirement_is_held_until_it_is_accepted(engine: Engine) -> None:
    gone = Behave(MOST, "not_for_account")
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        before = g.statuses(engine)
        there.change(gone)
        held = g.sweep(aim, engine, g.hours(1))
        assert (held.decision.cause, g.statuses(engine)) == (Cause.RULE_CHANGE, before)
        accept(engine, PROVIDER, g.hours(1))
        for hour in (2, 3):  # two downs in a row, of which the first sweep alone is accepted
            swept = g.sweep(aim, engine, g.hours(hour))
            assert swept.decision.verdict is Verdict.CONCLUSIVE
            assert swept.sweep.accepted is (hour == 2)
    down = g.rows(engine, "SELECT count(*) FROM model_status WHERE status = 'unavailable'")
    assert down == [(len(MOST),)]


@g.ON_SQLITE
def test_an_acceptance_outlasts_a_sweep_that_cannot_use_it(engine: Engine) -> None:
    less = Delist(MOST)
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        accept(engine, PROVIDER, g.NOON)
        there.change(Catalog(CatalogMode.ERROR))
        g.sweep(aim, engine, g.hours(1))
        assert is_accepted(engine, PROVIDER)
        there.change(Catalog(CatalogMode.OK), less)
        swept = g.sweep(aim, engine, g.hours(2))
    assert (swept.decision.verdict, swept.sweep.accepted) == (Verdict.CONCLUSIVE, True)
    assert not is_accepted(engine, PROVIDER)


@g.ON_SQLITE
def test_even_an_accepted_sweep_does_not_believe_its_own_rejected_key(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        g.sweep(g.target(there.base_url), engine, g.NOON)
        before = g.statuses(engine)
        accept(engine, PROVIDER, g.NOON)
        swept = g.sweep(g.target(there.base_url, key="nvapi-of-somebody-else"), engine, g.hours(1))
    assert (swept.decision.cause, g.statuses(engine)) == (Cause.CREDENTIAL, before)


# ---- Sweeps that reach few, or nobody ---------------------------------------------------


def out_of_budget(aim: Target) -> Target:
    return replace(aim, requests_per_day=1)


def test_a_sweep_that_could_ask_nobody_concludes_nothing(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.NOON)
        g.sweep(g.target(there.base_url, key="nvapi-of-somebody-else"), engine, g.hours(1))
        before = g.statuses(engine)
        swept = g.sweep(out_of_budget(aim), engine, g.hours(2))
        assert (swept.decision.verdict, swept.decision.cause) == (Verdict.INCONCLUSIVE, Cause.INTERRUPTED)
        assert g.provider_events(engine) == [("credential_rejected", "credential")]
        there.change(Everywhere("server_error"))
        for hour in (3, 4):
            assert g.sweep(aim, engine, g.hours(hour)).decision.cause == Cause.PROVIDER_OUTAGE
    assert g.statuses(engine) == before


@g.ON_SQLITE
def test_after_a_sweep_that_reached_few_an_outage_is_still_an_outage(engine: Engine) -> None:
    with g.gateway(steady(MODELS)) as there:
        aim = g.target(there.base_url)
        spent = g.sweep(aim, engine, g.NOON).sweep.requests
        short = replace(aim, requests_per_day=spent + 4)
        assert g.sweep(short, engine, g.hours(1)).decision.verdict is Verdict.CONCLUSIVE
        before = g.statuses(engine)
        there.change(Everywhere("server_error"))
        for hour in (2, 3):
            assert g.sweep(aim, engine, g.hours(hour)).decision.cause == Cause.PROVIDER_OUTAGE
    assert g.statuses(engine) == before


@g.ON_SQLITE
def test_a_wait_beyond_the_sweeps_end_is_not_waited_for(engine: Engine) -> None:
    """Nobody ever answered, so nobody speaks for the others: each is asked once."""
    with g.gateway(steady(MODELS)) as there:
        there.change(Everywhere("too_many_requests_wait:3600"))
        swept = g.sweep(g.target(there.base_url, concurrency=2), engine, g.NOON)
    assert swept.sweep.finished_at - swept.sweep.started_at < timedelta(seconds=30)
    assert swept.sweep.requests == 1 + MODELS


@g.ON_SQLITE
def test_an_endpoint_that_moved_is_looked_for_with_a_few_models_only(engine: Engine) -> None:
    few = {f"b/e{number}": {"embeddings": s.VECTOR} for number in range(4)}
    many = {f"a/m{number}": {"chat/completions": s.OK} for number in range(20)}
    nowhere: dict[str, dict[str, s.Says]] = {model: {} for model in many}
    with g.gateway(s.scripted({**many, **few})) as there:
        aim = g.target(there.base_url, concurrency=4)
        g.sweep(aim, engine, g.NOON)
        there.show(s.scripted({**nowhere, **few}))
        there.forget()
        swept = g.sweep(aim, engine, g.hours(1))
        assert len(there.probes) <= 24 + 3 * 4
    assert swept.decision.cause == Cause.RULE_CHANGE
