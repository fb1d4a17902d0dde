"""Stand-ins for base images, where none can be pulled: Debian with its own Python, under the same name.

Debian's packages come from where this machine's apt gets them. The file system is kept in the cache,
named by everything that went into it, so that the second run starts at once.
"""

import hashlib
import json
import os
from pathlib import Path

from monitor.config import process_environment
from tests.image.shell import command, say, try_command

SUITE = "bookworm"
_PACKAGES = ("python3", "python3-venv", "ca-certificates", "util-linux")
_LEFT_OUT = ("/usr/share/doc/*", "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/info/*")
_DEFAULT_SOURCE = f"deb http://deb.debian.org/debian {SUITE} main"
_MAKE_TIMEOUT_S = 240.0


def stand_in() -> Path:
    """Return the archive of the stand-in's file system, made now unless the cache has it."""
    sources = _sources()
    options = _options()
    content = json.dumps([SUITE, sources, options])
    name = hashlib.sha256(content.encode()).hexdigest()[:16]
    archive = _cache() / f"{SUITE}-{name}.tar"
    if not archive.exists():
        say(f"     making the stand-in base image from {SUITE}'s packages (kept for the next run)")
        _make(archive, sources, options)
    return archive


def containerfile(archive: Path) -> str:
    """Return the recipe of the stand-in image; like the official one it speaks UTF-8.

    Its RUN does nothing, but fails where buildah may not start a command in an image.
    """
    path = "/usr/local/bin:/usr/local/sbin:/usr/bin:/usr/sbin:/bin:/sbin"
    return f'FROM scratch\nADD {archive.name} /\nENV LANG=C.UTF-8 PATH={path}\nRUN ["/bin/true"]\n'


def _make(archive: Path, sources: str, options: list[str]) -> None:
    unfinished = archive.with_suffix(f".{os.getpid()}.tar")
    try:
        words = ("mmdebstrap", "--quiet", *options, SUITE, str(unfinished), "-")
        command(*words, timeout_s=_MAKE_TIMEOUT_S, text_in=sources)
        unfinished.rename(archive)
    finally:
        unfinished.unlink(missing_ok=True)


def _options() -> list[str]:
    left_out = [f"--dpkgopt=path-exclude={pattern}" for pattern in _LEFT_OUT]
    return ["--variant=minbase", f"--include={','.join(_PACKAGES)}", *left_out, *_apt_options()]


def _apt_options() -> list[str]:
    """Return how this machine's apt reaches its mirror: proxies, certificates, clocks not checked."""
    result = try_command(("apt-config", "dump"), timeout_s=30)
    wanted = ("Acquire::http", "Acquire::https", "Acquire::Check", "Acquire::Retries")
    lines = [line for line in result.output.splitlines() if line.startswith(wanted) and '""' not in line]
    return [f"--aptopt={line.rstrip(';')}" for line in lines]


def _sources() -> str:
    """Return apt's lines for the suite and its updates; Debian's own mirror where this machine has none."""
    shape = "$(ORIGIN)|$(CODENAME)|deb $(REPO_URI) $(RELEASE) $(COMPONENT)"
    result = try_command(("apt-get", "indextargets", "--format", shape, "Created-By: Packages"), timeout_s=30)
    rows = [line.split("|") for line in result.output.splitlines()]
    lines = {row[2] for row in rows if len(row) == 3 and row[0] == "Debian" and row[1].startswith(SUITE)}
    return "\n".join(sorted(lines) or [_DEFAULT_SOURCE]) + "\n"


def _cache() -> Path:
    base = process_environment().get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(base) / "monitor-image-test"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
