"""Which addresses are the public internet, and which hosts are an address however they are spelt. Pure.

Rules: the special-purpose registries of IANA (RFC 6890), the addresses at which clouds answer from inside, and every
form of IPv4 within IPv6, which counts as the IPv4 address that it leads to.
"""

import ipaddress
import re
import socket

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

LOCAL_NAMES = ("localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback")

_GLOBAL_UNICAST = ipaddress.IPv6Network("2000::/3")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_REFUSED_V4 = tuple(
    ipaddress.IPv4Network(network)
    for network in (
        "0.0.0.0/8",
        "192.0.0.0/24",  # protocol assignments; one cloud's metadata among them
        "192.88.99.0/24",  # relays of 6to4
        "168.63.129.16/32",  # a cloud's own services, seen from its machines
    )
)
_REFUSED_V6 = tuple(
    ipaddress.IPv6Network(network) for network in ("2001::/23", "2001:db8::/32", "3fff::/20", "2620:4f:8000::/48")
)
_NUMERIC = re.compile(r"[0-9a-fx.]+", re.IGNORECASE)


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet; IPv4 inside IPv6 counts as what it is."""
    found = _unwrapped(ipaddress.ip_address(address.partition("%")[0]))
    if not found.is_global or found.is_multicast:
        return False
    if isinstance(found, ipaddress.IPv4Address):
        return not any(found in network for network in _REFUSED_V4)
    return found in _GLOBAL_UNICAST and not any(found in network for network in _REFUSED_V6)


def is_private_host(host: str) -> bool:
    """Whether a host of a URL is, by its spelling alone, no public address; of other names nothing is known."""
    name = host.rstrip(".").lower()
    if name in LOCAL_NAMES or name.endswith(".localhost"):
        return True
    literal = _literal(name)
    return literal is not None and not is_public(literal)


def _literal(name: str) -> str | None:
    """The address that a host is, decimal, octal, hexadecimal and shortened forms included; None for a name."""
    try:
        return str(ipaddress.ip_address(name.strip("[]").partition("%")[0]))
    except ValueError:
        pass
    try:
        return socket.inet_ntoa(socket.inet_aton(name)) if _NUMERIC.fullmatch(name) else None
    except OSError:
        return None


def _unwrapped(address: IpAddress) -> IpAddress:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return address.ipv4_mapped
        if address.sixtofour is not None:
            return address.sixtofour
        if address in _NAT64:
            return ipaddress.IPv4Address(address.packed[-4:])
    return address
