"""Summaries as users get them: a month of the simulated provider, the files, the command."""

import json
import re
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from monitor.app.notifications.summaries import Summaries, summaries_of
from monitor.cli.terminal.days import chosen_span
from monitor.clock import utc_now
from monitor.config import parse_settings
from monitor.core.domain.policy import Policy
from monitor.core.domain.vocabulary import EventKind, Reason
from monitor.core.history.calendar import Span, day_of, span_of
from monitor.core.summary.values import Summary
from monitor.errors import ConfigError, UsageError
from monitor.report.summary import (
    Links,
    headline,
    summary_document,
    summary_html,
    summary_markdown,
    summary_text,
)
from monitor.report.summary.content import summary_content
from monitor.report.summary.counts import counts_of, lasting_news, news
from monitor.report.words.codes import shown_id
from monitor.store.admin.migrate import prepare
from monitor.store.connection.engine import Engine, open_engine
from monitor.store.statistics.summaries import summarise_span
from monitor.store.write.import_export import add_sweeps
from monitor.store.write.slots import record_missed_slots
from tests.support.command import config_file, monitor
from tests.support.weeks import BEGIN, two_weeks
from tests.web.history import START, UP, live, sweep

BERLIN = ZoneInfo("Europe/Berlin")
DAYS = 30
DAY = timedelta(days=1)
FIRST = BEGIN.date()
LINKS = Links("https://status.example")

# ---- A month ----


@pytest.fixture(scope="module")
def month(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Summary]]:
    """Give a month of a small restless provider, day by day."""
    engine = open_engine(f"sqlite:///{tmp_path_factory.mktemp('month')}/month.db")
    prepare(engine)
    add_sweeps(engine, two_weeks(7, days=DAYS, sweeps_per_day=8, models=20), lambda _: Policy())
    spans = [span_of(FIRST + number * DAY, FIRST + number * DAY, BERLIN) for number in range(DAYS)]
    yield [summarise_span(engine, span, watched=["nvidia"], now=BEGIN + 40 * DAY) for span in spans]
    engine.dispose()


def test_the_month_has_everything_in_it_that_summaries_tell(month: list[Summary]) -> None:
    (told_of,) = zip(*(each.providers for each in month), strict=True)
    counts = [counts_of(each) for each in told_of]
    happened = {name for each in counts for name, number in each.items() if number}
    assert happened >= {
        "troubles",
        "baseline",
        "retired",
        "announced",
        "went_down",
        "came_back",
        "flapping",
        "stopped_flapping",
        "appeared",
        "reappeared",
        "still_down",
    }
    assert any(each.is_quiet for each in told_of)
    assert all(each.sweeps.made for each in told_of)


def test_quiet_days_of_the_month_are_a_line_after_the_title(month: list[Summary]) -> None:
    quiet = [each for each in month if each.providers[0].is_quiet]
    for each in quiet:
        assert summary_text(each).splitlines()[1:] == [f"nvidia: {summary_content(each).providers[0].words}"]
        assert headline(each) == "nvidia: quiet"


def test_every_form_of_a_day_tells_the_same_counts(month: list[Summary]) -> None:
    for each in month:
        words = lasting_news(each.providers[0], each)
        flat = re.sub(r"\s+", " ", summary_text(each)).lower()
        assert words.lower() in flat
        assert words.lower() in summary_markdown(each).lower()
        assert words.lower() in summary_html(each).lower()
        document = summary_document(each)
        assert document["headline"] == headline(each) == f"nvidia: {news(each.providers[0], each)}"
        (provider,) = json.loads(json.dumps(document))["providers"]
        assert provider["headline"] == words
        if provider["quiet"]:
            continue
        numbers = sorted(map(int, re.findall(r"\b\d+\b(?! times)", words)))
        counted = {**provider["counts"], "troubles": 0, "still_down": 0}
        assert numbers == sorted(filter(None, counted.values()))


def test_the_lines_of_a_section_are_as_many_as_the_headline_says(month: list[Summary]) -> None:
    for each in month:
        (part,) = summary_content(each).providers
        lines = {
            section.title.split(" (")[0]: sum(len(item.members) or 1 for item in section.items)
            for section in part.sections
        }
        counts, is_brief = counts_of(each.providers[0]), not each.providers[0].needs_reader
        if part.is_quiet:
            continue
        assert lines.get("Retired", 0) == counts["retired"]
        assert lines.get("Will be retired", 0) == counts["announced"]
        assert lines.get("Went down and still down", 0) == counts["went_down"]
        assert is_brief or lines.get("Still down from before", 0) == counts["still_down"]
        assert lines.get("Came back", 0) == counts["came_back"]
        assert lines.get("Flapping", 0) == counts["flapping"]
        assert lines.get("Stopped flapping", 0) == counts["stopped_flapping"]


