"""The configuration: what is read, what is refused and in which words, what is never shown.

Each `examples/bad_*.toml` has beside it the lines of its message, without the file's name in front.
"""

import json
import re
from datetime import time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from pydantic import BaseModel

from monitor import config
from monitor.config.load.errors import _table_in
from monitor.core.domain.policy import Policy
from monitor.errors import ConfigError

ROOT = Path(__file__).parents[3]
BAD = sorted((Path(__file__).parent / "examples").glob("bad_*.toml"))
EXAMPLE = ROOT / "config.example.toml"
DOCUMENT = ROOT / "docs" / "configuration.md"
PROVIDER = '[[providers]]\nname = "a"\nbase_url = "https://api.example/v1"\n'
SECRET = "nvapi-Zm9vYmFyYmF6cXV4"  # noqa: S105 (made up)


def loaded(text: str) -> config.Settings:
    return config.parse_settings(PROVIDER + text, "config.toml")


def provider_with(text: str) -> config.ProviderSettings:
    return loaded(text).providers[0]


def keys(table: type[BaseModel], path: str = "") -> list[str]:
    """Every key as `section.key`; a table within a section is one key."""
    found: list[str] = []
    for key, field in table.model_fields.items():
        name = field.alias or key
        inner = _table_in(field.annotation)
        found += keys(inner, name) if inner and not path else [f"{path}.{name}"]
    return found


def documented(text: str) -> dict[str, str]:
    """`section.key` -> default, from the tables of docs/configuration.md."""
    found: dict[str, str] = {}
    for section in re.split(r"^## ", text, flags=re.MULTILINE):
        if match := re.match(r"`\[+(\w+)\]+`", section):
            rows = re.findall(r"^\| `(\w+)` \| (.+?) \| ", section, re.MULTILINE)
            found |= {f"{match[1]}.{key}": default for key, default in rows}
    return found


@pytest.mark.parametrize("file", BAD, ids=[file.stem for file in BAD])
def test_a_bad_file_is_refused_in_exactly_these_words(file: Path) -> None:
    with pytest.raises(ConfigError) as error:
        config.load_settings(file, {})
    expected = file.with_suffix(".txt").read_text("utf-8").splitlines()
    assert str(error.value).splitlines() == [f"{file}{line}" for line in expected]
    assert "SECRET" not in str(error.value)
    assert error.value.exit_code == 2


def test_without_a_file_nvidia_is_watched_every_15_minutes() -> None:
    settings = config.load_settings(None, {})
    (provider,) = settings.providers
    assert provider.name == "nvidia"
    assert provider.base_url == "https://integrate.api.nvidia.com/v1"
    assert provider.api_key_env == "NVIDIA_API_KEY"
    assert (provider.requests_per_minute, provider.concurrency) == (30, 4)
    assert (provider.timeout, provider.slow_timeout) == (timedelta(seconds=20), timedelta(seconds=90))
    assert settings.cadence_of(provider) == timedelta(minutes=15)
    assert settings.schedule.daily_summary == time(6, 0)
    assert settings.schedule.timezone == ZoneInfo("UTC")
    assert settings.database.url == "sqlite:///data/monitor.db"
    assert settings.database.file_mode == 0o600
    assert (settings.web.host, settings.web.port) == ("127.0.0.1", 8080)
    assert settings.retention.observations == timedelta(days=400)
    assert settings.policy_of("nvidia") == Policy()


def test_the_example_loads_to_the_defaults() -> None:
    assert config.load_settings(EXAMPLE, {}) == config.Settings()


def test_the_example_shows_every_key() -> None:
    text = EXAMPLE.read_text("utf-8")
    shown = set(re.findall(r"^(?:# )?\[*(?:\w+\.)?(\w+)(?:\]+$| = )", text, re.MULTILINE))
    assert {key.partition(".")[2] for key in keys(config.Settings)} <= shown


def test_the_commented_keys_of_the_example_are_right_too() -> None:
    text = EXAMPLE.read_text("utf-8").replace('api_key_env = "NVIDIA_API_KEY"\n', "")
    text = text.replace('\ninterval = "15m"\n', "\n").replace('# interval = "1h"\n', "")
    settings = config.parse_settings(re.sub(r"^# (?=\[|\w+ = )", "", text, flags=re.MULTILINE), "all")
    assert settings.providers[0].api_key_file == "/run/secrets/nvidia"
    assert settings.policy_of("nvidia").confirm_down == 3
    assert settings.cadence_of(settings.providers[0]) == "0 * * * *"
    assert settings.notify[0].url == "env:MONITOR_NOTIFY_URL"


