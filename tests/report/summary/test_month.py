"""Several days are told by their outages, with a table by model; troubles are counted and grouped."""

import json
from dataclasses import replace
from datetime import UTC, date, timedelta

from monitor.core.history.calendar import span_of
from monitor.core.summary.standing_values import ModelOutages
from monitor.core.summary.values import Down, Summary, Trouble
from monitor.report.summary import headline, summary_html, summary_json, summary_markdown, summary_text
from tests.report.summary.test_summary import LINKS, QUIET

APRIL = span_of(date(2026, 4, 1), date(2026, 4, 30), UTC)
HOUR = timedelta(hours=1)


def outage(model: str, begin: float, end: float | None) -> Down:
    ended_at = None if end is None else APRIL.begins_at + end * HOUR
    return Down(
        model=model, began_at=APRIL.begins_at + begin * HOUR, ended_at=ended_at, reason="server_error"
    )


def trouble(cause: str, begin: float) -> Trouble:
    began_at = APRIL.begins_at + begin * HOUR
    return Trouble(kind="x", cause=cause, began_at=began_at, ended_at=began_at + HOUR)


ROWS = (
    ModelOutages(model="m/long", outages=1, down_s=400_000, uptime_percent=84.5, coverage_percent=61.25),
    ModelOutages(
        model="m/often|" + "x" * 90, outages=1200, down_s=90_000, uptime_percent=None, coverage_percent=0.0
    ),
)
MONTH = replace(
    QUIET,
    outages=(outage("m/long", 100, 211), outage("m/long", 600, None), outage("m/often", 300, 301)),
    by_model=ROWS,
    troubles=(trouble("credential", 5), trouble("provider_outage", 50), trouble("credential", 90)),
)


def april(**changed: object) -> Summary:
    return Summary(span=APRIL, providers=(replace(MONTH, **changed),))  # type: ignore[arg-type]


def test_a_month_counts_outages_not_models_that_are_down_at_its_end() -> None:
    words = "3 outages of 2 models began, 2 ended; longest 5 d (m/long, not over)"
    assert headline(april()) == (
        f"nvidia: {words}; the key was rejected 2 times; the provider was in trouble"
    )
    assert f"nvidia: {words};" in summary_text(april()).replace("\n", " ").replace("  ", " ")


def test_a_table_has_a_line_for_each_model_with_ids_whole() -> None:
    assert (
        "\nOutages by model (2)\n"
        "outages  hours down   uptime  coverage  model\n"
        "      1       111.1  84.50 %   61.25 %  m/long\n"
        f"  1,200        25.0  no data    0.00 %  m/often|{'x' * 90}\n"
    ) in summary_text(april())
    markdown = summary_markdown(april(), LINKS)
    assert (
        "| model | outages | hours down | uptime | coverage |\n|---|---:|---:|---:|---:|\n| [`m/long`]("
        in markdown
    )
    assert "`m/often\\|" in markdown, "a bar would end the cell"
    html = summary_html(april())
    assert html.count("<th ") == 5
    assert ">111.1</td>" in html


def test_models_with_the_same_figures_are_one_line_of_the_table() -> None:
    alike = tuple(replace(ROWS[0], model=f"m/{number}") for number in range(30))
    text = summary_text(april(by_model=(*alike, ROWS[1])))
    assert "\nOutages by model (31)\n" in text
    assert "      1       111.1  84.50 %   61.25 %  30 models: m/0, m/1, m/2, and 27 more\n  1,200 " in text
    markdown = summary_markdown(april(by_model=(*alike, ROWS[1])), LINKS)
    assert "| 30 models: [`m/0`](" in markdown
    assert summary_html(april(by_model=(*alike, ROWS[1]))).count("m/2") > 1, (
        "the list is folded, with all names"
    )
    assert "61.25 %  m/19\n" in summary_text(april(by_model=alike[:20])), "all have room for a line"


def test_what_came_back_is_in_the_table_and_not_a_list_as_well() -> None:
    assert "Came back" not in summary_text(april())


def test_troubles_are_grouped_by_cause() -> None:
    flat = " ".join(summary_text(april()).split())
    assert (
        "Trouble with the provider, over (3): the key was rejected 2 times (2 h in all), last since "
        "2026-04-04 18:00; the provider was in trouble, on 2026-04-03 from 02:00 to 03:00 (1 h)"
    ) in flat


def test_a_long_table_is_cut_and_programs_get_all_of_it() -> None:
    rows = tuple(
        replace(ROWS[0], model=f"m/{number:02}", down_s=400_000 - 3600 * number) for number in range(50)
    )
    text = summary_text(april(by_model=rows), LINKS)
    assert "\n- and 30 more: https://status.example/changes\n" in text
    (provider,) = json.loads(summary_json(april(by_model=rows)))["providers"]
    assert len(provider["by_model"]) == 50
    assert provider["by_model"][0] == {
        "model": "m/00",
        "outages": 1,
        "down_s": 400_000,
        "uptime_percent": 84.5,
        "coverage_percent": 61.25,
    }
    totals = provider["outage_totals"]
    assert [totals[key] for key in ("began", "models", "ended", "final")] == [3, 2, 2, 0]
    assert (totals["longest"]["model"], totals["longest"]["duration_s"]) == ("m/long", 120 * 3600)


def test_a_month_without_an_outage_has_neither() -> None:
    text = summary_text(april(outages=(), by_model=(), baseline=9))
    assert "outage" not in text.split("A sweep asks")[0].split("Over 30 days")[0]
