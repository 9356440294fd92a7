"""Networks: an IPv6 home is one whatever its devices call themselves."""

import pytest

from coldtrace.custody.lookups import network_token
from coldtrace.network import network_of
from coldtrace.web.limits import AnonymousLimit
from coldtrace.web.refusals import TooManyRequests


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2::1", "2001:db8:1:2::"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::"),
        ("2001:db8:1:3::1", "2001:db8:1:3::"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("fe80::1%eth0", "fe80::"),
        ("::1", "::"),
        ("-", "-"),
    ],
)
def test_the_network_of_an_address(address: str, network: str) -> None:
    assert network_of(address) == network
    assert network_token(b"s" * 32, address=address) == network_token(b"s" * 32, address=network)


def test_addresses_of_one_home_are_limited_together() -> None:
    limit = AnonymousLimit(2)
    limit.count("2001:db8::1")
    limit.count("2001:db8::2")
    with pytest.raises(TooManyRequests):
        limit.count("2001:db8::3")
    limit.count("2001:db8:0:1::3")
