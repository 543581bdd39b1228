"""Which IP addresses the portal may call (reliability.md section 4). Pure.

Three answers, in this order: some addresses are never called, whatever the operator lists, because they hand out credentials or
carry another address inside; what the operator lists may be called; of the rest only what is public may.
"""

from __future__ import annotations

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address, ip_network

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# (network, what it is). `ipaddress.is_private` alone misses most of the tunnels and half of the metadata services.
NEVER: tuple[tuple[Network, str], ...] = tuple(
    (ip_network(network), meaning)
    for network, meaning in (
        ("0.0.0.0/8", "this host"),
        ("169.254.0.0/16", "link-local, with the clouds' metadata services"),
        ("100.100.100.200/32", "a metadata service (Alibaba)"),
        ("168.63.129.16/32", "a metadata service (Azure)"),
        ("192.0.0.192/32", "a metadata service (Oracle)"),
        ("192.88.99.0/24", "a 6to4 relay"),
        ("224.0.0.0/4", "multicast"),
        ("240.0.0.0/4", "reserved or broadcast"),
        ("::/128", "this host"),
        ("fd00:ec2::/32", "a metadata service (AWS)"),
        ("fd20:ce::254/128", "a metadata service (Google)"),
        ("fe80::/10", "link-local"),
        ("fec0::/10", "site-local"),
        ("ff00::/8", "multicast"),
        ("100::/64", "discarded"),
        ("::ffff:0:0/96", "an IPv4 address inside IPv6 (mapped)"),
        ("::ffff:0:0:0/96", "an IPv4 address inside IPv6 (translated)"),
        ("64:ff9b::/96", "an IPv4 address inside IPv6 (NAT64)"),
        ("64:ff9b:1::/48", "an IPv4 address inside IPv6 (local NAT64)"),
        ("2002::/16", "an IPv4 address inside IPv6 (6to4)"),
        ("2001::/32", "an IPv4 address inside IPv6 (Teredo)"),
    )
)
# Public by `is_global` of some Python versions, yet nobody's address.
NOBODY: tuple[Network, ...] = tuple(
    ip_network(network)
    for network in (
        "2001:db8::/32",
        "3fff::/20",
        "5f00::/16",
        "2001:2::/48",
        "2001:10::/28",
        "2001:20::/28",
        "192.0.0.0/24",
    )
)
# The interface part of an ISATAP address: 0000:5efe or 0200:5efe, then an IPv4 address.
ISATAP = (0x00005EFE, 0x02005EFE)


def refusal(address: Address | str, *, allowed: Iterable[Network]) -> str | None:
    """Why the portal does not call `address`; None when it may. `allowed`: the operator's networks. An unreadable one is refused."""
    try:
        found = ip_address(address)
    except ValueError:
        return "not an IP address"
    meaning = _never(found)
    if meaning is not None or any(found in network for network in allowed):
        return meaning
    if found.is_global and not any(found in network for network in NOBODY):
        return None
    return "not a public address, and not in a network that the operator allows"


def _never(address: Address) -> str | None:
    if isinstance(address, IPv6Address):
        if address.scope_id is not None:
            return "link-local, with a zone"
        if _carries_ipv4(address):
            return "an IPv4 address inside IPv6"
    return next((meaning for network, meaning in NEVER if address in network), None)


def _carries_ipv4(address: IPv6Address) -> bool:
    value = int(address)
    compatible = value >> 32 == 0 and value > 1  # ::1 is the loopback, :: is this host

    return compatible or (value >> 32) & 0xFFFFFFFF in ISATAP