def test_the_lines_are_the_same_in_text_markdown_and_html(month: list[Summary]) -> None:
    for each in month:
        flat = re.sub(r"\s+", " ", summary_text(each, LINKS))
        html = summary_html(each, LINKS).replace("&#34;", '"').replace("&#39;", "'")
        for section in summary_content(each).providers[0].sections:
            for line in section.first:
                words = (line.short if section.is_in_line else line.words) or line.words
                assert line.model is None or shown_id(line.model) in flat
                if line.short or not section.is_in_line:
                    assert words in flat
                    assert words in html
                    assert escaped(words) in summary_markdown(each, LINKS).replace("\\", "")


def escaped(words: str) -> str:
    return words.replace("\\", "")


def test_no_code_of_ours_stands_in_what_people_read(month: list[Summary]) -> None:
    codes = {each.value for each in (*EventKind, *Reason) if "_" in each.value} | {
        "None",
        "nan",
        "NaN",
        "{}",
        "()",
    }
    for each in month:
        page = re.sub(r"<style>.*?</style>|<[^>]*>", " ", summary_html(each), flags=re.DOTALL)
        for text in (summary_text(each), summary_markdown(each), page, headline(each)):
            assert [
                code for code in codes if re.search(rf"(?<![\w/-]){re.escape(code)}(?![\w/-])", text)
            ] == []


def test_days_add_up_to_the_month(month: list[Summary]) -> None:
    """What is told on each day is told of all of them together, sweeps and retirements at least."""
    days = [each.providers[0] for each in month]
    assert sum(each.sweeps.made for each in days) == DAYS * 8
    appeared = [arrival.model for each in days for arrival in each.arrivals if arrival.way == "appeared"]
    assert len(appeared) == len(set(appeared))


# ---- Which days are asked for ----

TODAY = date(2026, 4, 20)


@pytest.mark.parametrize(
    ("day", "since", "until", "first", "last"),
    [
        (None, None, None, "2026-04-19", "2026-04-19"),
        ("today", None, None, "2026-04-20", "2026-04-20"),
        ("yesterday", None, None, "2026-04-19", "2026-04-19"),
        ("2026-04-06", None, None, "2026-04-06", "2026-04-06"),
        (None, "2026-04-06", None, "2026-04-06", "2026-04-19"),
        (None, "2026-04-06", "2026-04-08", "2026-04-06", "2026-04-08"),
        (None, "7d", None, "2026-04-13", "2026-04-19"),
        (None, "7d", "today", "2026-04-14", "2026-04-20"),
        (None, "1d", "2026-03-01", "2026-03-01", "2026-03-01"),
    ],
)
def test_days_are_named_one_by_one_or_from_to(
    day: str | None, since: str | None, until: str | None, first: str, last: str
) -> None:
    span = chosen_span(day, since=since, until=until, today=TODAY, zone=BERLIN)
    assert (str(span.first), str(span.last)) == (first, last)


@pytest.mark.parametrize(
    ("day", "since", "until", "words"),
    [
        ("2026-04-21", None, None, "2026-04-21 is in the future: today is 2026-04-20"),
        (
            "tomorrow",
            None,
            None,
            '"tomorrow" is not a day; write it as 2026-04-06, or say today or yesterday',
        ),
        ("20260406", None, None, '"20260406" is not a day'),
        ("2026-W15-1", None, None, '"2026-W15-1" is not a day'),
        ("2026-02-30", None, None, '"2026-02-30" is not a day'),
        ("today", "7d", None, "give either one DATE, or --since and --until"),
        (None, None, "2026-04-06", "--until needs --since"),
        (
            None,
            "2026-04-09",
            "2026-04-06",
            "--since 2026-04-09 is after --until 2026-04-06: swap them",
        ),
        (None, "5h", None, '--since "5h" is not a number of whole days; write 7d'),
        (None, "0d", None, '--since "0d" is not a number of whole days'),
        (None, "36525d", "1999-01-01", None),
        (None, "36525d", "0001-01-01", "goes back further than the calendar"),
    ],
)
def test_what_is_no_day_is_refused_with_the_remedy(
    day: str | None, since: str | None, until: str | None, words: str | None
) -> None:
    if words is None:
        assert chosen_span(day, since=since, until=until, today=TODAY, zone=BERLIN).days == 36_525
        return
    with pytest.raises(UsageError, match=re.escape(words)):
        chosen_span(day, since=since, until=until, today=TODAY, zone=BERLIN)


# ---- Files ----


