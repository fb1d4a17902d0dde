"""What the npm servers are installed from: versions and hashes, and nothing that names a place."""

import json
from pathlib import Path

LOCK = Path(__file__).with_name("package-lock.json")


def test_every_package_is_locked_by_version_and_hash() -> None:
    packages = json.loads(LOCK.read_text("utf-8"))["packages"]
    installed = [each for place, each in packages.items() if place]
    assert installed
    assert all(each["version"] and each["integrity"].startswith("sha512-") for each in installed)


def test_the_lock_names_no_address() -> None:
    text = LOCK.read_text("utf-8")
    assert "://" not in text
    assert '"resolved"' not in text


def test_nothing_is_run_while_installing() -> None:
    assert "hasInstallScript" not in LOCK.read_text("utf-8")
