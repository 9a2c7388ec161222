"""The parser of every command: whole flags only, switches as Pushgateway and Go write them, errors in one line."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from unittest import mock

import pytest

from tests.support import argument_parsers
from tidegate import app, client_settings, flags, settings
from tidegate.cli import commands, parser

NEEDED = {
    "tidegate push": ["--job=x"],
    "tidegate import": ["--from=http://h", "--persistence.file=f"],
    "tidegate groups delete": ["--match={job='x'}"],
    "tidegate groups show": ["job=x"],
    "tidegate groups explain": ["job=x"],
    "tidegate completions": ["bash"],
}
"""What must be given to a command besides."""
COMMANDS = {made.prog: made for made in argument_parsers.below(commands.build_parser()) if " " in made.prog}


def _options() -> Iterator[tuple[str, str]]:
    """Every command with each of its flags."""
    for command, made in COMMANDS.items():
        yield from ((command, option) for option in made._option_string_actions if option.startswith("--"))


def _switches() -> Iterator[tuple[str, str]]:
    for command, made in COMMANDS.items():
        for action in made._actions:
            if isinstance(action, argparse.BooleanOptionalAction):
                yield command, action.option_strings[0]


def _parsed(command: str, *arguments: str) -> argparse.Namespace:
    return commands.build_parser().parse_args([*command.split()[1:], *arguments, *NEEDED.get(command, ())])


def _refused(capsys: pytest.CaptureFixture[str], command: str, *arguments: str) -> str:
    """The one line about what is wrong."""
    with pytest.raises(SystemExit) as ended:
        _parsed(command, *arguments)
    assert ended.value.code == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert said.err.startswith(f"{command}: error: ")
    return said.err


@pytest.mark.parametrize(("command", "option"), list(_options()))
def test_no_flag_can_be_abbreviated(command: str, option: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = _refused(capsys, command, f"{option[:-1]}=secret")
    assert f"unknown flag {option[:-1]} (did you mean --" in said
    assert "secret" not in said


@pytest.mark.parametrize(("command", "switch"), list(_switches()))
def test_a_switch_is_written_as_go_and_pushgateway_write_it(command: str, switch: str) -> None:
    def given(*arguments: str) -> bool:
        return bool(vars(_parsed(command, *arguments))[flags.dest(switch)])

    off = f"--no-{switch.removeprefix('--')}"
    assert [given(argument) for argument in (switch, f"{switch}=true", f"{switch}=1", f"{off}=false")] == [True] * 4
    assert [given(argument) for argument in (off, f"{switch}=false", f"{switch}=F", f"{off}=true")] == [False] * 4
    assert given(f"{switch}=false", switch)


@pytest.mark.parametrize(("command", "switch"), list(_switches()))
def test_a_switch_takes_no_other_value(command: str, switch: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert f"argument {switch}: 'maybe' is neither true nor false" in _refused(capsys, command, f"{switch}=maybe")


def test_a_switch_takes_no_value_from_the_next_argument() -> None:
    assert _parsed("tidegate push", "--gzip", "metrics.prom").file == "metrics.prom"


def test_after_two_hyphens_nothing_is_a_flag() -> None:
    chosen = commands.build_parser().parse_args(["push", "--job=x", "--", "--gzip=true"])
    assert (chosen.file, chosen.gzip) == ("--gzip=true", False)


def test_a_wrong_name_of_a_required_flag_is_told_as_such(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.main(["push", "--jb=backup", "metrics.prom"])
    said = "tidegate push: error: unknown flag --jb (did you mean --job?); see tidegate push --help\n"
    assert capsys.readouterr().err == said


def test_an_argument_too_many_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    assert "unexpected argument 'foo'" in _refused(capsys, "tidegate gateway", "foo")


@pytest.mark.parametrize("arguments", [[], ["--web.enable-lifecycle"], ["gateway"]], ids=["bare", "flags", "command"])
def test_the_command_without_a_word_starts_the_gateway(arguments: list[str]) -> None:
    with mock.patch.object(app, "run_gateway") as started:
        assert commands.main(arguments) == 0
    [chosen] = started.call_args.args
    assert chosen.web.enable_lifecycle is ("--web.enable-lifecycle" in arguments)


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("tidegate gateway", (settings.GatewaySettings, settings.LogSettings)),
        ("tidegate operator", (settings.OperatorSettings, settings.LogSettings)),
        ("tidegate run", (settings.GatewaySettings, settings.OperatorSettings, settings.LogSettings)),
        ("tidegate push", (client_settings.DeliverySettings,)),
        ("tidegate groups list", (client_settings.InquirySettings,)),
    ],
)
def test_without_flags_the_settings_have_their_defaults(command: str, parts: tuple[type, ...]) -> None:
    given = {name: value for name, value in vars(_parsed(command)).items() if value is not None}
    assert [flags.filled(part, given) for part in parts] == [part() for part in parts]


def test_the_status_shows_every_flag_by_its_own_name() -> None:
    arguments = ["--dry-run", "--persistence.fsync=always", "--watch=pods", "--watch=taskruns", "--drain.timeout=90s"]
    with mock.patch.object(app, "run_both") as started:
        commands.main(["run", *arguments])
    shown = started.call_args.kwargs["flags"]
    made = COMMANDS["tidegate run"]
    assert set(shown) == {action.option_strings[0].lstrip("-") for action in made._actions if action.dest != "help"}
    assert (shown["dry-run"], shown["persistence.fsync"], shown["watch"]) == ("true", "always", "pods,taskruns")
    assert (shown["drain.timeout"], shown["web.config.file"], shown["limit.body"]) == ("1m30s", "", "16MiB")


def test_what_the_status_shows_can_be_given_again() -> None:
    parts = settings.GatewaySettings, settings.OperatorSettings, settings.LogSettings
    given = vars(_parsed("tidegate run", "--web.enable-lifecycle", "--limit.head-timeout=1500ms", "--ownership=name"))
    again = [f"--{name}={value}" for name, value in parser.shown(given, *parts).items() if value]
    assert vars(_parsed("tidegate run", *again)) == given


def test_an_alias_is_the_flag_itself() -> None:
    assert _parsed("tidegate operator", "--grace-period", "2m").gateway_grace_period == 120.0
