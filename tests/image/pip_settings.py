"""The machine's own way to a package index, read when it is needed and never written into the repository.

A build must fetch from where this machine fetches: its pip settings (files and environment) become one
`pip.conf`, and the local folders and certificates those settings name become mounts at the same paths.
"""

import ast
import configparser
import io
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

from monitor.config import process_environment
from tests.image.shell import command

# Only what leads to an index; a `target` or `user` of the machine has no meaning inside a build.
_REACH = frozenset(
    {
        "cert", "client-cert", "default-timeout", "extra-index-url", "find-links", "index-url", "no-index",
        "proxy", "retries", "timeout", "trusted-host",
    }
)  # fmt: skip
_FOLDERS = frozenset({"extra-index-url", "find-links", "index-url"})
_FILES = frozenset({"cert", "client-cert"})
_CERTIFICATE_VARIABLES = ("REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE")


@dataclass(frozen=True)
class PipSettings:
    """The text of a `pip.conf`, and the paths of this machine that it needs."""

    text: str
    paths: tuple[Path, ...]


def read_pip_settings() -> PipSettings:
    """Return what `pip config list` says here, the environment's word above the files'."""
    listing = command(sys.executable, "-m", "pip", "config", "list", timeout_s=60)
    chosen = _chosen(listing)
    if "cert" not in chosen:
        chosen |= _certificate(process_environment())
    return PipSettings(_as_file(chosen), tuple(sorted(_paths(chosen))))


def _chosen(listing: str) -> dict[str, str]:
    """Return key to value; of `global`, `install` and `:env:` the last one wins, as in pip."""
    found: dict[str, dict[str, str]] = {"global": {}, "install": {}, ":env:": {}}
    for line in listing.splitlines():
        place, _, value = line.partition("=")
        section, _, key = place.partition(".")
        if section in found and key in _REACH:
            found[section][key] = str(ast.literal_eval(value))
    return found["global"] | found["install"] | found[":env:"]


def _certificate(environment: Mapping[str, str]) -> dict[str, str]:
    named = (environment.get(variable) for variable in _CERTIFICATE_VARIABLES)
    return next(({"cert": name} for name in named if name and Path(name).is_file()), {})


def _as_file(chosen: Mapping[str, str]) -> str:
    file = configparser.RawConfigParser()
    file["global"] = {key: "\n".join(value.split()) for key, value in chosen.items()}
    written = io.StringIO()
    file.write(written)
    return written.getvalue()


def _paths(chosen: Mapping[str, str]) -> set[Path]:
    words = [(key, word) for key, value in chosen.items() for word in value.split()]
    named = {Path(word) for key, word in words if key in _FILES}
    return named | {path for key, word in words if key in _FOLDERS and (path := _folder(word))}


def _folder(word: str) -> Path | None:
    """Return the folder to mount: of a local index the one above, since its pages point beside themselves."""
    if word.startswith("/"):
        return Path(word) if Path(word).exists() else None
    parts = urlsplit(word)
    if parts.scheme != "file":
        return None
    place = Path(unquote(parts.path))
    return place.parent if place.parent != Path("/") else place
