"""`python -m tests.tools.sbom FILE`: write what runs with the monitor as a CycloneDX document, and check it.

It has the packages of what runs, with the licenses and dependencies that .venv says they have. Runs
in .venv-tools, where cyclonedx-bom is. Ends with 1 where .venv is not as locked, or the schema is not kept.
"""

import json
import re
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

from monitor import __version__

ROOT: Final = Path(__file__).resolve().parents[2]
_PYTHON: Final = ROOT / ".venv-tools/bin/python"
_PIN: Final = re.compile(r"^([a-z0-9][\w.-]*)(?:\[[^\]]*\])?==([^\s;\\]+)( ;)?", re.MULTILINE)


def describe_environment() -> dict[str, Any]:
    """Return the document of everything that is installed in .venv."""
    command = [str(_PYTHON), "-m", "cyclonedx_py", "environment", "--spec-version=1.6", "--no-validate"]
    done = subprocess.run([*command, str(ROOT / ".venv")], capture_output=True, text=True, check=True)
    document: dict[str, Any] = json.loads(done.stdout)
    return document


def narrow(document: Mapping[str, Any], lock: str) -> dict[str, Any]:
    """Return the document with the locked packages only, and the monitor as what they are for.

    Raises ValueError where a package is not installed as the lock pins it.
    """
    installed = {_normal(component["name"]): component for component in document["components"]}
    product = installed["monitor"] | {"type": "application", "version": __version__}
    product.pop("externalReferences", None)  # names the directory that it is installed from
    packages = [installed[name] for name in _checked(installed, lock)]
    kept = {component["bom-ref"] for component in (product, *packages)}
    return {
        **document,
        "metadata": {**document["metadata"], "component": product},
        "components": packages,
        "dependencies": [
            {**entry, "dependsOn": [ref for ref in entry.get("dependsOn", ()) if ref in kept]}
            for entry in document["dependencies"]
            if entry["ref"] in kept
        ],
    }


def _checked(installed: Mapping[str, Mapping[str, Any]], lock: str) -> list[str]:
    """Return the names of the locked packages; one for another platform need not be installed."""
    names = []
    for name, version, marker in _PIN.findall(lock):
        if name not in installed and marker:
            continue
        if name not in installed or installed[name]["version"] != version:
            raise ValueError(f".venv does not have {name} {version}: run make setup")
        names.append(name)
    return names


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def check_schema(text: str) -> None:
    """Raise ValueError where a document is not CycloneDX 1.6."""
    from cyclonedx.schema import SchemaVersion  # noqa: PLC0415 - only .venv-tools has it
    from cyclonedx.validation.json import JsonStrictValidator  # noqa: PLC0415 - as above

    if fault := JsonStrictValidator(SchemaVersion.V1_6).validate_str(text):
        raise ValueError(f"not CycloneDX 1.6: {fault}")


def locked() -> str:
    """Return the locks of all that may run with the monitor, extras included."""
    return "".join(
        (ROOT / f"requirements{name}.lock").read_text("utf-8") for name in ("", "-fast", "-parquet")
    )


def main(file: Path) -> int:
    """Write and check the document; returns the exit code."""
    try:
        document = narrow(describe_environment(), locked())
        text = json.dumps(document, indent=2) + "\n"
        check_schema(text)
    except ValueError as error:
        print(error)
        return 1
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text, "utf-8")
    print(f"{file}: monitor {__version__} and {len(document['components'])} packages, as CycloneDX 1.6")
    return 0


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