@pytest.fixture
def history(tmp_path: Path) -> Iterator[Engine]:
    """Give a history of two days: sweeps at noon and at midnight of 2026-04-06, in UTC."""
    engine = open_engine(f"sqlite:///{tmp_path}/history.db")
    live(engine, [sweep(0, {"a": UP}), sweep(48, {"a": UP})])
    yield engine
    engine.dispose()


def summaries(engine: Engine, directory: Path, **changed: object) -> Summaries:
    usual = Summaries(
        engine=engine,
        watched=["nvidia"],
        zone=ZoneInfo("UTC"),
        daily_summary=time(6),
        directory=directory,
        now=lambda: START + 60 * DAY,
    )
    return replace(usual, **changed)  # type: ignore[arg-type] # fields by name


def hour(day: int, of_day: float) -> datetime:
    return datetime(2026, 4, day, tzinfo=UTC) + timedelta(hours=of_day)


def test_a_day_is_due_at_its_hour_of_the_next_day_and_until_it_is_written(
    history: Engine, tmp_path: Path
) -> None:
    files = summaries(history, tmp_path / "out")
    assert files.due_days(hour(7, 5.9)) == []
    assert files.due_days(hour(7, 6)) == [date(2026, 4, 6)]
    assert files.write(date(2026, 4, 6)) is not None
    assert files.due_days(hour(7, 6)) == []
    assert files.due_days(hour(9, 0)) == [date(2026, 4, 7)], "a day missed is made up for"


def test_days_without_a_sweep_are_never_due_but_missed_slots_are_something(
    history: Engine, tmp_path: Path
) -> None:
    files = summaries(history, tmp_path)
    assert files.due_days(hour(20, 0)) == [date(2026, 4, 6), date(2026, 4, 7)]
    record_missed_slots(history, "nvidia", "default", [hour(9, 3)])
    assert files.due_days(hour(20, 0))[-1] == date(2026, 4, 9)


def test_days_longer_ago_than_31_are_let_be(history: Engine, tmp_path: Path) -> None:
    files = summaries(history, tmp_path)
    assert files.due_days(hour(7, 6) + 30 * DAY) == [date(2026, 4, 6), date(2026, 4, 7)]
    assert files.due_days(hour(7, 6) + 31 * DAY) == [date(2026, 4, 7)]


def test_the_hour_is_that_of_the_zone_also_where_the_clocks_skip_it(history: Engine, tmp_path: Path) -> None:
    files = summaries(history, tmp_path, zone=BERLIN, daily_summary=time(2, 30))
    assert files.due_at(date(2026, 3, 28)) == datetime(2026, 3, 29, 1, 30, tzinfo=UTC)
    assert files.due_at(date(2026, 4, 6)) == datetime(2026, 4, 7, 0, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("form", "name", "begin"),
    [
        ("markdown", "2026-04-06.md", "# Hosted models on Monday 2026-04-06\n"),
        ("text", "2026-04-06.txt", "Hosted models on Monday 2026-04-06. Times are "),
        ("html", "2026-04-06.html", "<!DOCTYPE html>\n"),
        ("json", "2026-04-06.json", '{\n  "title": "Hosted models on Monday 2026-04-06",\n'),
    ],
)
def test_a_file_is_named_by_its_day_and_form(
    history: Engine, tmp_path: Path, form: str, name: str, begin: str
) -> None:
    directory = tmp_path / "not" / "there" / "yet"
    files = summaries(history, directory, form=form, file_mode=0o640)
    assert files.write(date(2026, 4, 6)) is not None
    assert [each.name for each in directory.iterdir()] == [name]
    assert (directory / name).read_text("utf-8").startswith(begin)
    assert (directory / name).stat().st_mode & 0o777 == 0o640


def test_a_file_is_written_once_and_what_stands_there_stays(history: Engine, tmp_path: Path) -> None:
    files = summaries(history, tmp_path)
    (tmp_path / "2026-04-06.md").write_text("mine")
    assert files.write(date(2026, 4, 6)) is None
    assert (tmp_path / "2026-04-06.md").read_text() == "mine"


def test_of_many_writers_one_writes_and_the_others_lose_quietly(history: Engine, tmp_path: Path) -> None:
    directory, first = tmp_path / "out", list[Summary | None]()
    writers = [
        threading.Thread(target=lambda: first.append(summaries(history, directory).write(date(2026, 4, 6))))
        for _ in range(8)
    ]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert len([each for each in first if each]) == 1
    assert [each.name for each in directory.iterdir()] == ["2026-04-06.md"]
    assert (directory / "2026-04-06.md").read_text("utf-8").endswith("\n")


@pytest.mark.parametrize("place", ["/proc/summaries", "/dev/null/summaries"])
def test_a_directory_that_cannot_be_used_is_named(history: Engine, place: str) -> None:
    with pytest.raises(ConfigError, match=rf"summary\.directory: {place} cannot be written to: .*; give"):
        summaries(history, Path(place)).write(date(2026, 4, 6))


