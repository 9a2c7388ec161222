"""Addresses to listen on, and addresses of peers."""

from __future__ import annotations

import socket

import pytest

from tidegate.system import addresses


@pytest.mark.parametrize(
    ("text", "parsed"),
    [
        (":9091", (None, 9091)),
        ("127.0.0.1:0", ("127.0.0.1", 0)),
        ("localhost:65535", ("localhost", 65535)),
        ("[::1]:9091", ("::1", 9091)),
        ("[::]:9091", ("::", 9091)),
    ],
)
def test_address_has_a_host_and_a_port(text: str, parsed: tuple[str | None, int]) -> None:
    assert addresses.parse(text) == parsed


@pytest.mark.parametrize(
    "text", ["", ":", "9091", "localhost", "localhost:", ":http", ":-1", ":65536", "::1:9091", "[::1:9091", "[::1]"]
)
def test_invalid_address_is_rejected_with_the_expected_form(text: str) -> None:
    with pytest.raises(ValueError, match="write host:port, :port or"):
        addresses.parse(text)


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.1", "::1", "localhost", "127.1"])
def test_loopback_address_is_detected(host: str) -> None:
    assert addresses.is_loopback(host)


@pytest.mark.parametrize("host", [None, "0.0.0.0", "::", "192.0.2.1", "2001:db8::1", "::ffff:192.0.2.1", "169.254.0.1"])
def test_address_reachable_from_other_machines_is_not_loopback(host: str | None) -> None:
    assert not addresses.is_loopback(host)


def test_name_with_one_other_address_is_not_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    both = [(2, 1, 6, "", ("127.0.0.1", 0)), (2, 1, 6, "", ("192.0.2.1", 0))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: both)
    assert not addresses.is_loopback("two-faced.test")


@pytest.mark.parametrize(("host", "literal"), [("127.0.0.1", True), ("::1", True), ("localhost", False), ("", False)])
def test_ip_address_is_a_literal_and_a_name_is_not(host: str, literal: bool) -> None:
    assert addresses.is_literal(host) == literal


@pytest.mark.parametrize(
    ("host", "canonical"),
    [
        ("10.0.0.1", "10.0.0.1"),
        ("::ffff:10.0.0.1", "10.0.0.1"),
        ("::FFFF:0a00:0001", "10.0.0.1"),
        ("2001:DB8:0:0::1", "2001:db8::1"),
        ("::1", "::1"),
        ("fe80::1%eth0", "fe80::1"),
        ("::ffff:10.0.0.1%2", "10.0.0.1"),
        ("", None),
        ("localhost", None),
        ("/run/web.sock", None),
        ("10.0.0.1:80", None),
    ],
)
def test_ip_address_has_one_canonical_form(host: str, canonical: str | None) -> None:
    assert addresses.canonical(host) == canonical


def test_equal_addresses_share_one_string() -> None:
    first, second = (addresses.canonical("".join(["10.9.8", end])) for end in (".7", ".7"))
    assert first is second


@pytest.mark.parametrize(
    ("peer", "canonical"),
    [
        (("10.0.0.1", 5000), "10.0.0.1"),
        (("::ffff:10.0.0.1", 5000, 0, 0), "10.0.0.1"),
        (("fe80::1%eth0", 5000, 0, 2), "fe80::1"),
        ("", None),
        ("10.0.0.1", None),
        (b"\x0010.0.0.1", None),
        ((3, 5000), None),
        (None, None),
    ],
)
def test_peer_over_ip_has_an_address(peer: object, canonical: str | None) -> None:
    assert addresses.of_peer(peer) == canonical