def test_the_documentation_names_every_key_and_no_other() -> None:
    assert set(documented(DOCUMENT.read_text("utf-8"))) == set(keys(config.Settings))


def test_the_documented_defaults_are_the_defaults() -> None:
    effective = config.as_dict(
        loaded('[[notify]]\nurl = "env:X"\n[[maintenance]]\nfrom = 2026-04-06\nto = 2026-04-07\n')
    )
    for key, default in documented(DOCUMENT.read_text("utf-8")).items():
        section, _, name = key.partition(".")
        table = effective[section]
        values = table[0] if isinstance(table, list) else table
        assert isinstance(values, dict)
        if default not in {"none", "required"}:
            assert json.loads(default.strip("`")) == values[name], key
        assert (name in values) is (default != "none"), key


def test_the_file_is_looked_for_in_order(tmp_path: Path) -> None:
    named, variable = tmp_path / "named.toml", tmp_path / "variable.toml"
    for file in (named, variable):
        file.write_text(PROVIDER.replace('"a"', f'"{file.stem}"'), "utf-8")
    environ = {"MONITOR_CONFIG": str(variable)}
    assert config.load_settings(named, environ).providers[0].name == "named"
    assert config.load_settings(None, environ).providers[0].name == "variable"
    assert config.load_settings(None, {"MONITOR_CONFIG": ""}).providers[0].name == "nvidia"


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    missing = tmp_path / "missing.toml"
    with pytest.raises(ConfigError, match=r"missing\.toml: no such file"):
        config.load_settings(missing, {})
    with pytest.raises(ConfigError, match=r"missing\.toml: no such file"):
        config.load_settings(None, {"MONITOR_CONFIG": str(missing)})


def test_what_is_no_text_file_is_refused(tmp_path: Path) -> None:
    latin, large = tmp_path / "latin.toml", tmp_path / "large.toml"
    latin.write_bytes(b"# one\n# caf\xe9\n")
    large.write_bytes(b"#" * 1_000_001)
    cases = {latin: ":2: is not UTF-8", large: ": is larger than 1 MB", tmp_path: ": is a directory"}
    for file, words in cases.items():
        with pytest.raises(ConfigError, match=re.escape(f"{file}{words}")):
            config.load_settings(file, {})
    with pytest.raises(ConfigError, match="cannot be read: not a file name"):
        config.load_settings(Path("a\0b"), {})


def test_a_byte_order_mark_and_windows_lines_are_fine(tmp_path: Path) -> None:
    file = tmp_path / "windows.toml"
    file.write_bytes(b"\xef\xbb\xbf" + PROVIDER.replace("\n", "\r\n").encode())
    assert config.load_settings(file, {}).providers[0].name == "a"


@pytest.mark.parametrize("text", ["x = " + "[" * 5000, "x = " + "9" * 5000])
def test_toml_beyond_all_measure_is_refused(text: str) -> None:
    with pytest.raises(ConfigError) as error:
        config.parse_settings(text, "config.toml")
    assert str(error.value) == "config.toml: not valid TOML: contains a number or a nesting that is too large"


def test_the_database_address_of_the_environment_wins(tmp_path: Path) -> None:
    url = f"postgresql://me:{SECRET}@host/db"
    file = tmp_path / "url"
    file.write_text(f"{url}\n", "utf-8")
    for environ in ({"MONITOR_DATABASE_URL": url}, {"MONITOR_DATABASE_URL_FILE": str(file)}):
        settings = config.load_settings(None, environ)
        assert settings.database.url == url
        assert "postgresql://me:***@host/db" in config.shown(settings)
        assert SECRET not in config.shown(settings) + repr(settings) + json.dumps(config.as_dict(settings))
    with pytest.raises(ConfigError, match="MONITOR_DATABASE_URL: must be") as error:
        config.load_settings(None, {"MONITOR_DATABASE_URL": f"mysql://me:{SECRET}@host/db"})
    assert SECRET not in str(error.value)


def test_an_empty_database_address_is_refused_with_the_remedy() -> None:
    with pytest.raises(ConfigError) as error:
        config.load_settings(None, {"MONITOR_DATABASE_URL": " "})
    assert str(error.value) == (
        "the environment variable MONITOR_DATABASE_URL is empty; put the database url in it, or unset it"
    )


