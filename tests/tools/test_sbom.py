"""The bill of materials: exactly what the image installs, in a document that others' programs read."""

import re
import tomllib
from typing import Any

import pytest

from monitor import __version__
from tests.tools.sbom import ROOT, describe_environment, locked, narrow

LOCK = """\
some-lib==1.0 \\
    --hash=sha256:00
windows-lib==1.0 ; sys_platform == 'win32' \\
    --hash=sha256:11
"""


def component(name: str, version: str) -> dict[str, str]:
    return {"bom-ref": f"{name}=={version}", "name": name, "version": version}


def document(*components: dict[str, str]) -> dict[str, Any]:
    every = [component("monitor", "0"), *components]
    references = [package["bom-ref"] for package in every]
    dependencies = [{"ref": reference, "dependsOn": references[1:]} for reference in references]
    return {"metadata": {}, "components": every, "dependencies": dependencies}


def test_the_bill_has_what_the_lock_pins_and_what_each_needs() -> None:
    lock = locked()
    bill = narrow(describe_environment(), lock)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    packages = {re.sub(r"[-_.]+", "-", package["name"]).lower(): package for package in bill["components"]}
    assert packages.keys() == set(re.findall(r"^([a-z0-9][\w.-]*)(?=[=\[])", lock, flags=re.MULTILINE))
    assert all(package["licenses"] for package in packages.values())
    product = bill["metadata"]["component"]
    assert (product["name"], product["version"], product["type"]) == ("monitor", __version__, "application")
    assert "externalReferences" not in product
    needs = {package["ref"]: set(package["dependsOn"]) for package in bill["dependencies"]}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    names = {re.split(r"[>=<\[]", line)[0] for line in project["dependencies"]} | {"httpx2", "pyarrow"}
    assert {packages[name]["bom-ref"] for name in names} == needs[product["bom-ref"]]


def test_what_is_installed_beside_the_lock_is_left_out() -> None:
    bill = narrow(document(component("Some_Lib", "1.0"), component("pytest", "9")), LOCK)
    assert [package["name"] for package in bill["components"]] == ["Some_Lib"]
    assert bill["dependencies"] == [
        {"ref": "monitor==0", "dependsOn": ["Some_Lib==1.0"]},
        {"ref": "Some_Lib==1.0", "dependsOn": ["Some_Lib==1.0"]},
    ]


@pytest.mark.parametrize("others", [(), (component("some-lib", "1.1"),)])
def test_an_environment_that_is_not_as_locked_has_no_bill(others: tuple[dict[str, str], ...]) -> None:
    with pytest.raises(ValueError, match=r"\.venv does not have some-lib 1\.0: run make setup"):
        narrow(document(*others), LOCK)
