"""The file with the token of the control API: who makes it, who may read it, and what is taken from it."""

from __future__ import annotations

import concurrent.futures
import stat
import threading
from pathlib import Path

import pytest

from tidegate import control_token, settings

TOKEN = "0123456789abcdefghijklmnopqrstuv"


def _chosen(path: Path) -> settings.TokenSettings:
    return settings.TokenSettings(file=str(path))


def _written(path: Path, text: str | bytes = TOKEN, *, mode: int = 0o600) -> settings.TokenSettings:
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return _chosen(path)


def test_no_file_and_no_value_is_no_token() -> None:
    assert control_token.issue(settings.TokenSettings()) is None


def test_a_value_is_asked_for_and_shown_as_it_is() -> None:
    chosen = settings.TokenSettings(value=TOKEN)
    shown = control_token.Token(chosen)
    shown.invalidate()
    assert control_token.issue(chosen) == shown.value() == TOKEN


def test_a_file_that_is_not_there_is_made_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "run" / "tidegate" / "token"
    token = control_token.issue(_chosen(path))
    assert token is not None
    assert len(token) > control_token.MIN_LENGTH
    assert path.read_text() == f"{token}\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert list(path.parent.iterdir()) == [path]


def test_no_two_tokens_are_the_same() -> None:
    assert len({control_token.new() for _ in range(100)}) == 100


def test_a_file_that_is_there_is_kept(tmp_path: Path) -> None:
    chosen = _written(tmp_path / "token", f"  {TOKEN}\n\n")
    assert control_token.issue(chosen) == TOKEN
    assert (tmp_path / "token").read_text() == f"  {TOKEN}\n\n"


def test_all_who_begin_at_once_have_the_same_token(tmp_path: Path) -> None:
    at_once = threading.Barrier(8)

    def begin(_: int) -> str | None:
        at_once.wait(timeout=10)
        return control_token.issue(_chosen(tmp_path / "token"))

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        issued = set(pool.map(begin, range(8)))
    assert issued == {(tmp_path / "token").read_text().strip()}
    assert list(tmp_path.iterdir()) == [tmp_path / "token"]


def test_the_reader_has_what_the_maker_made(tmp_path: Path) -> None:
    chosen = _chosen(tmp_path / "token")
    assert control_token.issue(chosen) == control_token.Token(chosen).value()


def test_a_reader_that_comes_first_is_told_to_wait_and_makes_nothing(tmp_path: Path) -> None:
    chosen = _chosen(tmp_path / "token")
    shown = control_token.Token(chosen)
    with pytest.raises(control_token.TokenFileError, match="a gateway with the same flag creates it when it starts"):
        shown.value()
    assert list(tmp_path.iterdir()) == []
    assert control_token.issue(chosen) == shown.value()


def test_a_file_is_read_again_once_its_token_was_refused(tmp_path: Path) -> None:
    shown = control_token.Token(_written(tmp_path / "token"))
    assert shown.value() == TOKEN
    _written(tmp_path / "token", TOKEN.upper())
    assert shown.value() == TOKEN
    shown.invalidate()
    assert shown.value() == TOKEN.upper()


@pytest.mark.parametrize("mode", [0o600, 0o400, 0o660, 0o440])
def test_its_owner_and_a_volumes_group_may_have_rights(tmp_path: Path, mode: int) -> None:
    assert control_token.issue(_written(tmp_path / "token", mode=mode)) == TOKEN


@pytest.mark.parametrize("mode", [0o604, 0o602, 0o644, 0o666])
def test_a_file_that_is_open_to_everybody_is_refused(tmp_path: Path, mode: int) -> None:
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
        pytest.param(f"{TOKEN}\x00", id="a byte that is not printed"),
        pytest.param(f"{TOKEN}é", id="a letter beyond ASCII"),
        pytest.param(TOKEN.encode() + b"\xff", id="a byte beyond UTF-8"),
    ],
)
def test_what_is_no_token_is_refused_and_not_shown(tmp_path: Path, text: str | bytes) -> None:
    with pytest.raises(
        control_token.TokenFileError, match=r"token-file .* (must contain one word|is not ASCII text)"
    ) as refused:
        control_token.issue(_written(tmp_path / "token", text))
    assert TOKEN[1:] not in str(refused.value)


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(control_token.TokenFileError, match="cannot be created"):
        control_token.issue(_chosen(tmp_path / "file" / "token"))


def test_a_folder_is_no_token_file(tmp_path: Path) -> None:
    with pytest.raises(control_token.TokenFileError, match="cannot be read: Is a directory"):
        control_token.issue(_chosen(tmp_path))


def test_the_settings_do_not_show_the_value() -> None:
    assert TOKEN not in repr(settings.GatewaySettings(control_token=settings.TokenSettings(value=TOKEN)))
