"""The places for clients: when all are taken, the connection that is missed least gives way to a new one.

No client is refused, so that a health check is answered however many clients there are. It decides by what
connections do; it knows nothing of HTTP or sockets.
"""

from collections import Counter
from collections.abc import Collection
from ipaddress import IPv6Address, ip_address
from typing import Final, Protocol, TypeVar

_NETWORK_BITS: Final = 64  # what one client of IPv6 has at least


class Occupant(Protocol):
    """A connection: whose it is, what it does and since when."""

    @property
    def owner(self) -> str:
        """The client, as `client_of` names it."""

    @property
    def is_kept(self) -> bool:
        """Whether it is between two requests: its client expects it to be closed at any time."""

    @property
    def since(self) -> float:
        """When it began to wait for its client or for an answer, in seconds of the loop's clock."""


Seated = TypeVar("Seated", bound=Occupant)


def gives_way(occupants: Collection[Seated]) -> Seated:
    """Return which of the connections, at least one, is closed for a new one.

    It is one of the client that has most, so that one client's many never cost another its only one. Of these
    one between two requests, else the one that waits longest, for whatever: the newest are always the last to
    go. Behind a proxy all are of one client.
    """
    counts = Counter(one.owner for one in occupants)
    most = max(counts.values())
    largest = (one for one in occupants if counts[one.owner] == most)
    return min(largest, key=lambda one: (not one.is_kept, one.since))


def client_of(address: str) -> str:
    """Return what counts as one client: an IPv4 address, or the network of an IPv6 address."""
    try:
        parsed = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(parsed, IPv6Address):
        return address
    if parsed.ipv4_mapped:
        return str(parsed.ipv4_mapped)
    return str(IPv6Address(int(parsed) >> _NETWORK_BITS << _NETWORK_BITS))
