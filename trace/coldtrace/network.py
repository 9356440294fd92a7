"""Which addresses are one network: whoever is counted by address is counted by this."""

from ipaddress import IPv6Address, IPv6Network, ip_address

HOME_BITS = 64
"""Of an IPv6 address so much is the home's; the rest a device there chooses as it likes."""


def network_of(address: str) -> str:
    """Return the network of an address; what is no address stands for itself.

    >>> network_of("192.0.2.1"), network_of("::ffff:192.0.2.1"), network_of("2001:db8:1:2:3:4:5:6"), network_of("-")
    ('192.0.2.1', '192.0.2.1', '2001:db8:1:2::', '-')
    """
    try:
        found = ip_address(address)
    except ValueError:
        return address
    if not isinstance(found, IPv6Address):
        return str(found)
    if found.ipv4_mapped is not None:
        return str(found.ipv4_mapped)
    return str(IPv6Network((int(found), HOME_BITS), strict=False).network_address)
