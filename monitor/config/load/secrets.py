"""Secrets by name: an environment variable, or a file. No message of this module holds a value."""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from pydantic import SecretStr

from monitor.config.schema.notify import HeartbeatSettings, NotifySettings
from monitor.config.schema.provider import ProviderSettings
from monitor.config.schema.settings import Settings
from monitor.config.values.urls import REFERENCE
from monitor.config.values.variables import is_like_a_key
from monitor.errors import ConfigError

_LARGEST = 16_384  # bytes; the longest tokens (JWTs) have a few thousand
_SHORTEST_TOKEN = 8  # shorter words with digits are ports, versions, dates
T = TypeVar("T")
# what is copied with a secret, or stands in its place
_COPIED_ALONG = {
    re.compile(r"""(["'`]).*\1$""", re.DOTALL): "is in quotes, which count as a part of it",
    re.compile(
        r"(?:authorization:\s*)?bearer\s", re.IGNORECASE
    ): 'begins with "Bearer", which is added later',
    re.compile(r"(?:export\s+)?[A-Z_][A-Z0-9_]{2,}=[^=]"): 'begins with a name and "="',
    re.compile(r"\$\{?[A-Z_][A-Z0-9_]*\}?$"): "holds the name of a variable instead of its value",
    re.compile(r"<.*>$|your[-_ ].*$", re.IGNORECASE): "holds a placeholder",
}
_LIBPQ_PASSWORD = "PGPASSWORD"  # noqa: S105 - the name of the variable that libpq reads
_PASSWORD_OPTIONS = frozenset({"password", "sslpassword"})
# parts of an address that libraries quote by themselves
_DELIMITERS = re.compile(r"[/@?&=#:,;]+")


def read_variable(name: str, environ: Mapping[str, str], holds: str = "secret") -> str | None:
    """Return the variable NAME, else what the file holds that NAME_FILE names; None if neither is set.

    `holds` is how messages call the value, which is trimmed. Raises ConfigError when it is empty,
    unreadable or not printable ASCII.
    """
    if name in environ:
        return _clean(environ[name], f"the environment variable {name}", holds, remedy=", or unset it")
    file = environ.get(f"{name}_FILE")  # the convention of Docker and Compose secrets
    return None if file is None else read_secret_file(Path(file), f"the file that {name}_FILE names", holds)


def read_secret_file(file: Path, what: str, holds: str = "secret") -> str:
    """Return the trimmed content of a file that holds one secret; `what` is how messages call it."""
    try:
        with file.open("rb") as stream:
            data = stream.read(_LARGEST + 1)  # as above: a secret may come through a pipe
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else "not a file name"
        if is_like_a_key(str(file)):
            words = f"{what} must be a path, and looks like the {holds} itself; write the {holds} into a file"
            raise ConfigError(words) from None
        raise ConfigError(f"{what} cannot be read: {file}: {reason}") from None
    if len(data) > _LARGEST:
        raise ConfigError(f"{what} is larger than 16 kB, so it holds no {holds}: {file}")
    return _clean(data.decode("utf-8", "replace"), f"{what} ({file})", holds)


