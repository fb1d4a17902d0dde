"""The rules of the house that no linter knows, and what an installed package must bring along."""

import ast
import io
import os
import re
import subprocess
import sys
import tokenize
import tomllib
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

import monitor
from tests.support.documents import ROOT, files_below
from tests.support.process import WAIT_S

SOURCES = tuple(sorted(ROOT.glob("monitor/**/*.py")))
EVERY_SOURCE = tuple(
    file
    for file in files_below("monitor", "migrations", "tests", "benchmarks", "findings")
    if file.suffix == ".py"
)
FINDINGS = tuple(sorted(ROOT.glob("findings/*-*.sh")))
LONGEST_MODULE, LONGEST_FUNCTION = 300, 40

# Split, so that this file does not name what it forbids.
_HOSTS = (
    ("py", "pi", ".org"), ("files.", "python", "hosted", ".org"), ("registry.", "np", "mjs", ".org"),
    ("registry.", "yarn", "pkg", ".com"), ("conda.", "ana", "conda", ".org"), ("proxy.", "golang", ".org"),
    ("static.", "crates", ".io"), ("index.", "crates", ".io"), ("ruby", "gems", ".org"),
)  # fmt: skip
_INDEX_OPTIONS = ("--index" + "-url", "--extra-index" + "-url", "--find" + "-links", "--trusted" + "-host")


def _own_files() -> Iterator[Path]:
    """Give every text file of the project; what .gitignore names is the machine's."""
    ignored = {".git", *(line.strip("/") for line in (ROOT / ".gitignore").read_text("utf-8").split())}
    for directory, inside, names in os.walk(ROOT):
        inside[:] = [name for name in inside if not any(Path(name).match(each) for each in ignored)]
        for file in (Path(directory) / name for name in names if name not in ignored):
            if b"\0" not in file.read_bytes()[:8000]:
                yield file


def test_no_file_names_an_address_that_packages_come_from() -> None:
    hosts = ["".join(parts) for parts in _HOSTS]
    found = [
        (file.relative_to(ROOT), host)
        for file in _own_files()
        for host in hosts
        if re.search(rf"(?<![\w-]){re.escape(host)}\b", file.read_text("utf-8", "replace"))
    ]
    assert found == []


@pytest.mark.parametrize(
    "name",
    [
        "requirements.lock",
        "requirements-fast.lock",
        "requirements-parquet.lock",
        "requirements-dev.lock",
        "requirements-tools.lock",
        "tests/fuzz/atheris.lock",
        "tests/thirdparty/litellm.lock",
        "tests/thirdparty/gateways.lock",
    ],
)
def test_a_lock_holds_versions_and_hashes_only(name: str) -> None:
    text = (ROOT / name).read_text(encoding="utf-8")
    assert "://" not in text
    assert not any(option in text for option in _INDEX_OPTIONS)
    pins = re.findall(r"^([A-Za-z0-9][^ ]*)", text, flags=re.MULTILINE)
    assert pins
    assert all("==" in pin for pin in pins)
    assert len(re.findall(r"^\S.*\\\n    --hash=sha256:", text, flags=re.MULTILINE)) == len(pins)


def test_what_runs_is_locked_alike_for_developers() -> None:
    def pins(name: str) -> set[str]:
        return set(
            re.findall(r"^[^ ]+==[^ ]+", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE)
        )

    extras = pins("requirements-fast.lock") | pins("requirements-parquet.lock")
    assert pins("requirements.lock") | extras <= pins("requirements-dev.lock")
    assert pins("requirements.lock").isdisjoint(extras)


def test_the_extra_is_locked_as_it_is_declared() -> None:
    text = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    for extra in ("fast", "parquet"):
        assert text["project"]["optional-dependencies"][extra] == text["dependency-groups"][extra]


@pytest.mark.parametrize("file", SOURCES, ids=lambda file: str(file.relative_to(ROOT)))
def test_modules_and_functions_stay_small(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= LONGEST_MODULE
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= LONGEST_FUNCTION, f"{node.name}: {lines} lines"


def test_every_suppression_names_what_it_suppresses() -> None:
    bare = re.compile(r"#\s*(type:\s*ignore(?!\[[a-z])|noqa(?!: ?[A-Z]+\d)|(ruff|mypy|flake8):)")
    found = [
        f"{file.relative_to(ROOT)}:{token.start[0]}: {token.string}"
        for file in EVERY_SOURCE
        for token in tokenize.generate_tokens(io.StringIO(file.read_text(encoding="utf-8")).readline)
        if token.type == tokenize.COMMENT and bare.search(token.string)
    ]
    assert found == []


@pytest.mark.parametrize("directory", sorted({file.parent for file in SOURCES}), ids=lambda each: each.name)
def test_every_package_says_what_it_is_for(directory: Path) -> None:
    package = directory / "__init__.py"
    assert package.exists()
    assert ast.get_docstring(ast.parse(package.read_text(encoding="utf-8")))


def test_nothing_is_called_by_a_name_that_says_nothing() -> None:
    empty = {
        "util",
        "utils",
        "helper",
        "helpers",
        "manager",
        "handler",
        "handlers",
        "service",
        "services",
        "base",
    }
    assert [file for file in SOURCES if {file.stem, *file.relative_to(ROOT).parts} & empty] == []


def test_no_public_class_name_is_defined_twice() -> None:
    names = Counter(
        node.name
        for file in SOURCES
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef) and not node.name.startswith("_")
    )
    assert {name for name, count in names.items() if count > 1} == set()


