"""Where a gateway is, as people write it."""

from __future__ import annotations

import pytest

from tidegate.client import urls


@pytest.mark.parametrize(
    ("url", "said"),
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
def test_a_place_is_told_without_its_password(url: str, said: str) -> None:
    assert str(urls.parse(url)) == said
    assert "secret" not in repr(urls.parse(url))


def test_user_and_password_are_taken_out() -> None:
    place = urls.parse("http://a%40b:s%2Fx@h")
    assert (place.user, place.password) == ("a@b", "s/x")


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
def test_what_is_no_place_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(ValueError, match="not a URL such as") as refused:
        urls.parse(url)
    assert "secret" not in str(refused.value)
