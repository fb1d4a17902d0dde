"""The small languages of the configuration: durations, cron lines, addresses, TOML and its lines."""

import tomllib
from datetime import UTC, datetime, timedelta

import pytest
import tomli_w
from apscheduler.triggers.cron import CronTrigger
from hypothesis import given
from hypothesis import strategies as st

from monitor.config.load.toml_lines import key_lines
from monitor.config.values.cron import normalised_cron
from monitor.config.values.duration import duration_text, parse_duration
from monitor.config.values.size import parse_size, size_text
from monitor.config.values.urls import checked_database_url, checked_listen, checked_proxy, without_password
from monitor.config.values.variables import checked_variable

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
SCALARS = TEXTS | st.integers(-(2**62), 2**62) | st.booleans() | st.floats(allow_nan=False)
TABLES = st.recursive(
    st.dictionaries(TEXTS, SCALARS | st.lists(SCALARS, max_size=3), max_size=4),
    lambda inner: st.dictionaries(TEXTS, SCALARS | inner | st.lists(inner, max_size=3), max_size=4),
    max_leaves=8,
)
CRON_PARTS = st.sampled_from(["*", "*/2", "*/30", "1-5", "3-9/2", "jan", "MON-fri", "sun"]) | st.integers(
    0, 60
).map(str)
CRON_FIELDS = st.lists(CRON_PARTS, min_size=1, max_size=3).map(",".join)

FORMS_OF_TOML = '''# [not]
a.b = """
[no]
x = 1 \\""" """
c = [ # first
  { d = 'x # y', e = {f = 1} },
  {d=2} ]
["q.r" . s]
t = 1979-05-27 07:32:32
u = \'\'\'
 v = 1
\'\'\'
[[w]]
[[w.x]]
y = [1,
 2]
[[w.x]]
[w.x.z]
y = 3
'''


@given(st.integers(0, 36_525 * 86_400_000))
def test_a_written_duration_reads_back(millis: int) -> None:
    duration = timedelta(milliseconds=millis)
    assert parse_duration(duration_text(duration)) == duration


@given(st.integers(1, 10**15))
def test_a_written_size_reads_back(size: int) -> None:
    assert parse_size(size_text(size)) == size


def test_sizes_are_read_in_any_case() -> None:
    cases = {"256MB": 256_000_000, "1 gib": 2**30, "5kb": 5000, "7B": 7}
    assert {text: parse_size(text) for text in cases} == cases


@pytest.mark.parametrize("text", ["", "MB", "12", "1.5MB", "-1MB", "1PB", "1e3kB"])
def test_other_texts_are_no_sizes(text: str) -> None:
    with pytest.raises(ValueError, match=r"has no unit|is not a size"):
        parse_size(text)


@pytest.mark.parametrize(
    ("text", "duration"),
    [
        ("15m", timedelta(minutes=15)),
        ("90s", timedelta(seconds=90)),
        ("400d", timedelta(days=400)),
        ("1h30m", timedelta(hours=1, minutes=30)),
        ("500ms", timedelta(milliseconds=500)),
        ("0s", timedelta()),
    ],
)
def test_durations_are_read(text: str, duration: timedelta) -> None:
    assert parse_duration(text) == duration


@pytest.mark.parametrize(
    "text", ["", "15", "m", "15 m", "-1s", "1.5h", "1m1h", "1m1m", "1w", "１m", "9999999d", "1s\n"]
)
def test_other_durations_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not a duration|has no unit|longer than a century"):
        parse_duration(text)


@pytest.mark.parametrize(
    "name",
    [
        "env:gsk_0123456789abcdefSECRET",
        "$sk_live_SECRET",
        "${SECRET0123456789ABCDEF}",
        "SECRET0123456789ABCDEF",
    ],
)
def test_a_key_in_the_place_of_a_variables_name_is_refused_without_being_shown(name: str) -> None:
    with pytest.raises(ValueError, match="not the key itself") as error:
        checked_variable(name)
    assert "SECRET" not in str(error.value)


@pytest.mark.parametrize("name", ["A", "KEY2", "NVIDIA_API_KEY_2_OF_PRODUCTION", "_X"])
def test_names_of_variables_are_taken(name: str) -> None:
    assert checked_variable(name) == name


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("*/15 * * * *", "*/15 * * * *"),
        ("0  6\t* * 1-5", "0 6 * * mon,tue,wed,thu,fri"),
        ("0 6 1,15 jan-mar sun", "0 6 1,15 1-3 sun"),
        ("0 6 * * 0,7", "0 6 * * sun"),
        ("0 6 * * 0-7", "0 6 * * *"),
        ("5-55/10 */2 * FEB */2", "5-55/10 */2 * 2 sun,tue,thu,sat"),
    ],
)
def test_cron_lines_are_brought_to_one_spelling(text: str, line: str) -> None:
    assert normalised_cron(text) == line


