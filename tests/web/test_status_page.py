"""The status page, as the server sends it."""

from base64 import b64encode
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import Engine, event

from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import Cause, Kind
from monitor.core.notification.maintenance import RunningWindow
from monitor.store.write.record import open_sweep
from monitor.store.write.slots import record_missed_slots
from tests.web.history import (
    BUSY,
    DOWN,
    ENDED,
    HOSTILE,
    INTERVAL,
    ODD,
    START,
    UNCLEAR,
    UP,
    after,
    live,
    sweep,
)
from tests.web.markup import Seen, read
from tests.web.served import browsing

HEAD = ["Model", "Status", "For", "Why", "Kind", "Last checked", "HTTP", "Latency", "30-day uptime"]


def look(engine: Engine, minutes: float = 5, *, sweeps: int = 1, **watched: timedelta) -> Seen:
    with browsing(engine, after(sweeps, minutes), watched or {"nvidia": INTERVAL}) as client:
        answer = client.get("/")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    return read(answer.text)


def test_a_table_tells_of_every_model_that_is_not_retired(engine: Engine) -> None:
    catalog = {"a/up": UP, "b/busy": BUSY, "c/down": DOWN, "d/ended": ENDED, "e/unclear": UNCLEAR}
    live(engine, [sweep(0, catalog, kinds={"b/busy": Kind.EMBEDDINGS})])
    seen = look(engine, minutes=12)
    assert seen.tables["Models of nvidia"] == [
        HEAD,
        ["a/up", "available", "11 min", "answers", "chat", "11 min ago", "200", "180 ms", "100.00 %"],
        ["b/busy", "available, busy (HTTP 503)", "11 min", "hosted, but busy", "embeddings", "11 min ago",
         "503", "217 ms", "100.00 %"],
        ["e/unclear", "new", "11 min", "no answer in time", "chat", "11 min ago", "–", "–", "–"],
        ["c/down", "unavailable", "11 min", "not offered to this account", "chat", "11 min ago", "404",
         "254 ms", "0.00 %"],
    ]  # fmt: skip
    assert seen.tables["Retired models of nvidia"][1][:4] == [
        "d/ended",
        "retired",
        "11 min",
        "reached its end of life",
    ]
    assert "2 available, 1 unavailable, 1 new, 1 retired." in seen.text
    assert "Last sweep 12 min ago, next one in about 3 min." in seen.text


def test_a_flapping_model_a_date_and_a_missing_one_are_marked(engine: Engine) -> None:
    sweeps = [sweep(place, {"a": UP if place % 2 else DOWN, "b": UP, "c": UP}) for place in range(12)]
    sweeps += [sweep(12, {"a": UP, "b": UP}, retires_at={"b": START + timedelta(days=30)})]
    live(engine, sweeps)
    rows = {row[0]: row[1] for row in look(engine, sweeps=13).tables["Models of nvidia"]}
    assert rows == {
        "Model": "Status",
        "a": "available flapping",
        "b retires 2026-05-06": "available",
        "c not in the last catalog": "available",
    }


def test_changes_are_told_in_words_without_the_first_stock_taking(engine: Engine) -> None:
    live(
        engine,
        [
            sweep(0, {"a": UP, "b": UP}),
            sweep(1, {"a": UP, "b": DOWN, "n": UP}),
            sweep(2, {"a": ENDED, "b": DOWN, "n": UP}),
            sweep(3, {"a": ENDED, "b": UP, "n": UP}),
            sweep(4, {"a": ENDED, "b": UP, "n": UP}, cause=Cause.CREDENTIAL),
        ],
    )
    text = look(engine, sweeps=5).text
    told = text[text.index("Last changes") : text.index("Times are UTC")]
    assert told == (
        "Last changes 5 min ago nvidia rejects our key 19 min ago b became available"
        " 34 min ago b became unavailable: not offered to this account"
        " 34 min ago a was retired: reached its end of life"
        " 49 min ago n appeared in the catalog, available "
    )


def test_sweeps_are_told_with_verdict_and_cause(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP, "b": DOWN}), sweep(1, {"a": UP}, cause=Cause.OUR_NETWORK)])
    seen = look(engine, sweeps=2)
    assert seen.tables["Last sweeps of nvidia"] == [
        ["Started", "Took", "Verdict", "Listed", "Found"],
        ["2026-04-06 12:15:00 UTC", "1 min", "inconclusive: our own network failed", "1",
         "1 available, 0 busy, 0 unavailable, 0 unclear"],
        ["2026-04-06 12:00:00 UTC", "1 min", "conclusive", "2",
         "1 available, 0 busy, 1 unavailable, 0 unclear"],
    ]  # fmt: skip
    assert "The last sweep was inconclusive: our own network failed." in seen.text
    assert "may be out of date" not in seen.text


