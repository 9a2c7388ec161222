"""The flags of an operator that manages a stock Pushgateway, their aliases, and combinations that are errors."""

from __future__ import annotations

import re

import pytest

from tidegate import app, flags, settings
from tidegate.cli import root

URL = "http://alice:secret@pushgateway:9091"
ALIASES = {alias: flag.name for flag, _ in flags.of(settings.OperatorSettings) for alias in flag.aliases}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[settings.OperatorSettings]:
    """The settings of the operators that were started."""
    operators: list[settings.OperatorSettings] = []
    monkeypatch.setattr(app, "run_operator", operators.append)
    return operators


def test_aliases_set_the_flags(started: list[settings.OperatorSettings]) -> None:
    assert root.main(["operator", f"--gateway-url={URL}", "--gateway-kind=pushgateway", "--grace-period=2m"]) == 0
    [operator] = started
    assert (operator.gateway_url, operator.gateway_kind) == (URL, settings.GatewayKind.PUSHGATEWAY)
    assert operator.pushgateway == settings.PushgatewaySettings(grace_seconds=120.0, poll_seconds=5.0)


def test_documented_flags_set_the_settings(started: list[settings.OperatorSettings]) -> None:
    arguments = [f"--gateway.url={URL}", "--gateway.kind=pushgateway", "--gateway.grace-period=2m"]
    assert root.main(["operator", *arguments, "--gateway.poll-interval=1s"]) == 0
    assert started[0].pushgateway == settings.PushgatewaySettings(grace_seconds=120.0, poll_seconds=1.0)


def test_the_grace_period_is_the_default_drain_timeout(
    started: list[settings.OperatorSettings],
) -> None:
    root.main(["operator", f"--gateway.url={URL}", "--gateway.kind=pushgateway", "--grace-period=2m"])
    assert started[0].rules.drain_timeout == 120.0


def test_the_default_is_the_gateway_of_tidegate(started: list[settings.OperatorSettings]) -> None:
    root.main(["operator", "--control.token-file=token", "--drain.timeout=9m"])
    assert started[0].gateway_kind is settings.GatewayKind.TIDEGATE
    assert started[0].gateway_url == "http://127.0.0.1:9092"
    assert started[0].rules.drain_timeout == 540.0


def test_the_repr_of_the_settings_has_no_password(started: list[settings.OperatorSettings]) -> None:
    root.main(["operator", f"--gateway.url={URL}", "--gateway.kind=pushgateway"])
    assert "secret" not in repr(started[0])


def test_the_help_shows_no_aliases(capsys: pytest.CaptureFixture[str]) -> None:
    root.main(["operator", "--help"])
    names = re.findall(r"--[a-z.-]+", capsys.readouterr().out)
    assert set(ALIASES.values()) <= set(names)
    assert not set(ALIASES) & set(names)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(["--gateway.kind=pushgateway"], "needs --gateway.url, the URL of the Pushgateway", id="no URL"),
        pytest.param(["--grace-period=2m"], "--gateway.grace-period and --gateway.poll-interval need", id="no kind"),
        pytest.param(
            [f"--gateway.url={URL}", "--gateway.kind=pushgateway", "--drain.timeout=9m"],
            "--drain.timeout has no effect with --gateway.kind=pushgateway",
            id="a drain timeout",
        ),
        pytest.param(["--gateway.poll-interval=2s"], "need --gateway.kind=pushgateway", id="no kind to poll"),
        pytest.param(
            [f"--gateway.url={URL}", "--control.token-file=token"],
            "for a stock Pushgateway, set --gateway.kind=pushgateway",
            id="its URL without its kind",
        ),
        pytest.param(
            ["--gateway.url=ftp://pushgateway:9091", "--gateway.kind=pushgateway"],
            "--gateway.url must be the URL of the Pushgateway, such as http://",
            id="another scheme",
        ),
    ],
)
def test_contradicting_flags_are_an_error(arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["operator", *arguments]) == 1
    written = capsys.readouterr().err
    assert error in written
    assert "secret" not in written


@pytest.mark.parametrize("flag", ["--gateway.grace-period", "--gateway.poll-interval"])
def test_a_period_of_0_is_rejected(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    root.main(["operator", f"{flag}=0s"])
    assert "'0s' is not greater than 0: write 5s or 5m" in capsys.readouterr().err
