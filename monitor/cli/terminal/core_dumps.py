"""A command that holds secrets leaves no picture of its memory behind when it crashes."""

from contextlib import suppress


def forbid_core_dumps() -> None:
    """Set RLIMIT_CORE to 0: kernel, systemd-coredump and apport then keep no core of this process.

    The process stays "dumpable" (prctl): `lsof`, `py-spy` and /proc/PID/fd are how an operator looks at a
    daemon, and who may use them on it can read its configuration and key files as well.
    """
    import resource  # noqa: PLC0415 - only commands that hold secrets need it

    with suppress(OSError, ValueError):  # where a sandbox forbids it, the command goes on
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
