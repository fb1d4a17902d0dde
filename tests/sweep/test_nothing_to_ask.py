"""A sweep that would ask none of the listed models proves nothing, and says why (rules.md 8)."""

from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import Engine

from monitor.core.domain.policy import Policy
from monitor.demo.stories import steady
from monitor.sweep.plan import nothing_to_ask
from tests.support import gateway as g
from tests.support.command import config_file, monitor

LISTED = ("meta/llama-3.1-8b-instruct", "meta/llama-3.1-70b-instruct", "nv/embed")


@pytest.mark.parametrize(
    ("policy", "words"),
    [
        (
            Policy(include=("meta/llama-3.1-8b-instrukt",)),
            (
                'include = ["meta/llama-3.1-8b-instrukt"] matches none of 3 listed models; '
                'nearest: ["meta/llama-3.1-8b-instruct"'
            ),
        ),
        (
            Policy(include=("q", "w", "x", "z")),
            'include = ["q", "w", "x", ...] matches none of 3 listed models',
        ),
        (Policy(exclude=("*",)), 'exclude = ["*"] leaves none of 3 listed models'),
        (
            Policy(include=("meta/*", "gone/*"), exclude=("meta/*",)),
            'exclude = ["meta/*"] leaves none of 3 listed models',
        ),
    ],
)
def test_the_words_name_the_patterns_that_leave_nothing(policy: Policy, words: str) -> None:
    assert nothing_to_ask(LISTED, policy).startswith(words)


@g.ON_SQLITE
def test_rule_8_a_sweep_that_asks_no_listed_model_is_inconclusive_and_says_nothing_of_any(
    engine: Engine,
) -> None:
    with g.gateway(steady(6)) as there:
        aim = g.target(there.base_url)
        g.sweep(aim, engine, g.hours(0))
        before, events = g.statuses(engine), g.model_events(engine)
        there.forget()
        none = replace(aim, policy=Policy(include=("no/such-*",)))
        swept = [g.sweep(none, engine, g.hours(hour)).sweep for hour in (1, 2, 3, 4)]
        assert there.probes == []
    assert {(each.verdict, each.cause) for each in swept} == {("inconclusive", "interrupted")}
    assert all(len(each.listed) == 6 and "matches none of 6" in str(each.detail) for each in swept)
    assert (g.statuses(engine), g.model_events(engine)) == (before, events)
    assert g.provider_events(engine) == []


def test_the_command_exits_3_and_names_the_patterns(sqlite_url: str, tmp_path: Path) -> None:
    with g.gateway(steady(6)) as there:
        config = config_file(tmp_path, there.base_url, sqlite_url, include=["no/such-*"])
        done = monitor(config, "sweep")
    assert (done.returncode, done.stdout) == (3, "")
    assert 'include = ["no/such-*"] matches none of 6 listed models' in done.stderr.splitlines()[-1]
    assert "WARNING no_model_asked provider=nvidia" in done.stderr