def test_what_the_example_says_of_keys_that_are_left_out_is_true() -> None:
    """Every key of the example may go without any effect, but for those that its header names."""
    text = EXAMPLE.read_text("utf-8")
    header = text[: text.index("[database]")]
    for line in re.findall(r"^\w+ = .*\n", text, re.MULTILINE):
        name = line.split(" = ", 1)[0]
        try:
            same = config.parse_settings(text.replace(line, "", 1), "less") == config.Settings()
        except ConfigError:
            same = False
        assert same is not bool(re.search(rf"\b{name}\b", header)), name


def test_listen_is_host_and_port() -> None:
    cases = {
        "127.0.0.1:8080": ("127.0.0.1", 8080),
        "[::1]:8080": ("::1", 8080),
        "localhost:0": ("localhost", 0),
    }
    for listen, expected in cases.items():
        web = loaded(f'[web]\nlisten = "{listen}"').web
        assert (web.host, web.port) == expected


def test_a_provider_keeps_what_it_has_differently() -> None:
    settings = loaded(
        'include = ["meta/*"]\nexclude = ["*-vision"]\ncron = "0 */2 * * *"\npolicy = { confirm_down = 3 }\n'
        '[[providers]]\nname = "b"\nbase_url = "http://127.0.0.1:9/v1/"\n[policy]\nconfirm_down = 5\n'
    )
    own = settings.policy_of("a")
    assert (own.confirm_down, own.include, own.exclude) == (3, ("meta/*",), ("*-vision",))
    assert settings.policy_of("b").confirm_down == 5
    assert settings.policy_of("gone") == Policy(confirm_down=5)
    assert [settings.cadence_of(each) for each in settings.providers] == [
        "0 */2 * * *",
        timedelta(minutes=15),
    ]
    assert settings.providers[1].base_url == "http://127.0.0.1:9/v1"
    assert settings.providers[1].requests_per_minute is None


def test_a_cron_line_takes_the_place_of_the_interval() -> None:
    settings = loaded('[schedule]\ncron = "*/15 * * * *"')
    assert settings.cadence_of(settings.providers[0]) == "*/15 * * * *"
    assert settings.schedule.interval is None


def test_settings_cannot_be_changed() -> None:
    with pytest.raises(ValueError, match="frozen"):
        config.Settings().web.listen = "0.0.0.0:80"


# Secrets


def test_a_key_comes_from_the_variable_then_from_its_file(tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(f"  {SECRET}\n", "utf-8")
    cases: list[tuple[str, dict[str, str]]] = [
        ('api_key_env = "A_KEY"', {"A_KEY": f"{SECRET}\n", "A_KEY_FILE": "/none"}),
        ('api_key_env = "A_KEY"', {"A_KEY_FILE": str(file)}),
        (f'api_key_file = "{file}"', {}),
    ]
    for text, environ in cases:
        key = config.resolve_key(provider_with(text), environ)
        assert key is not None
        assert key.get_secret_value() == SECRET
        assert SECRET not in repr(key)


def test_a_provider_may_want_no_key() -> None:
    assert config.resolve_key(provider_with(""), {}) is None


def test_a_missing_key_names_the_variable() -> None:
    with pytest.raises(ConfigError) as error:
        config.resolve_key(provider_with('api_key_env = "A_KEY"'), {})
    assert str(error.value) == (
        "provider a needs its key: set the environment variable A_KEY, or A_KEY_FILE to a file that holds it"
    )


@pytest.mark.parametrize(
    "value", ["", "  \n", f"{SECRET}\n{SECRET}", f"{SECRET} x", f"{SECRET}\x07", f"{SECRET}é"]
)
def test_an_unusable_key_is_refused_without_showing_it(value: str, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(value, "utf-8")
    cases: list[tuple[str, dict[str, str]]] = [
        ('api_key_env = "A_KEY"', {"A_KEY": value}),
        ('api_key_env = "A_KEY"', {"A_KEY_FILE": str(file)}),
        (f'api_key_file = "{file}"', {}),
    ]
    for text, environ in cases:
        with pytest.raises(ConfigError, match=r"A_KEY|api_key_file") as error:
            config.resolve_key(provider_with(text), environ)
        assert SECRET not in str(error.value)


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (f'"{SECRET}"', "is in quotes"),
        (f"'{SECRET}'\n", "is in quotes"),
        (f"Bearer {SECRET}", 'begins with "Bearer"'),
        (f"Authorization: Bearer {SECRET}", 'begins with "Bearer"'),
        (f"A_KEY={SECRET}", 'begins with a name and "="'),
        (f"export A_KEY={SECRET}", 'begins with a name and "="'),
        ("${A_KEY}", "holds the name of a variable"),
        ("<your key>", "holds a placeholder"),
        ("your-api-key", "holds a placeholder"),
    ],
)
def test_what_was_copied_with_a_key_is_named_without_showing_the_key(
    value: str, words: str, tmp_path: Path
) -> None:
    file = tmp_path / "key"
    file.write_text(value, "utf-8")
    for environ in ({"A_KEY": value}, {"A_KEY_FILE": str(file)}):
        with pytest.raises(ConfigError, match=f"A_KEY.* {re.escape(words)}") as error:
            config.resolve_key(provider_with('api_key_env = "A_KEY"'), environ)
        assert SECRET not in str(error.value)
        assert str(error.value).endswith("it must contain the secret alone")


