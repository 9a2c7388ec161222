"""The file with the token of the control API: its creation, its permissions and its content."""

from __future__ import annotations

import concurrent.futures
import stat
import threading
from pathlib import Path

import pytest

from tidegate import control_token, settings

TOKEN = "0123456789abcdefghijklmnopqrstuv"


def _token_settings(path: Path) -> settings.TokenSettings:
    return settings.TokenSettings(file=str(path))


def _written(path: Path, text: str | bytes = TOKEN, *, mode: int = 0o600) -> settings.TokenSettings:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return _token_settings(path)


def test_without_a_file_and_a_value_there_is_no_token() -> None:
    assert control_token.issue(settings.TokenSettings()) is None


def test_value_of_the_settings_is_the_token_of_both_sides() -> None:
    token_settings = settings.TokenSettings(value=TOKEN)
    reader = control_token.Token(token_settings)
    reader.invalidate()
    assert control_token.issue(token_settings) == reader.value() == TOKEN


def test_missing_file_is_created_for_its_owner_only(tmp_path: Path) -> None:
    path = tmp_path / "run" / "tidegate" / "token"
    token = control_token.issue(_token_settings(path))
    assert token is not None
    assert len(token) > control_token.MIN_LENGTH
    assert path.read_text() == f"{token}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_no_two_tokens_are_the_same() -> None:
    assert len({control_token.new() for _ in range(100)}) == 100


def test_existing_file_is_kept(tmp_path: Path) -> None:
    token_settings = _written(tmp_path / "token", f"  {TOKEN}\n\n")
    assert control_token.issue(token_settings) == TOKEN
    assert (tmp_path / "token").read_text() == f"  {TOKEN}\n\n"


def test_concurrent_starts_issue_the_same_token(tmp_path: Path) -> None:
    barrier = threading.Barrier(8)

    def start(_: int) -> str | None:
        barrier.wait(timeout=10)
        return control_token.issue(_token_settings(tmp_path / "token"))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        issued = set(pool.map(start, range(8)))
    assert issued == {(tmp_path / "token").read_text().strip()}
    assert list(tmp_path.iterdir()) == [tmp_path / "token"]


def test_reader_has_the_token_of_the_creator(tmp_path: Path) -> None:
    token_settings = _token_settings(tmp_path / "token")
    assert control_token.issue(token_settings) == control_token.Token(token_settings).value()


def test_reader_without_a_file_reports_who_creates_it_and_creates_nothing(tmp_path: Path) -> None:
    token_settings = _token_settings(tmp_path / "token")
    reader = control_token.Token(token_settings)
    with pytest.raises(control_token.TokenFileError, match="a gateway with the same flag creates it when it starts"):
        reader.value()
    assert list(tmp_path.iterdir()) == []
    assert control_token.issue(token_settings) == reader.value()


def test_file_is_read_again_after_its_token_was_rejected(tmp_path: Path) -> None:
    reader = control_token.Token(_written(tmp_path / "token"))
    assert reader.value() == TOKEN
    _written(tmp_path / "token", TOKEN.upper())
    assert reader.value() == TOKEN
    reader.invalidate()
    assert reader.value() == TOKEN.upper()


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o660, 0o440])
def test_permissions_of_owner_and_group_are_accepted(tmp_path: Path, mode: int) -> None:
    assert control_token.issue(_written(tmp_path / "token", mode=mode)) == TOKEN


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_file_with_permissions_for_all_users_is_rejected(tmp_path: Path, mode: int) -> None:
    with pytest.raises(control_token.TokenFileError, match="is accessible to every user of this machine: run chmod"):
        control_token.issue(_written(tmp_path / "token", mode=mode))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(TOKEN[1:], id="too short"),
        pytest.param(TOKEN * 40, id="too long"),
        pytest.param(f"{TOKEN} {TOKEN}", id="two words"),
        pytest.param(f"{TOKEN}\nX-Header: {TOKEN}", id="two lines"),
        pytest.param(f"{TOKEN}\x00", id="an unprintable byte"),
        pytest.param(f"{TOKEN}é", id="a letter beyond ASCII"),
        pytest.param(TOKEN.encode() + b"\xff", id="a byte beyond UTF-8"),
    ],
)
def test_invalid_token_is_rejected_and_not_quoted(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(
        control_token.TokenFileError, match=r"token-file .* (must contain one word|is not ASCII text)"
    ) as caught:
        control_token.issue(_written(tmp_path / "token", text))
    assert TOKEN[1:] not in str(caught.value)


def test_directory_that_cannot_be_created_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(control_token.TokenFileError, match="cannot be created"):
        control_token.issue(_token_settings(tmp_path / "file" / "token"))


def test_directory_is_rejected_as_token_file(tmp_path: Path) -> None:
    with pytest.raises(control_token.TokenFileError, match="cannot be read: Is a directory"):
        control_token.issue(_token_settings(tmp_path))


def test_repr_of_the_settings_omits_the_token() -> None:
    assert TOKEN not in repr(settings.GatewaySettings(control_token=settings.TokenSettings(value=TOKEN)))