def resolve_key(provider: ProviderSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Return the provider's key; None where the configuration names none (a server that wants no key).

    Raises ConfigError naming the variable or file that must be set.
    """
    if provider.api_key_file is not None:
        what = f"the api_key_file of provider {provider.name}"
        return SecretStr(read_secret_file(Path(provider.api_key_file), what))
    if provider.api_key_env is None:
        return None
    return SecretStr(_required(provider.api_key_env, f"provider {provider.name} needs its key", environ))


def resolve_headers(provider: ProviderSettings, environ: Mapping[str, str]) -> dict[str, SecretStr]:
    """Return the provider's extra headers, `env:NAME` replaced by that variable's value."""
    need = f"provider {provider.name} needs a header's value"
    return {name: SecretStr(_resolved(value, need, environ)) for name, value in provider.headers.items()}


def resolve_proxy(provider: ProviderSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Return the address of the provider's proxy (it may hold a password), or None."""
    if provider.proxy is None:
        return None
    return SecretStr(_resolved(provider.proxy, f"provider {provider.name} needs its proxy", environ))


def resolve_notify_url(channel: NotifySettings, environ: Mapping[str, str]) -> SecretStr:
    """Return the address of a channel, `env:NAME` replaced by that variable's value."""
    return SecretStr(_resolved(channel.url, f"channel {channel.channel} needs its address", environ))


def resolve_notify_secret(channel: NotifySettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Return what a webhook's messages are signed with, or None."""
    if channel.secret is None:
        return None
    return SecretStr(_resolved(channel.secret, f"channel {channel.channel} needs its secret", environ))


def resolve_heartbeat_url(heartbeat: HeartbeatSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Return the address that signs of life go to, or None."""
    if heartbeat.url is None:
        return None
    return SecretStr(_resolved(heartbeat.url, "the [heartbeat] needs its address", environ))


def resolve_own_heartbeat_url(provider: ProviderSettings, environ: Mapping[str, str]) -> SecretStr | None:
    """Return the address that signs of life of this provider's sweeps go to, or None."""
    if provider.heartbeat is None:
        return None
    need = f"provider {provider.name} needs the address of its heartbeat"
    return SecretStr(_resolved(provider.heartbeat, need, environ))


def known_secrets(settings: Settings, environ: Mapping[str, str]) -> tuple[str, ...]:
    """Return every secret value that can be read now, for masking logs; what cannot be read is left out."""
    secrets = [*_passwords(settings.database.url), *_parameters(settings.database.url)]
    secrets.append(environ.get(_LIBPQ_PASSWORD, ""))
    for provider in settings.providers:
        secrets.append(_revealed(resolve_key, provider, environ))
        with suppress(ConfigError):
            headers = resolve_headers(provider, environ)
            secrets += [
                headers[name].get_secret_value()
                for name, value in provider.headers.items()
                if value.startswith(REFERENCE)
            ]
        secrets += _logins(_revealed(resolve_proxy, provider, environ))
        secrets += _with_path(_revealed(resolve_own_heartbeat_url, provider, environ))
    for channel in settings.notify:
        secrets += _with_parts(_revealed(resolve_notify_url, channel, environ))
        secrets.append(_revealed(resolve_notify_secret, channel, environ))
    secrets += _with_path(_revealed(resolve_heartbeat_url, settings.heartbeat, environ))
    return tuple(dict.fromkeys(filter(None, secrets)))  # a set would give another order at every start


def _revealed(
    resolve: Callable[[T, Mapping[str, str]], SecretStr | None], table: T, environ: Mapping[str, str]
) -> str:
    """Return a table's secret as text; empty where there is none, or none can be read."""
    try:
        secret = resolve(table, environ)
    except ConfigError:
        return ""
    return secret.get_secret_value() if secret else ""  # SecretStr keeps it out of reprs


def _passwords(url: str) -> list[str]:
    try:
        password = urlsplit(url).password
    except ValueError:
        return []
    return [password, unquote(password)] if password else []  # libraries log the decoded one


def _parameters(url: str) -> list[str]:
    """Return the passwords that stand among the options of a database's address."""
    return [value for name, value in parse_qsl(url.partition("?")[2]) if name in _PASSWORD_OPTIONS]


def _logins(url: str) -> list[str]:
    """Return the password of an address, and its user if that is like a token: some proxies take it alone."""
    try:
        user = unquote(urlsplit(url).username or "")
    except ValueError:
        user = ""
    return [*_passwords(url), *([user] if _is_like_a_token(user) else [])]


def _with_parts(url: str) -> list[str]:
    """Return an address that is a secret as a whole, and what in it may be one by itself.

    That is its password and every part that looks like a token: a library may name such a part alone.
    """
    words = {form for word in _DELIMITERS.split(url) for form in (word, unquote(word))}
    return [url, *_passwords(url), *sorted(filter(_is_like_a_token, words))]


def _with_path(url: str) -> list[str]:
    """Return the secrets of a heartbeat's address: pings go to it with something after its path."""
    path = "/" + url.partition("://")[2].partition("/")[2].partition("?")[0].partition("#")[0].rstrip("/")
    return [*_with_parts(url), *([path] if len(path) > _SHORTEST_TOKEN else [])]


def private_parts(url: str) -> tuple[str, ...]:
    """Return every part of a channel's address but its scheme, port, named host and addresses of mail.

    Too many of them are plain words to be masked wherever they stand, as in all of the log; in what is said
    of this one channel, all of them may be secret: a topic, a token of letters, a user.
    """
    try:
        parts = urlsplit(url)
        host, values = parts.hostname or "", (value for _, value in parse_qsl(parts.query))
    except ValueError:
        return (url,)  # an address that cannot be split is masked as a whole
    topic = "" if "." in host or ":" in host or host == "localhost" else host  # as in ntfy://topic
    words = (topic, parts.username, parts.password, *parts.path.split("/"), *values, parts.fragment)
    return tuple({form for word in words if word for form in (word, unquote(word)) if "@" not in form})


def _is_like_a_token(word: str) -> bool:
    is_long = len(word) >= _SHORTEST_TOKEN and "." not in word  # a dot is of a host or a file name
    has_digit, has_cases = (
        any(character.isdigit() for character in word),
        word.lower() != word != word.upper(),
    )
    return is_long and (has_digit or has_cases)


def _resolved(value: str, need: str, environ: Mapping[str, str]) -> str:
    if not value.startswith(REFERENCE):
        return value
    return _required(value.removeprefix(REFERENCE), need, environ)


def _required(name: str, need: str, environ: Mapping[str, str]) -> str:
    value = read_variable(name, environ)
    if value is None:
        raise ConfigError(
            f"{need}: set the environment variable {name}, or {name}_FILE to a file that holds it"
        )
    return value


def _clean(text: str, what: str, holds: str, *, remedy: str = "") -> str:
    value = text.strip()
    if not value:
        raise ConfigError(f"{what} is empty; put the {holds} in it{remedy}")
    for form, words in _COPIED_ALONG.items():
        if form.match(value):
            raise ConfigError(f"{what} {words}; it must contain the {holds} alone")
    if not (value.isascii() and value.isprintable()) or " " in value:
        raise ConfigError(  # a second line pasted along would be sent as part of the key
            f"{what} contains a line break, a space or characters that no {holds} has; "
            f"it must contain the {holds} alone"
        )
    return value
