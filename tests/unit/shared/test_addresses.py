"""Which addresses may be connected to."""

import pytest

from shared.addresses import is_private_host, is_public

PRIVATE = [
    "127.0.0.1",
    "127.9.9.9",
    "10.0.0.1",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "0.0.0.0",
    "224.0.0.1",
    "255.255.255.255",
    "192.0.2.1",
    "::",
    "::1",
    "fe80::1",
    "fe80::1%eth0",
    "fc00::1",
    "fd12:3456::1",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "::ffff:0:0",
    "::127.0.0.1",
    "64:ff9b:1::a9fe:a9fe",
    "fec0::1",
    "2001:db8::1",
    "2001::1",
    "3fff::1",
    "fd00:ec2::254",
    "168.63.129.16",
    "192.0.0.192",
    "100.100.100.200",
    "198.18.0.1",
    "240.0.0.1",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_what_is_not_the_public_internet_is_refused(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize(
    "address", ["93.184.216.34", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808"]
)
def test_public_addresses_pass(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    [
        *PRIVATE,
        "localhost",
        "LOCALHOST.",
        "anything.localhost",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "0x7f.1",
        "127.1",
        "0",
        "0xa9fea9fe",
        "[::1]",
    ],
)
def test_a_private_address_is_known_however_it_is_spelt(host: str) -> None:
    assert is_private_host(host)


@pytest.mark.parametrize(
    "host", ["pager.example.org", "93.184.216.34", "0x5db8d822", "2606:4700::1111", "beef", "de.ad", "1.2.3.4.5", ""]
)
def test_of_other_hosts_nothing_is_held_against_them(host: str) -> None:
    assert not is_private_host(host)
