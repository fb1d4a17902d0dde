"""Addresses in a configuration: web, database, proxy, channel; checked, and shown without their passwords."""

import re
from urllib.parse import SplitResult, urlsplit

from monitor.config.values.request_paths import is_showable
from monitor.masking import MASK

REFERENCE = "env:"  # and the name of a variable: where a secret may stand, it may stand there instead
WEB_ADDRESS = re.compile(r"https?://.", re.IGNORECASE)
# services whose web addresses Apprise takes as they are, by the end of the host
_SERVICES = (
    "46elks.com",
    "chat.googleapis.com",
    "api.ciscospark.com",
    "api.flock.com",
    "api.incident.io",
    "api.lfg.gm",
    "api.spike.sh",
    "api.squadcast.com",
    "api.wpush.cn",
    "alert.victorops.com",
    "api.powerplatform.com",
    "azure.com",
    "developer.lametric.com",
    "discord.com",
    "discordapp.com",
    "eu.squadcast.com",
    "fluxer.app",
    "guilded.gg",
    "hooks.slack-gov.com",
    "hooks.slack.com",
    "inbots.zoom.us",
    "maker.ifttt.com",
    "n.tkte.ch",
    "notica.us",
    "ntfy.sh",
    "open.larksuite.com",
    "push.getnotifyapp.com",
    "push.spug.dev",
    "pushplus.plus",
    "qmsg.zendee.cn",
    "qyapi.weixin.qq.com",
    "ryver.com",
    "signals.firehydrant.com",
    "stackfield.com",
    "webexapis.com",
    "webhooks.t2bot.io",
    "www.kookapp.cn",
    "xmatters.com",
    "youlmk.com",
)
_SERVICE = re.compile(rf"(?:.*\.)?(?:{'|'.join(map(re.escape, _SERVICES))})|cliq\.zoho(?:cloud)?\..*")
# an address without its scheme; those of this machine and its network seldom speak https
_HOST_ALONE = re.compile(r"[\w-]+(?:\.[\w-]+)*:[0-9]{1,5}(?:/.*)?|[\w-]+(?:\.[\w-]+)+(?:/.*)?")
_NEAR = re.compile(r"localhost|127\.|10\.|192\.168\.|[\w-]+:[0-9]")
_DATABASES = frozenset({"sqlite", "postgres", "postgresql", "postgresql+psycopg"})
_VARIABLE = re.compile(r"[A-Z_][A-Z0-9_]{0,63}")
# up to the last @: a password may hold one
_PASSWORD = re.compile(r"(?P<head>^[\w+.-]+://[^/?#@:]*:).*(?=@)", re.DOTALL)
# libpq takes passwords as parameters, too
_QUERY_PASSWORD = re.compile(r"(?P<head>[?&](?:password|sslpassword|passfile)=)[^&#]*", re.IGNORECASE)


def checked_provider_url(url: str) -> str:
    """Return an http(s) address without credentials as it is; raises ValueError without showing it."""
    remedy = _unexpanded(url)
    if _HOST_ALONE.fullmatch(url) and is_showable(url):
        scheme = "http" if _NEAR.match(url) else "https"
        remedy = f'; write "{scheme}://{url}"'
    parts = _http(url, f'must be an address that starts with "http://" or "https://"{remedy}')
    if parts.username is not None or parts.password is not None:  # they would stand in logs of proxies
        raise ValueError("must not hold a user name or password; use api_key_env or api_key_file")
    return url


def checked_proxy(url: str) -> str:
    """Return a proxy's http(s) address as it is, or `env:NAME`; raises ValueError."""
    if url.startswith(REFERENCE):
        return url
    _http(url, 'must be "http://host:port", "https://host:port" or "env:NAME"')
    return url


def is_reference(text: str) -> bool:
    """Return whether a text is `env:NAME`: the name of a variable, in capitals, instead of a secret."""
    return text.startswith(REFERENCE) and _VARIABLE.fullmatch(text.removeprefix(REFERENCE)) is not None


def checked_channel_url(url: str) -> str:
    """Return a channel's address as it is, or `env:NAME`; raises ValueError without showing it."""
    if url.startswith(REFERENCE):
        return _checked_reference(url)
    scheme, separator, rest = url.partition("://")
    if not separator or not rest or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]*", scheme):
        raise ValueError(f'must be an address such as "mailto://..." or "env:NAME"{_unexpanded(url)}')
    if not url.isprintable():
        raise ValueError("must not hold control characters")
    return url


