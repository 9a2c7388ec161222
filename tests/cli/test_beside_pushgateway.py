"""The flags of an operator beside a stock Pushgateway: one spelling in the help, the others taken, the rest refused."""

from __future__ import annotations

import re

import pytest

from tidegate import app, flags, settings
from tidegate.cli import root

URL = "http://alice:secret@pushgateway:9091"
ALIASES = {alias: flag.name for flag, _ in flags.of(settings.OperatorSettings) for alias in flag.aliases}


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[settings.OperatorSettings]:
    """What the runtime is told to run."""
    made: list[settings.OperatorSettings] = []
    monkeypatch.setattr(app, "run_operator", made.append)
    return made


def test_the_issues_command_is_understood(started: list[settings.OperatorSettings]) -> None:
    assert root.main(["operator", f"--gateway-url={URL}", "--gateway-kind=pushgateway", "--grace-period=2m"]) == 0
    [chosen] = started
    assert (chosen.gateway_url, chosen.gateway_kind) == (URL, settings.GatewayKind.PUSHGATEWAY)
    assert chosen.stock == settings.StockSettings(grace_seconds=120.0, poll_seconds=5.0)


def test_the_documented_spelling_is_understood(started: list[settings.OperatorSettings]) -> None:
    arguments = [f"--gateway.url={URL}", "--gateway.kind=pushgateway", "--gateway.grace-period=2m"]
    assert root.main(["operator", *arguments, "--gateway.poll-interval=1s"]) == 0
    assert started[0].stock == settings.StockSettings(grace_seconds=120.0, poll_seconds=1.0)


def test_a_group_is_kept_for_the_grace_period_where_its_job_does_not_say(
    started: list[settings.OperatorSettings],
) -> None:
    root.main(["operator", f"--gateway.url={URL}", "--gateway.kind=pushgateway", "--grace-period=2m"])
    assert started[0].rules.drain_timeout == 120.0


def test_by_default_it_follows_our_own_gateway(started: list[settings.OperatorSettings]) -> None:
    root.main(["operator", "--control.token-file=token", "--drain.timeout=9m"])
    assert started[0].gateway_kind is settings.GatewayKind.TIDEGATE
    assert started[0].gateway_url == "http://127.0.0.1:9092"
    assert started[0].rules.drain_timeout == 540.0


def test_the_settings_do_not_show_a_password(started: list[settings.OperatorSettings]) -> None:
    root.main(["operator", f"--gateway.url={URL}", "--gateway.kind=pushgateway"])
    assert "secret" not in repr(started[0])


def test_the_help_has_one_spelling_of_each(capsys: pytest.CaptureFixture[str]) -> None:
    root.main(["operator", "--help"])
    told = re.findall(r"--[a-z.-]+", capsys.readouterr().out)
    assert set(ALIASES.values()) <= set(told)
    assert not set(ALIASES) & set(told)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--gateway.kind=pushgateway"], "needs --gateway.url, the URL of the Pushgateway", id="no URL"),
        pytest.param(["--grace-period=2m"], "--gateway.grace-period and --gateway.poll-interval need", id="no kind"),
        pytest.param(
            [f"--gateway.url={URL}", "--gateway.kind=pushgateway", "--drain.timeout=9m"],
            "--drain.timeout has no effect with --gateway.kind=pushgateway",
            id="a drain timeout where nobody tells who scrapes",
        ),
        pytest.param(["--gateway.poll-interval=2s"], "need --gateway.kind=pushgateway", id="no kind to poll"),
        pytest.param(
            [f"--gateway.url={URL}", "--control.token-file=token"],
            "for a stock Pushgateway there is --gateway.kind=pushgateway",
            id="its URL without its kind",
        ),
        pytest.param(
            ["--gateway.url=ftp://pushgateway:9091", "--gateway.kind=pushgateway"],
            "--gateway.url is to be where the Pushgateway is, such as http://",
            id="another scheme",
        ),
    ],
)
def test_what_does_not_fit_together_is_refused_in_words(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.main(["operator", *arguments]) == 1
    told = capsys.readouterr().err
    assert said in told
    assert "secret" not in told


@pytest.mark.parametrize("flag", ["--gateway.grace-period", "--gateway.poll-interval"])
def test_no_time_is_refused(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    root.main(["operator", f"{flag}=0s"])
    assert "'0s' is not greater than 0: write 5s or 5m" in capsys.readouterr().err