def test_the_configuration_says_where_how_and_by_whose_clock(history: Engine) -> None:
    settings = parse_settings(
        '[schedule]\ntimezone = "Europe/Berlin"\ndaily_summary = "07:30"\n'
        '[summary]\ndirectory = "out"\nformat = "html"\n'
        '[web]\npublic_url = "https://status.example"\n[database]\nfile_mode = "0640"\n'
        '[[providers]]\nname = "one"\nbase_url = "https://example.org/v1"\n',
        "test",
    )
    made = summaries_of(settings, history)
    assert (made.zone, made.daily_summary, made.watched) == (BERLIN, time(7, 30), ["one"])
    assert (made.directory, made.form, made.file_mode) == (Path("out"), "html", 0o640)
    assert made.links == LINKS


# ---- The command ----


@pytest.fixture
def config(tmp_path: Path) -> Path:
    """Configure a history that begins four days ago at noon and ends yesterday afternoon, in Berlin."""
    url = f"sqlite:///{tmp_path}/monitor.db"
    engine = open_engine(url)
    noon = today().begins_at - DAY / 2
    shift = noon - START
    sweeps = [
        replace(each, started_at=each.started_at + shift, finished_at=each.finished_at + shift, slot=None)
        for each in (sweep(-3 * 96, {"a": UP}), sweep(0, {"a": UP, "b": UP}), sweep(9, {"a": UP, "b": UP}))
    ]
    live(engine, sweeps)
    engine.dispose()
    file = config_file(tmp_path, "http://127.0.0.1:9/v1", url)
    zone = '[schedule]\ntimezone = "Europe/Berlin"\n'
    file.write_text(file.read_text().replace("[schedule]\n", zone))
    return file


def today() -> Span:
    day = day_of(utc_now(), BERLIN)
    return span_of(day, day, BERLIN)


def test_the_command_prints_yesterday_in_the_form_that_is_asked_for(config: Path) -> None:
    yesterday = today().first - DAY
    plain = monitor(config, "summary", key=None)
    assert (plain.returncode, plain.stderr) == (0, "")
    assert f"{yesterday}. Times are in the time zone Europe/Berlin.\n" in plain.stdout
    assert "New or back (1): b (chat)." in plain.stdout
    markdown = monitor(config, "summary", str(yesterday), "--format", "markdown", key=None)
    assert "**New or back (1)**: `b` (chat)." in markdown.stdout
    assert monitor(config, "summary", "--format", "html", key=None).stdout.startswith("<!DOCTYPE html>")
    as_json = monitor(config, "summary", "yesterday", "--json", key=None)
    assert json.loads(as_json.stdout)["first"] == str(yesterday)
    assert monitor(config, "summary", "--format", "json", key=None).stdout == as_json.stdout


def test_the_command_tells_several_days_as_one(config: Path) -> None:
    week = monitor(config, "summary", "--since", "4d", "--json", key=None)
    document = json.loads(week.stdout)
    assert (document["first"], document["last"]) == (str(today().first - 4 * DAY), str(today().first - DAY))
    assert document["providers"][0]["counts"]["baseline"] == 1
    assert document["providers"][0]["counts"]["appeared"] == 1


def test_the_command_says_so_far_of_today(config: Path) -> None:
    assert ", so far. Times are " in monitor(config, "summary", "today", key=None).stdout


def test_days_before_the_history_are_no_verdict_and_partly_a_note(config: Path) -> None:
    before = monitor(config, "summary", "2020-01-01", key=None)
    assert (before.returncode, before.stdout) == (3, "")
    assert "no history for 2020-01-01; it begins on " in before.stderr
    partly = monitor(config, "summary", "--since", "30d", key=None)
    assert partly.returncode == 0
    assert "note: the history begins on " in partly.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("2999-01-01",),
        ("nonsense",),
        ("today", "--since", "7d"),
        ("--json", "--format", "html"),
        ("--provider", "nobody"),
        ("--format", "pdf"),
    ],
)
def test_wrong_usage_is_exit_2_with_words(config: Path, arguments: tuple[str, ...]) -> None:
    refused = monitor(config, "summary", *arguments, key=None)
    assert (refused.returncode, refused.stdout) == (2, "")
    assert refused.stderr
    assert "Traceback" not in refused.stderr


def test_an_empty_history_is_no_verdict(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/monitor.db"
    engine = open_engine(url)
    prepare(engine)
    engine.dispose()
    empty = monitor(config_file(tmp_path, "http://127.0.0.1:9/v1", url), "summary", key=None)
    assert (empty.returncode, empty.stdout) == (3, "")
    assert "no sweep has been recorded yet" in empty.stderr
