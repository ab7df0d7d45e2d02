"""Which network addresses the outgoing client may speak to: public ones only.

The check is on the address that is about to be connected, after names were resolved: so it holds
for every way to write an address, for redirects, and for names whose answer changes between two
look-ups.
"""

from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address

# Prefixes in which an IPv6 address carries an IPv4 one, and where in its 128 bits.
_CARRIERS: tuple[tuple[IPv6Network, int], ...] = (
    (IPv6Network("::ffff:0:0/96"), 0),  # mapped, RFC 4291
    (IPv6Network("::/96"), 0),  # compatible, RFC 4291
    (IPv6Network("::ffff:0:0:0/96"), 0),  # translated, RFC 2765
    (IPv6Network("64:ff9b::/96"), 0),  # NAT64, RFC 6052
    (IPv6Network("2002::/16"), 80),  # 6to4, RFC 3056
)
_CLOSED: tuple[IPv6Network, ...] = (
    IPv6Network("64:ff9b:1::/48"),  # local NAT64, RFC 8215
    IPv6Network("2001::/32"),  # Teredo, RFC 4380
    IPv6Network("fec0::/10"),  # site-local, RFC 3879
    IPv6Network("100::/64"),  # discard, RFC 6666
)


def is_public(address: str) -> bool:
    """Whether an address (IPv4 or IPv6, a zone after % allowed) is one of the public Internet."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return False
    if isinstance(ip, IPv4Address):
        return _is_public_4(ip)
    carried = _carried(ip)
    if carried is not None:
        return _is_public_4(carried)
    if any(ip in network for network in _CLOSED):
        return False
    return ip.is_global and not ip.is_multicast


def _is_public_4(ip: IPv4Address) -> bool:
    return ip.is_global and not ip.is_multicast and not ip.is_reserved


def _carried(ip: IPv6Address) -> IPv4Address | None:
    for network, shift in _CARRIERS:
        if ip in network:
            return IPv4Address((int(ip) >> shift) & 0xFFFFFFFF)
    return None
