"""Which connection gives way when every place is taken."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from monitor.web.server.places import client_of, gives_way


@dataclass(frozen=True)
class Waiting:
    """A connection, as far as it matters here."""

    owner: str
    since: float
    is_kept: bool = False


@given(
    st.lists(st.builds(Waiting, st.sampled_from("abc"), st.floats(0, 100), st.booleans()), min_size=1),
)
def test_it_is_one_of_the_client_that_has_most_and_the_newest_only_among_idle_ones(
    many: list[Waiting],
) -> None:
    chosen = gives_way(many)
    counts = {one.owner: sum(other.owner == one.owner for other in many) for one in many}
    assert counts[chosen.owner] == max(counts.values())
    own = [one for one in many if one.owner == chosen.owner]
    assert chosen.is_kept == any(one.is_kept for one in own)
    assert chosen.since == min(one.since for one in own if one.is_kept == chosen.is_kept)


def test_one_clients_many_never_cost_another_its_only_one() -> None:
    health = Waiting("10.0.0.1", since=0)
    flood = [Waiting("10.0.0.2", since=number) for number in range(1, 200)]
    assert gives_way([health, *flood]) is flood[0]


@pytest.mark.parametrize(
    ("address", "client"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2::9", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
        ("", ""),
    ],
)
def test_a_client_of_ipv6_is_its_network(address: str, client: str) -> None:
    assert client_of(address) == client
