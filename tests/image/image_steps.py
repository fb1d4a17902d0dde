"""What the image must declare and must not contain, read without running it."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from tests.image.place import UID
from tests.image.shell import StepFailed

_TOOLS = ("gcc", "cc", "g++", "c++", "clang", "tcc", "ld", "as", "make")
_FOLDERS = ("app/bin", "usr/local/bin", "usr/bin", "bin", "usr/sbin", "sbin", "usr/local/sbin")


def declares_what_engines_need(config: Mapping[str, Any]) -> str:
    """See user, volume, signal, exec-form commands: nothing that needs a shell."""
    expected = {
        "User": f"{UID}:{UID}",
        "Volumes": {"/data": {}},
        "StopSignal": "SIGTERM",
        "WorkingDir": "/",
        "Entrypoint": ["monitor"],
        "Cmd": ["run"],
    }
    wrong = {key: config.get(key) for key, value in expected.items() if config.get(key) != value}
    if wrong:
        raise StepFailed(f"the image declares {wrong}")
    if config["Healthcheck"]["Test"][0] != "CMD":
        raise StepFailed("the HEALTHCHECK needs a shell")
    return f"user {config['User']}, volume /data, SIGTERM"


def holds_no_tools(root: Path) -> str:
    """Find no compiler, no linker, and no pip in the environment."""
    places = [root / folder / name for folder in _FOLDERS for name in _TOOLS]
    found = [str(place.relative_to(root)) for place in (*places, root / "app/bin/pip") if place.exists()]
    if found:
        raise StepFailed(f"the image holds {', '.join(found)}")
    return "no compiler, no linker, no pip in /app"


def keeps_the_program_from_its_user(root: Path) -> str:
    """Find nothing under /app that belongs to the image's user or may be written by everyone."""
    own = [path for path in _files(root / "app") if _is_loose(path)]
    if own:
        raise StepFailed(f"{len(own)} files may be changed, such as {own[0].relative_to(root)}")
    return "/app is root's"


def is_compiled(root: Path) -> str:
    """See that the bytecode is in the image, since a read-only root could not keep it."""
    sources = [path for path in _files(root / "app") if path.suffix == ".py" and "monitor" in path.parts]
    bare = [path for path in sources if not list(path.parent.glob(f"__pycache__/{path.stem}.*.pyc"))]
    missing = [path for path in bare if "_migrations" not in path.parts]
    if missing or not sources:
        raise StepFailed(f"{len(missing)} of {len(sources)} modules are not compiled")
    return f"{len(sources)} modules"


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if not path.is_symlink())


def _is_loose(path: Path) -> bool:
    facts = path.stat()
    return facts.st_uid != 0 or bool(facts.st_mode & 0o022)
