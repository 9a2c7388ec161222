"""Addresses to listen on."""

from __future__ import annotations

import pytest

from tidegate.aiokits import addresses


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
def test_an_address_is_a_host_and_a_port(text: str, parsed: tuple[str | None, int]) -> None:
    assert addresses.parse(text) == parsed


@pytest.mark.parametrize(
    "text", ["", ":", "9091", "localhost", "localhost:", ":http", ":-1", ":65536", "::1:9091", "[::1:9091", "[::1]"]
)
def test_what_is_no_address_is_refused_in_words(text: str) -> None:
    with pytest.raises(ValueError, match="give host:port, :port or"):
        addresses.parse(text)