def test_stale_knowledge_is_marked_rule_35(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    assert "out of date" not in look(engine, minutes=45).text
    assert (
        "This may be out of date. The last conclusive sweep was 46 min ago" in look(engine, minutes=46).text
    )


def test_a_provider_that_is_not_watched_comes_last_and_is_not_counted_rule_34(engine: Engine) -> None:
    live(engine, [sweep(0, {"z": UP}, provider="former"), sweep(0, {"a": DOWN}, provider="nvidia")])
    text = look(engine).text
    assert (
        "Which models answer as of 2026-04-06 12:05:00 UTC available 0 unavailable 1 new 0 retired 0" in text
    )
    assert text.index("nvidia") < text.index(
        "former not watched This provider is no longer in the configuration"
    )


def test_before_the_first_sweep_the_page_says_what_to_expect(engine: Engine) -> None:
    text = look(engine).text
    assert "nvidia Swept every 15 min. No sweep yet." in text
    assert "Last changes None yet." in text


def test_while_the_first_sweep_runs_the_page_says_so(engine: Engine) -> None:
    open_sweep(engine, provider="nvidia", vantage="default", slot=START, started_at=START, policy=Policy())
    text = look(engine).text
    assert "A sweep is running; it began 5 min ago." in text
    assert "The first results come when this sweep ends." in text


def test_after_only_inconclusive_sweeps_the_page_has_no_models_but_the_cause(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP}, cause=Cause.QUOTA)])
    text = look(engine).text
    assert "the quota is used up" in text
    assert "No sweep has been conclusive yet." in text
    assert "No model is known yet." in text


def test_hostile_ids_are_text_and_nothing_else(engine: Engine) -> None:
    live(
        engine,
        [sweep(0, dict.fromkeys(HOSTILE, UP)), sweep(1, {**dict.fromkeys(HOSTILE, UP), "\u2066<b>": UP})],
    )
    seen = look(engine, sweeps=2)
    shown = {row[0] for row in seen.tables["Models of nvidia"][1:]}
    assert shown == {name.replace("\u202e", r"\u{202e}") for name in HOSTILE} | {r"\u{2066}<b>"}
    assert not {"script", "img", "b"} & set(seen.tags)


def test_a_hostile_provider_and_reason_are_text(engine: Engine) -> None:
    name = "<h1>\u202e"
    live(engine, [sweep(0, {"a": ODD}, provider=name)])
    seen = look(engine)
    assert seen.tables[r"Models of <h1>\u{202e}"][1][3] == "<i> odd"
    assert "i" not in seen.tags


def test_the_page_loads_nothing_and_allows_only_its_own_style(engine: Engine) -> None:
    with browsing(engine, START) as client:
        answer = client.get("/")
    style = answer.text.split("<style>")[1].split("</style>")[0]
    allowed = b64encode(sha256(style.encode()).digest()).decode()
    assert answer.headers["content-security-policy"] == (
        "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
        f"style-src 'sha256-{allowed}'; img-src data:"
    )
    assert "script" not in read(answer.text).tags
    assert '<meta http-equiv="refresh" content="60">' in answer.text
    assert "http://" not in answer.text.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in answer.text


@pytest.mark.parametrize(
    "path", ["/", "/healthz", "/readyz", "/api/v1/models", "/v1/models", "/openapi.json", "/no"]
)
def test_every_answer_is_guarded_and_sets_no_cookie(engine: Engine, path: str) -> None:
    with browsing(engine, START) as client:
        answer = client.get(path)
        head = client.head(path)
    assert answer.headers["content-security-policy"].startswith("default-src 'none'; ")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["cache-control"] == "no-cache"
    assert not {"set-cookie", "server"} & set(answer.headers)
    assert (head.status_code, head.content) == (answer.status_code, b"")


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [("GET", "/docs", 404), ("GET", "/redoc", 404), ("GET", "/v1/models/", 404), ("POST", "/v1/models", 405)],
)
def test_what_is_not_served_is_refused_in_json(engine: Engine, method: str, path: str, status: int) -> None:
    with browsing(engine, START) as client:
        answer = client.request(method, path)
    assert answer.status_code == status
    assert set(answer.json()["error"]) == {"message", "type"}


def test_sweeps_that_were_missed_lately_are_said_with_why(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    record_missed_slots(engine, "nvidia", "default", [START + INTERVAL], cause="the spool is <full>")
    with browsing(engine, after(2)) as client:
        page = client.get("/").text
    assert (
        "1 scheduled sweep of nvidia missed in the last 24 h; the last one: the spool is &lt;full&gt;."
        in page
    )


def test_a_running_maintenance_window_is_shown_at_the_providers_that_it_concerns(engine: Engine) -> None:
    live(engine, [sweep(0, {"a": UP})])
    window = RunningWindow(provider="nv*", models=("<b>", "c"), began_at=START, ends_at=START + 8 * INTERVAL)
    watched = {"nvidia": INTERVAL, "other": INTERVAL}
    with browsing(engine, after(1), watched, lambda _moment: [window]) as client:
        page, other = client.get("/").text, client.get("/models/nvidia/a").text
    assert page.count("Maintenance of nv* (&lt;b&gt;, c) since 2026-04-06 12:00:00 UTC, until") == 1
    assert "Maintenance of" not in other
    every = replace(window, models=("*",))
    with browsing(engine, after(1), watched, lambda _moment: [every]) as client:
        assert client.get("/models/nvidia/a").text.count("Maintenance of nv* since") == 1
    with browsing(engine, after(1), watched) as client:
        assert "aintenance" not in client.get("/").text


def test_a_page_is_read_by_one_transaction(engine: Engine) -> None:
    live(engine, [sweep(0, {"a/up": UP}), sweep(1, {"a/up": DOWN})])
    begun: list[object] = []
    event.listen(engine, "begin", begun.append)
    look(engine, sweeps=2)
    assert len(begun) == 2  # one for the state of the history, one for the page itself
