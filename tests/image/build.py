"""Builds the unchanged Dockerfile with buildah, which needs no engine, in a store of its own."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.image.pip_settings import PipSettings
from tests.image.shell import command, try_command
from tests.image.standins import containerfile

IMAGE = "localhost/monitor:image-test"
_BUILD_TIMEOUT_S = 300.0


@dataclass(frozen=True)
class Store:
    """A buildah store in a folder that is thrown away with all that is in it."""

    folder: Path

    def buildah(self, *words: str, timeout_s: float = 60) -> str:
        """Run buildah on this store; return what it printed, trimmed."""
        return command(*self._buildah, *words, timeout_s=timeout_s).strip()

    @property
    def _buildah(self) -> tuple[str, ...]:
        where = ("--root", str(self.folder / "store"), "--runroot", str(self.folder / "run"))
        return ("buildah", *where, "--storage-driver", "vfs")

    def add_base(self, name: str, archive: Path) -> None:
        """Add a base image made of one archive under the given full name."""
        recipe = self.folder / "Containerfile"
        recipe.write_text(containerfile(archive))
        self._build(name, recipe, archive.parent)

    def build(self, dockerfile: Path, pip: PipSettings) -> None:
        """Build the Dockerfile of the repository; its RUN lines see this machine's pip settings."""
        settings = self.folder / "pip.conf"
        settings.write_text(pip.text)
        mounts = [f"{settings}:/etc/pip.conf:ro", *(f"{path}:{path}:ro" for path in pip.paths)]
        volumes = [word for mount in mounts for word in ("--volume", mount)]
        self._build(IMAGE, dockerfile, dockerfile.parent, *volumes)

    def _build(self, name: str, recipe: Path, context: Path, *words: str) -> None:
        # Only the form "docker" keeps the HEALTHCHECK.
        fixed = ("--isolation", "chroot", "--format", "docker", "--pull-never", "--quiet")
        where = ("--tag", name, "--file", str(recipe), str(context))
        self.buildah("bud", *fixed, *words, *where, timeout_s=_BUILD_TIMEOUT_S)

    def config(self) -> Mapping[str, Any]:
        """Return what the image says of itself: User, Env, Entrypoint, Cmd, Healthcheck and so on."""
        described = json.loads(self.buildah("inspect", "--type", "image", IMAGE))
        return dict(described["Docker"]["config"])

    def unpack(self) -> Path:
        """Return the root of a container of the image, as a folder."""
        return Path(self.buildah("mount", self.buildah("from", "--pull-never", IMAGE, timeout_s=120)))

    def remove(self) -> None:
        """Remove containers and images; the folder itself is its owner's to delete."""
        for words in (("umount", "--all"), ("rm", "--all"), ("rmi", "--all", "--force")):
            try_command((*self._buildah, *words), timeout_s=60)


def base_names(dockerfile: Path) -> list[str]:
    """Return the full names of the base images: the default of ARG BASE, which every FROM uses."""
    lines = dockerfile.read_text().splitlines()
    names = [line.removeprefix("ARG BASE=").strip() for line in lines if line.startswith("ARG BASE=")]
    return [name if "/" in name else f"docker.io/library/{name}" for name in names]