@pytest.mark.parametrize(
    "value", ["sk-1234", "my-key", "abcDEF=", "ABCDEF==", "a.b.c", "changeme", "nvapi-..."]
)
def test_a_plain_key_of_any_form_is_taken(value: str) -> None:
    key = config.resolve_key(provider_with('api_key_env = "A_KEY"'), {"A_KEY": value})
    assert key is not None
    assert key.get_secret_value() == value


def test_a_key_in_the_place_of_its_files_path_is_not_shown() -> None:
    with pytest.raises(ConfigError, match="A_KEY_FILE names must be a path") as error:
        config.resolve_key(provider_with('api_key_env = "A_KEY"'), {"A_KEY_FILE": SECRET})
    assert SECRET not in str(error.value)


def test_an_unreadable_key_file_is_named(tmp_path: Path) -> None:
    missing = tmp_path / "none"
    with pytest.raises(ConfigError, match=r"api_key_file of provider a cannot be read: .*No such file"):
        config.resolve_key(provider_with(f'api_key_file = "{missing}"'), {})
    with pytest.raises(ConfigError, match=r"A_KEY_FILE names cannot be read: .*Is a directory"):
        config.resolve_key(provider_with('api_key_env = "A_KEY"'), {"A_KEY_FILE": str(tmp_path)})


def test_headers_and_proxy_take_their_secrets_from_the_environment() -> None:
    settings = loaded('headers = { X-Team = "research", X-Token = "env:A_TOKEN" }\nproxy = "env:A_PROXY"')
    (provider,) = settings.providers
    environ = {"A_TOKEN": SECRET, "A_PROXY": "http://me:pw-of-proxy@proxy:3128"}
    headers = config.resolve_headers(provider, environ)
    assert headers["X-Team"].get_secret_value() == "research"
    assert headers["X-Token"].get_secret_value() == SECRET
    proxy = config.resolve_proxy(provider, environ)
    assert proxy is not None
    assert proxy.get_secret_value() == environ["A_PROXY"]
    assert config.known_secrets(settings, environ) == (SECRET, "pw-of-proxy")
    with pytest.raises(ConfigError, match="A_TOKEN"):
        config.resolve_headers(provider, {})


def test_known_secrets_are_all_that_can_be_read() -> None:
    settings = loaded(
        'api_key_env = "A_KEY"\n[[notify]]\nurl = "slack://one/two"\n[[notify]]\nurl = "env:UNSET"\n'
        '[database]\nurl = "postgresql://me:p%40w-db@h/d"\n'
    )
    others = {"slack://one/two", "p%40w-db", "p@w-db"}
    assert set(config.known_secrets(settings, {"A_KEY": SECRET})) == {SECRET, *others}
    assert set(config.known_secrets(settings, {})) == others


# Showing


def test_what_is_shown_loads_to_the_same_settings() -> None:
    settings = loaded(
        'headers = { X-A = "q\\"uote", X-B = "env:B" }\ninterval = "90m"\npolicy = { retire_after = "2d" }\n'
        '[[notify]]\nurl = "env:A"\non = ["retired"]\n[database]\nfile_mode = "0640"\n'
    )
    assert config.parse_settings(config.shown(settings), "shown") == settings
    assert config.parse_settings(config.shown(config.Settings()), "shown") == config.Settings()


def test_channels_and_proxies_are_masked() -> None:
    settings = loaded('proxy = "http://me:SECRET@p:1"\n[[notify]]\nurl = "slack://SECRET"\n')
    text = config.shown(settings)
    assert "SECRET" not in text + repr(settings) + json.dumps(config.as_dict(settings))
    assert 'url = "***"' in text
    assert 'proxy = "http://me:***@p:1"' in text
