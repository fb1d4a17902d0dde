"""`python -m tests.tools.audit LOCK ...`: ask a vulnerability feed about every version that the locks pin.

Ends with 1 for a vulnerability that pyproject.toml does not accept with a reason, and for an accepted one
that no pinned version has. Where no feed can be reached it says so and ends with 0.
"""

import argparse
import json
import re
import subprocess
import sys
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
FEEDS: Final = ("osv", "pypi")  # pip-audit's names; the first one has GitHub's advisories, too

_PYTHON: Final = ROOT / ".venv-tools/bin/python"
_PIN: Final = re.compile(r"^([A-Za-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)", re.MULTILINE)
_NO_ANSWER: Final = re.compile(r"requests\.exceptions\.|Could not connect to|is not redirecting properly")
_DESCRIPTION: Final = 100  # characters of it that are shown

Pin = tuple[str, str]
"""A package's name and version."""


class FeedUnreachable(Exception):
    """A feed cannot be reached, or something else answers in its place."""


class AuditFailed(Exception):
    """The audit itself went wrong; the text says how."""


@dataclass(frozen=True, slots=True)
class Vulnerability:
    """One entry of a feed about one pinned version; `ids` are its id and the aliases."""

    pin: Pin
    ids: tuple[str, ...]
    fixed_in: tuple[str, ...]
    description: str


def read_pins(locks: Sequence[Path]) -> dict[Pin, list[str]]:
    """Return every pinned version, of all platforms, and the locks that pin it. Raises AuditFailed."""
    pins = defaultdict[Pin, list[str]](list)
    for lock in locks:
        versions = set(_PIN.findall(lock.read_text("utf-8")))
        if not versions:
            raise AuditFailed(f"{lock} pins nothing")
        for pin in versions:
            pins[pin].append(lock.name)
    return dict(sorted(pins.items()))


def read_accepted(project: Path) -> Mapping[str, str]:
    """Return the accepted vulnerabilities: id to reason. Raises AuditFailed where one has no reason."""
    tools = tomllib.loads(project.read_text("utf-8"))["tool"]
    accepted: Mapping[str, object] = tools.get("audit", {}).get("accepted", {})
    for name, reason in accepted.items():
        if not isinstance(reason, str) or not reason.strip():
            raise AuditFailed(f'[tool.audit.accepted] "{name}" needs a reason')
    return {name: str(reason) for name, reason in accepted.items()}


def query(feed: Sequence[str], pins: Sequence[Pin]) -> list[Mapping[str, Any]]:
    """Return pip-audit's entry for each pin; `feed` are its options. Raises FeedUnreachable, AuditFailed."""
    entries = [entry for layer in _layers(pins) for entry in _run(feed, layer)]
    if all("skip_reason" in entry for entry in entries):
        raise FeedUnreachable  # a package index without a feed answers 404 about every version
    return entries


def _layers(pins: Sequence[Pin]) -> Iterator[list[Pin]]:
    """Give the pins in parts with one version of a package: pip-audit takes no second one."""
    versions = defaultdict[str, list[str]](list)
    for name, version in pins:
        versions[name].append(version)
    for place in range(max(map(len, versions.values()))):
        yield [(name, several[place]) for name, several in versions.items() if place < len(several)]


def _run(feed: Sequence[str], pins: Sequence[Pin]) -> Sequence[Mapping[str, Any]]:
    with TemporaryDirectory() as directory:
        file = Path(directory) / "requirements.txt"
        file.write_text("".join(f"{name}=={version}\n" for name, version in pins), "utf-8")
        command = [str(_PYTHON), "-m", "pip_audit", "--no-deps", "--disable-pip", f"--requirement={file}"]
        command += ["--format=json", "--progress-spinner=off", *feed]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
    try:
        entries: Sequence[Mapping[str, Any]] = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError):
        raise (FeedUnreachable() if _NO_ANSWER.search(done.stderr) else AuditFailed(done.stderr)) from None
    return entries


def vulnerabilities(entries: Sequence[Mapping[str, Any]]) -> list[Vulnerability]:
    """Return what a feed has about the pins."""
    return [
        Vulnerability(
            (entry["name"], entry["version"]),
            (record["id"], *record["aliases"]),
            tuple(record["fix_versions"]),
            record["description"],
        )
        for entry in entries
        for record in entry.get("vulns", ())
    ]


def complaints(
    entries: Sequence[Vulnerability], accepted: Mapping[str, str], pins: Mapping[Pin, Sequence[str]]
) -> list[str]:
    """Return a line for each vulnerability that is not accepted, and for each accepted id without one."""
    lines = [
        f"{' '.join(entry.pin)} ({', '.join(pins.get(entry.pin, ()))}): {', '.join(entry.ids)}; "
        f"fixed in {', '.join(entry.fixed_in) or 'no version'}: {entry.description[:_DESCRIPTION]}"
        for entry in entries
        if not accepted.keys() & set(entry.ids)
    ]
    ids = {name for entry in entries for name in entry.ids}
    idle = sorted(accepted.keys() - ids)
    return lines + [f"{name} is accepted in pyproject.toml, but no pinned version has it" for name in idle]


def main(arguments: Sequence[str]) -> int:
    """Audit the locks with the first feed that can be reached; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.tools.audit")
    parser.add_argument("locks", nargs="+", type=Path, metavar="LOCK")
    parser.add_argument("--osv-url", help="another server of the feed osv, which is then the only one")
    parser.add_argument("--project", type=Path, default=ROOT / "pyproject.toml")
    options = parser.parse_args(arguments)
    feeds = {feed: [f"--vulnerability-service={feed}"] for feed in FEEDS}
    if options.osv_url:
        feeds = {"osv": [*feeds["osv"], f"--osv-url={options.osv_url}"]}
    try:
        return _audit(read_pins(options.locks), read_accepted(options.project), feeds)
    except (AuditFailed, OSError) as error:
        print(f"not audited: {error}")
        return 1


def _audit(
    pins: Mapping[Pin, Sequence[str]], accepted: Mapping[str, str], feeds: Mapping[str, Sequence[str]]
) -> int:
    for name, feed in feeds.items():
        try:
            query(feed, list(pins)[:1])  # so that an index without a feed is asked about one version only
            entries = query(feed, list(pins))
        except FeedUnreachable:
            continue
        lines = complaints(vulnerabilities(entries), accepted, pins)
        skipped = [entry["skip_reason"] for entry in entries if "skip_reason" in entry]
        print(f"{len(entries) - len(skipped)} of {len(pins)} pinned versions audited by {name}")
        print(*lines, *skipped, sep="\n", end="\n" if lines or skipped else "")
        return int(bool(lines))
    print(f"not audited: no vulnerability feed can be reached ({', '.join(feeds)})")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