@pytest.mark.parametrize(
    "text",
    [
        *("", "* * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 8", "5-1 * * * *"),
        *("*/0 * * * *", "*/60 * * * *", "a * * * *", "1-2-3 * * * *", ", * * * *", "@daily", "١ * * * *"),
    ],
)
def test_other_cron_lines_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"^(is not a cron line|is a short form|has the )"):
        normalised_cron(text)


@given(st.lists(CRON_FIELDS, min_size=5, max_size=5).map(" ".join))
def test_a_cron_line_that_is_accepted_can_be_scheduled(text: str) -> None:
    try:
        line = normalised_cron(text)
    except ValueError:
        return
    CronTrigger.from_crontab(line, timezone=UTC)


def test_weekday_numbers_mean_what_cron_means() -> None:
    trigger = CronTrigger.from_crontab(normalised_cron("0 6 * * 1"), timezone=UTC)
    next_run = trigger.get_next_fire_time(None, datetime(2026, 11, 21, tzinfo=UTC))
    assert next_run == datetime(2026, 11, 23, 6, tzinfo=UTC)  # a Monday


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("postgresql://me:pw@h:5432/db", "postgresql://me:***@h:5432/db"),
        ("postgresql://me:p/w@x@h/db", "postgresql://me:***@h/db"),
        (
            "postgresql://me@h/db?password=pw&sslmode=require",
            "postgresql://me@h/db?password=***&sslmode=require",
        ),
        ("postgresql://me@h/db", "postgresql://me@h/db"),
        ("sqlite:///data/a:b@c.db", "sqlite:///data/a:b@c.db"),
        ("http://me:pw@proxy:3128", "http://me:***@proxy:3128"),
    ],
)
def test_passwords_in_addresses_are_masked(url: str, masked: str) -> None:
    assert without_password(url) == masked


@pytest.mark.parametrize(
    "url", ["sqlite:///a.db", "sqlite:////var/a.db", "postgresql://h/d", "postgres://h/d"]
)
def test_both_databases_are_accepted(url: str) -> None:
    assert checked_database_url(url) == url


@pytest.mark.parametrize(
    "url", ["sqlite://", "sqlite:///", "sqlite:a.db", "postgresql://h:port/d", "a b", ""]
)
def test_other_database_addresses_are_refused(url: str) -> None:
    with pytest.raises(ValueError, match=r"^(must|names|is)"):
        checked_database_url(url)


@pytest.mark.parametrize("listen", ["::1:80", ":80", "host:", "host:99999", "[::1]", "a b:80", "http://h:80"])
def test_other_listens_are_refused(listen: str) -> None:
    with pytest.raises(ValueError, match="must be"):
        checked_listen(listen)


@pytest.mark.parametrize("proxy", ["proxy:3128", "socks5://proxy", "http://", "http://a b"])
def test_other_proxies_are_refused(proxy: str) -> None:
    with pytest.raises(ValueError, match="must"):
        checked_proxy(proxy)


@given(TABLES)
def test_every_key_has_the_line_it_stands_on(document: dict[str, object]) -> None:
    text = tomli_w.dumps(document)
    rows = text.split("\n")
    for path, line in key_lines(text).items():
        if isinstance(path[-1], str):
            assert tomli_w.dumps({path[-1]: 0}).removesuffix(" = 0\n").strip('"') in rows[line - 1]


def test_lines_are_found_through_every_form_of_toml() -> None:
    tomllib.loads(FORMS_OF_TOML)
    lines = key_lines(FORMS_OF_TOML)
    expected = {
        ("a", "b"): 2,
        ("c",): 5,
        ("c", 0, "d"): 6,
        ("c", 0, "e", "f"): 6,
        ("c", 1, "d"): 7,
        ("q.r", "s"): 8,
        ("q.r", "s", "t"): 9,
        ("q.r", "s", "u"): 10,
        ("w", 0, "x", 0, "y"): 15,
        ("w", 0, "x", 0, "y", 1): 16,
        ("w", 0, "x", 1): 17,
        ("w", 0, "x", 1, "z", "y"): 19,
    }
    assert {path: lines.get(path) for path in expected} == expected
    assert not {path for path in lines if "no" in path or "v" in path or "not" in path}


@given(st.text(alphabet="[]{}=.,#\"'\\\n \ta1", max_size=60))
def test_the_search_for_lines_always_ends(text: str) -> None:
    assert all(line >= 1 for line in key_lines(text).values())