def is_of_no_service(url: str) -> bool:
    """Return whether this is a web address that no service of Apprise's has: a webhook of one's own."""
    try:
        host = urlsplit(url).hostname or ""
    except ValueError:
        return False
    return WEB_ADDRESS.match(url) is not None and not _SERVICE.fullmatch(host)


def checked_heartbeat_url(url: str) -> str:
    """Return an http(s) address as it is, or `env:NAME`; raises ValueError without showing it."""
    if url.startswith(REFERENCE):
        return _checked_reference(url)
    _http(url, f'must start with "http://" or "https://", or be "env:NAME"{_unexpanded(url)}')
    return url


def checked_public_url(url: str) -> str:
    """Return the http(s) address under which readers find the page, without a slash at its end."""
    parts = _http(url, 'must be an address that starts with "http://" or "https://"')
    if parts.username is not None or "?" in url or "#" in url:
        raise ValueError('must be a plain URL without user name, password, "?" or "#"')
    return url.rstrip("/")


def checked_database_url(url: str) -> str:
    """Return a SQLite or Postgres address as it is; raises ValueError without showing it."""
    scheme, separator, rest = url.partition("://")
    if not separator or scheme not in _DATABASES:
        raise ValueError('must be "sqlite:///path/to/file.db" or "postgresql://user@host/database"')
    _split(url)
    if scheme == "sqlite":
        _check_sqlite_path(rest)  # SQLAlchemy would create a database in memory for an empty name
    return url


def checked_listen(listen: str) -> str:
    """Return `host:port` or `[v6 address]:port` as it is; raises ValueError."""
    host, port = split_listen(listen)
    if not host or port is None:
        raise ValueError('must be "host:port", such as "127.0.0.1:8080" or "[::1]:8080"')
    return listen


def split_listen(listen: str) -> tuple[str, int | None]:
    """Host (without brackets) and port; the port is None when it is not 0 to 65535."""
    match = re.fullmatch(
        r"(?:\[(?P<v6>[0-9A-Fa-f:.]+)\]|(?P<host>[^\s:/\[\]]+)):(?P<port>[0-9]{1,5})", listen
    )
    if match is None or int(match["port"]) > 65535:  # noqa: PLR2004
        return "", None
    return match["v6"] or match["host"], int(match["port"])


def without_password(url: str) -> str:
    """Return the address with every password in it masked."""
    return _QUERY_PASSWORD.sub(rf"\g<head>{MASK}", _PASSWORD.sub(rf"\g<head>{MASK}", url))


def _check_sqlite_path(rest: str) -> None:
    path = rest.partition("?")[0]
    if not path.startswith("/") or len(path) == 1:
        raise ValueError(
            'names no file; write "sqlite:///data/monitor.db" (relative) or "sqlite:////var/..."'
        )
    if path == "/:memory:":  # the daemon and each command would have one of their own
        raise ValueError("is in memory, which keeps no history; name a file")


def _checked_reference(url: str) -> str:
    if not is_reference(url):
        raise ValueError('must name an environment variable in capitals after "env:"')
    return url


def _unexpanded(url: str) -> str:
    return "; variables of a shell are not replaced in this file" if "$" in url else ""


def _http(url: str, otherwise: str) -> SplitResult:
    parts = _split(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(otherwise)
    return parts


def _split(url: str) -> SplitResult:
    # urlsplit drops tabs and line breaks silently
    if any(letter.isspace() or not letter.isprintable() for letter in url):
        raise ValueError("must not hold spaces or control characters")
    try:
        parts = urlsplit(url)
        _ = parts.port  # the port is read on access only
    except ValueError:
        raise ValueError("is not an address; its host or port cannot be read") from None
    return parts


_SEVERAL_HOSTS = re.compile(
    r"(?P<before>postgres\w*(?:\+\w+)?://(?:[^/?#]*@)?)(?P<hosts>[^/?#@]*:\d+[^/?#@]*)(?P<path>[^?#]*)\??(?P<query>.*)"
)


def with_hosts_as_options(url: str) -> str:
    """Return an address of Postgres with several servers and ports, as libpq writes it, with `host=` options.

    `postgresql://a:1,b:2/db` becomes `postgresql:///db?host=a:1&host=b:2`; any other address stays as it is.
    """
    match = _SEVERAL_HOSTS.fullmatch(url)
    if match is None or "," not in match["hosts"]:
        return url
    options = [*(f"host={host}" for host in match["hosts"].split(",")), *filter(None, [match["query"]])]
    return f"{match['before']}{match['path']}?{'&'.join(options)}"