# ---- The findings ----


@pytest.mark.parametrize("file", FINDINGS, ids=lambda file: file.stem)
def test_a_finding_tells_a_guess_and_pins_what_it_installs(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    said = [text.index(each) for each in ("\n# The guess: ", "\n# Really: ", "\n# Why it matters: ")]
    assert said == sorted(said)
    assert "set -euo pipefail" in text
    lines = re.findall(r"^install(?:_alone|_npm)? (.+)$", text.replace("\\\n", ""), re.MULTILINE)
    installed = [word for line in lines for word in line.split()]
    assert installed
    pinned = re.compile(r"'([a-z0-9-]+(\[[a-z]+\])?==|(@[a-z0-9-]+/)?[a-z0-9-]+@)[0-9.]+'")
    assert all(pinned.fullmatch(word) for word in installed)
    assert f"`{file.name}`" in (ROOT / "findings/README.md").read_text(encoding="utf-8")
    subprocess.run(["/bin/bash", "-n", str(file)], check=True, timeout=WAIT_S)


# ---- What is published: the sdist, the wheel built from it, and the command in that ----


def _build(target: str, source: Path, directory: Path) -> Path:
    command = [sys.executable, "-m", "hatchling", "build", "-t", target, "-d", str(directory)]
    built = subprocess.run(command, cwd=source, capture_output=True, text=True, timeout=WAIT_S, check=False)
    assert built.returncode == 0, built.stderr
    return next(file for file in directory.iterdir() if file.is_file())


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the unpacked source distribution."""
    directory = tmp_path_factory.mktemp("sdist")
    packed = _build("sdist", ROOT, directory)
    subprocess.run(["/bin/tar", "-xzf", str(packed), "-C", str(directory)], check=True, timeout=WAIT_S)
    return next(place for place in directory.iterdir() if place.is_dir())


@pytest.fixture(scope="module")
def wheel(sdist: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give the wheel that is built from the source distribution alone."""
    return _build("wheel", sdist, tmp_path_factory.mktemp("wheel"))


def test_the_sdist_holds_what_a_contributor_needs(sdist: Path) -> None:
    packed = {file.relative_to(sdist).as_posix() for file in sdist.glob("**/*") if file.is_file()}
    assert {file.relative_to(ROOT).as_posix() for file in _own_files()} <= packed


def test_the_version_stands_in_one_place(wheel: Path) -> None:
    assert "version" not in tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert wheel.name.startswith(f"monitor-{monitor.__version__}-")


def test_the_wheel_brings_everything_along(wheel: Path) -> None:
    packed = set(zipfile.ZipFile(wheel).namelist())
    wanted = {
        file.relative_to(ROOT).as_posix()
        for file in ROOT.glob("monitor/**/*")
        if file.is_file() and "__pycache__" not in file.parts
    }
    assert wanted <= packed
    assert {"monitor/py.typed", "monitor/demo/nim_ids.txt", "monitor/web/templates/page.html"} <= wanted
    migrations = [*ROOT.glob("migrations/versions/*.py"), ROOT / "migrations/env.py"]
    assert {f"monitor/_{file.relative_to(ROOT).as_posix()}" for file in migrations} <= packed


def test_the_wheel_brings_nothing_else(wheel: Path) -> None:
    places = {name.split("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert {place for place in places if not place.endswith(".dist-info")} == {"monitor"}
    assert not [name for name in zipfile.ZipFile(wheel).namelist() if name.endswith((".pyc", ".db"))]


def test_an_installed_monitor_makes_and_checks_its_database_by_itself(wheel: Path, tmp_path: Path) -> None:
    installed = tmp_path / "installed"
    zipfile.ZipFile(wheel).extractall(installed)
    place = tmp_path / "elsewhere"
    place.mkdir()
    environ = {"PATH": os.defpath, "PYTHONPATH": str(installed), "PYTHONUTF8": "1"}

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [sys.executable, *arguments],
            cwd=place,
            env=environ,
            capture_output=True,
            text=True,
            timeout=WAIT_S,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    assert Path(run("-c", "import monitor; print(monitor.__file__)").strip()).is_relative_to(installed)
    migrations = run(
        "-c", "from monitor.store.admin.migrate import migrations_directory as d; print(d())"
    ).strip()
    assert Path(migrations) == installed / "monitor/_migrations"
    assert "upgraded from nothing" in run("-m", "monitor", "db", "upgrade")
    assert "0 faults" in run("-m", "monitor", "db", "check")
    assert "up to date" in run("-m", "monitor", "db", "upgrade")
    assert (place / "data/monitor.db").exists()
