"""A limited model reads as available and busy in every command, with its HTTP status; JSON has the codes."""

import json
from pathlib import Path

from tests.support import gateway as g
from tests.support import scripted as s
from tests.support.command import config_file, monitor
from tests.support.provider_cases import CHAT

OTHERS = tuple(f"vendor/other-{number}" for number in range(6))
LIMITED, OVERLOADED = "vendor/limited", "vendor/overloaded"
LIMIT = s.complaint("Rate limit reached, try again later", 429, code="rate_limit_exceeded")
OVERLOAD = s.complaint("The model is overloaded", 529, code="overloaded_error")
BUSY, BUSIER = "available, busy (HTTP 429)", "available, busy (HTTP 529)"


def world(limited: s.Says = LIMIT, overloaded: s.Says = OVERLOAD) -> s.ScriptedWorld:
    says = {LIMITED: {CHAT: limited}, OVERLOADED: {CHAT: overloaded}}
    return s.scripted({**{model: {CHAT: s.OK} for model in OTHERS}, **says})


def squeezed(text: str) -> str:
    return " ".join(text.split())


def test_a_limited_model_reads_as_busy_and_its_codes_stay(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(world()) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url)
        swept = monitor(config, "sweep", "--output-dir", str(tmp_path / "results"))
        assert "6 available, 2 busy, 0 unavailable, 0 unclear" in swept.stderr
        assert {LIMITED, OVERLOADED} <= {*swept.stdout.split()}
        table = squeezed(monitor(config, "status").stdout)
        assert f"{BUSY} " in table
        assert f"{BUSIER} " in table
        for model, words in ((LIMITED, BUSY), (OVERLOADED, BUSIER)):
            assert f"status {words} since" in squeezed(monitor(config, "status", model).stdout)
            assert monitor(config, "check", model).stdout.startswith(f"{model}: {words}: ")
            assert monitor(config, "check", model, "--live").stdout.startswith(f"{model}: {words}: ")
        events = squeezed(monitor(config, "events").stdout)
        assert f"{LIMITED} appeared in the catalog, available, busy" in events
        live = json.loads(monitor(config, "check", LIMITED, "--live", "--json").stdout)
        assert (live["outcome"], live["reason"]) == ("rate_limited", "too_many_requests")
        stored = json.loads(monitor(config, "status", LIMITED, "--json").stdout)["now"]
        assert (stored["status"], stored["reason"], stored["http_status"]) == (
            "available",
            "too_many_requests",
            429,
        )
        (results,) = (tmp_path / "results").glob("*_test_results_*")
        assert "# 6 available, 2 busy, 0 unavailable, 0 unclear\n" in results.read_text()


def test_a_limit_that_is_over_is_not_shown(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(world()) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url)
        monitor(config, "sweep")
        there.show(world(s.OK, s.OK))
        monitor(config, "sweep")
        assert "busy" not in monitor(config, "status").stdout
        assert monitor(config, "check", LIMITED).stdout == f"{LIMITED}: available (answers)\n"
        there.show(world())
        monitor(config, "sweep")
        assert BUSY in squeezed(monitor(config, "status", LIMITED).stdout)
