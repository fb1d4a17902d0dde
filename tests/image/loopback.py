"""Brings up the loopback of the network namespace it is started in, and holds that until its input ends."""

import fcntl
import socket
import struct
import sys

_SIOCGIFFLAGS = 0x8913
_SIOCSIFFLAGS = 0x8914
_IFF_UP = 0x1


def main() -> None:
    """Say `up` once the loopback is, then wait."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        flags = struct.unpack("16xH14x", fcntl.ioctl(control, _SIOCGIFFLAGS, struct.pack("16s16x", b"lo")))[0]
        fcntl.ioctl(control, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))
    sys.stdout.write("up\n")
    sys.stdout.flush()
    sys.stdin.read()


if __name__ == "__main__":
    main()
