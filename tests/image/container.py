"""Runs commands in the built image as an engine would: as the image's user, with only /data writable.

Each command gets namespaces of its own: it is process 1, the root file system is mounted read-only, and the
network is a loopback that only the commands of one container share.
"""

import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from monitor.config import process_environment
from tests.image.place import UID, Running, start
from tests.image.shell import Result, StepFailed, try_command

# $1 root, $2 data, $3 configuration, $4 user:group; then the environment and the command.
_ENTER = """
set -eu
export PATH=/usr/sbin:/usr/bin:/sbin:/bin
root=$1 data=$2 config=$3 user=$4
shift 4
mount --bind "$root" "$root"
mount -o remount,bind,ro "$root"
mount --bind "$data" "$root/data"
mount --bind "$config" "$root/etc/monitor/config.toml"
mount -o remount,bind,ro "$root/etc/monitor/config.toml"
mount -t proc -o nosuid,nodev,noexec proc "$root/proc"
mount -t tmpfs -o mode=755,size=64k tmpfs "$root/dev"
for node in null zero full random urandom; do
    : > "$root/dev/$node"
    mount --bind "/dev/$node" "$root/dev/$node"
done
exec setpriv --no-new-privs chroot --userspec="$user" --groups= "$root" /usr/bin/env -i "$@"
"""
_NAMESPACES = ("unshare", "--mount", "--pid", "--fork", "--kill-child")
_HOLDER = Path(__file__).with_name("loopback.py")


class Container:
    """The image's root file system with a data folder, as a place to run commands in."""

    python = "/app/bin/python3"
    inner_data = "/data"
    listen = "0.0.0.0:8080"
    provider_port = 9009

    def __init__(self, root: Path, config: Mapping[str, Any], folder: Path) -> None:
        self.root = root
        self.config = config
        self.data = folder / "data"
        self.data.mkdir(mode=0o750)
        os.chown(self.data, UID, UID)
        self.settings = folder / "config.toml"
        self.settings.write_bytes((root / "etc/monitor/config.toml").read_bytes())
        self._network = _Network()

    @property
    def health_check(self) -> Sequence[str]:
        """The image's HEALTHCHECK without its leading CMD."""
        return tuple(self.config["Healthcheck"]["Test"][1:])

    def run(self, *words: str, timeout_s: float = 60) -> Result:
        """Run a command as process 1 of its own namespace."""
        return try_command(self._enter(words), timeout_s=timeout_s)

    def start(self, *words: str) -> Running:
        """Start a command as process 1 of its own namespace, one process below `unshare`."""
        said = tempfile.TemporaryFile("w+")  # noqa: SIM115 - closed by Running.kill
        return start(words[0], self._enter(words), said, environment=process_environment(), inside=1)

    def close(self) -> None:
        """Take the network away."""
        self._network.close()

    def _enter(self, words: Sequence[str]) -> list[str]:
        places = (self.root, self.data, self.settings)
        shell = ("sh", "-c", _ENTER, "enter", *map(str, places), str(self.config["User"]))
        return [*self._network.prefix, *_NAMESPACES, *shell, *self.config["Env"], *words]


class _Network:
    """A network namespace with nothing but a loopback, held by a process that ends with its input."""

    def __init__(self) -> None:
        words = ("unshare", "--net", sys.executable, str(_HOLDER))
        self._holder = subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
        if self._holder.stdout is None or self._holder.stdout.readline() != b"up\n":
            self.close()
            raise StepFailed("no network namespace with a loopback can be made")
        self.prefix = ("nsenter", f"--net=/proc/{self._holder.pid}/ns/net")

    def close(self) -> None:
        """End the holder and with it the namespace."""
        with suppress(subprocess.TimeoutExpired):
            self._holder.communicate(timeout=5)
        self._holder.kill()
        self._holder.wait(5)


def why_not() -> str | None:
    """Return why an image can be neither built nor entered on this machine, or None where it can."""
    if os.geteuid() != 0:
        return "not root"
    probes: dict[str, tuple[str, ...]] = {
        "buildah": ("buildah", "--version"),
        "mmdebstrap": ("mmdebstrap", "--version"),
        "namespaces": (*_NAMESPACES, "--net", "mount", "-t", "tmpfs", "tmpfs", "/mnt"),
        "chroot": ("chroot", "/", "true"),
    }
    for name, probe in probes.items():
        try:
            result = try_command(probe, timeout_s=20)
        except StepFailed as error:
            return str(error)
        if result.code != 0:
            return f"{name}: {result.last_words}"
    return None
