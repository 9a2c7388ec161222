"""URLs of gateways as users write them."""

from __future__ import annotations

import pytest

from tidegate.client import urls


@pytest.mark.parametrize(
    ("url", "printed"),
    [
        ("http://h:9091", "http://h:9091"),
        ("http://h", "http://h:80"),
        ("h:9091", "http://h:9091"),
        ("[::1]:9091", "http://[::1]:9091"),
        ("u:secret@h:1/p", "http://h:1/p"),
        ("https://h/a/b/", "https://h:443/a/b"),
        ("http://[::1]:9091", "http://[::1]:9091"),
        ("https://user:secret@h:1/p", "https://h:1/p"),
    ],
)
def test_printed_url_has_no_password(url: str, printed: str) -> None:
    assert str(urls.parse(url)) == printed
    assert "secret" not in repr(urls.parse(url))


def test_user_and_password_are_unquoted() -> None:
    parsed = urls.parse("http://a%40b:s%2Fx@h")
    assert (parsed.user, parsed.password) == ("a@b", "s/x")


@pytest.mark.parametrize(
    "url",
    [
        "",
        "h:x",
        "unix:/run/secret",
        "a:secr/et@h",
        "a:secret@",
        "ftp://h",
        "http://",
        "http://h:x",
        "http://h?q",
        "http://h#f",
        "http://a:secret@h:x",
        "http://h/@",
    ],
)
def test_invalid_url_is_rejected_and_not_quoted(url: str) -> None:
    with pytest.raises(ValueError, match="not a URL such as") as caught:
        urls.parse(url)
    assert "secret" not in str(caught.value)
