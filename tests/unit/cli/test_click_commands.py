"""Every command takes whole flags only, switches as Pushgateway and Go write them, and reports an error in one line."""

from __future__ import annotations

import types
from collections.abc import Iterator
from unittest import mock

import click
import pytest

from tests.support.processes import command_lines
from tidegate import app, client_settings, flags, log_settings, settings
from tidegate.cli import click_flags, flag_values, root

NEEDED = {
    "tidegate push": ["--job=x"],
    "tidegate import": ["--from=http://h", "--persistence.file=f"],
    "tidegate groups delete": ["--match={job='x'}"],
    "tidegate groups show": ["job=x"],
    "tidegate groups explain": ["job=x"],
    "tidegate completions": ["bash"],
}
"""The arguments that a command requires."""
COMMANDS = {context.command_path: context for context in command_lines.commands() if " " in context.command_path}


def _flags() -> Iterator[tuple[str, str]]:
    """Every command with each of its flags."""
    for command, context in COMMANDS.items():
        yield from ((command, name) for name in sorted(command_lines.flag_names(context)))


def _switches() -> Iterator[tuple[str, str]]:
    for command, context in COMMANDS.items():
        for param in context.command.params:
            if param.secondary_opts:
                yield command, param.opts[0]


def _parsed(command: str, *arguments: str) -> types.SimpleNamespace:
    return command_lines.parsed([*command.split()[1:], *arguments, *NEEDED.get(command, ())])


def _error(capsys: pytest.CaptureFixture[str], command: str, *arguments: str) -> str:
    """The line that a usage error writes."""
    assert root.main([*command.split()[1:], *arguments, *NEEDED.get(command, ())]) == 2
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.count("\n") == 1
    # Without a verb `groups` lists.
    assert written.err.startswith((f"{command}: error: ", f"{command} list: error: "))
    return written.err


@pytest.mark.parametrize(("command", "flag"), list(_flags()))
def test_no_flag_can_be_abbreviated(command: str, flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    error = _error(capsys, command, f"{flag[:-1]}=secret")
    assert f"unknown flag {flag[:-1]} (did you mean --" in error
    assert "secret" not in error


@pytest.mark.parametrize(("command", "switch"), list(_switches()))
def test_a_switch_is_written_as_go_and_pushgateway_write_it(command: str, switch: str) -> None:
    def value(*arguments: str) -> bool:
        return bool(vars(_parsed(command, *arguments))[flags.dest(switch)])

    off = f"--no-{switch.removeprefix('--')}"
    assert [value(argument) for argument in (switch, f"{switch}=true", f"{switch}=1", f"{off}=false")] == [True] * 4
    assert [value(argument) for argument in (off, f"{switch}=false", f"{switch}=F", f"{off}=true")] == [False] * 4
    assert value(f"{switch}=false", switch)


@pytest.mark.parametrize(("command", "switch"), list(_switches()))
def test_a_switch_takes_no_other_value(command: str, switch: str, capsys: pytest.CaptureFixture[str]) -> None:
    error = _error(capsys, command, f"{switch}=maybe")
    assert f"invalid value for {switch}: 'maybe' is neither true nor false" in error


def test_a_switch_takes_no_value_from_the_next_argument() -> None:
    assert _parsed("tidegate push", "--gzip", "metrics.prom").file == "metrics.prom"


def test_nothing_after_two_hyphens_is_a_flag() -> None:
    parsed = command_lines.parsed(["push", "--job=x", "--", "--gzip=true"])
    assert (parsed.file, parsed.gzip) == ("--gzip=true", False)


@pytest.mark.parametrize("arguments", [["--job", "--gzip"], ["--job", "--"], ["--job"], ["--job", "-x"]])
def test_a_flag_does_not_take_the_next_flag_as_its_value(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.main(["push", *arguments]) == 2
    assert capsys.readouterr().err == "tidegate push: error: flag --job needs a value; see tidegate push --help\n"


@pytest.mark.parametrize("value", ["-1", "-.5", "-", "-a b", "a=b", "--a b"])
def test_a_value_may_be_the_next_argument(value: str) -> None:
    assert command_lines.parsed(["push", "--job", value]).job == value


def test_the_last_value_of_a_repeated_flag_counts() -> None:
    assert command_lines.parsed(["push", "--job=a", "--job=b"]).job == "b"


@pytest.mark.parametrize("command", NEEDED)
def test_a_missing_required_flag_or_argument_is_named(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(command.split()[1:]) == 2
    needed = NEEDED[command][0].partition("=")[0]
    name = f"flag {needed}" if needed.startswith("--") else "argument "
    assert capsys.readouterr().err.startswith(f"{command}: error: missing {name}")


def test_a_misspelled_required_flag_is_reported_as_unknown(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["push", "--jb=backup", "metrics.prom"]) == 2
    error = "tidegate push: error: unknown flag --jb (did you mean --job?); see tidegate push --help\n"
    assert capsys.readouterr().err == error


def test_a_misspelled_command_is_reported_with_a_similar_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["gatway"]) == 2
    error = "tidegate: error: unknown command 'gatway' (did you mean gateway?); see tidegate --help\n"
    assert capsys.readouterr().err == error


def test_an_unexpected_argument_is_named_without_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    error = _error(capsys, "tidegate gateway", "foo=secret")
    assert "unexpected argument 'foo'" in error
    assert "secret" not in error


@pytest.mark.parametrize("arguments", [[], ["--web.enable-lifecycle"], ["gateway"]], ids=["bare", "flags", "command"])
def test_without_a_command_the_gateway_starts(arguments: list[str]) -> None:
    with mock.patch.object(app, "run_gateway") as started:
        assert root.main(arguments) == 0
    [gateway] = started.call_args.args
    assert gateway.web.enable_lifecycle is ("--web.enable-lifecycle" in arguments)


@pytest.mark.parametrize(
    ("command", "parts"),
    [
        ("tidegate gateway", (settings.GatewaySettings, log_settings.LogSettings)),
        ("tidegate operator", (settings.OperatorSettings, log_settings.LogSettings)),
        ("tidegate run", (settings.GatewaySettings, settings.OperatorSettings, log_settings.LogSettings)),
        ("tidegate push", (client_settings.DeliverySettings,)),
        ("tidegate groups list", (client_settings.ConnectionSettings,)),
    ],
)
def test_without_flags_the_settings_have_their_defaults(command: str, parts: tuple[type, ...]) -> None:
    values = {name: value for name, value in vars(_parsed(command)).items() if value is not None}
    assert [flags.filled(part, values) for part in parts] == [part() for part in parts]


def test_the_status_shows_every_flag_by_its_own_name() -> None:
    arguments = ["--dry-run", "--persistence.fsync=always", "--watch=pods", "--watch=taskruns", "--drain.timeout=90s"]
    with mock.patch.object(app, "run_both") as started:
        root.main(["run", *arguments])
    shown = started.call_args.kwargs["flags"]
    assert set(shown) == {param.opts[0].lstrip("-") for param in COMMANDS["tidegate run"].command.params}
    assert (shown["dry-run"], shown["persistence.fsync"], shown["watch"]) == ("true", "always", "pods,taskruns")
    assert (shown["drain.timeout"], shown["web.config.file"], shown["limit.body"]) == ("1m30s", "", "16MiB")


def test_the_values_in_the_status_can_be_used_as_flags() -> None:
    parts = settings.GatewaySettings, settings.OperatorSettings, log_settings.LogSettings
    values = vars(_parsed("tidegate run", "--web.enable-lifecycle", "--limit.head-timeout=1500ms", "--ownership=name"))
    again = [f"--{name}={value}" for name, value in flag_values.shown(values, *parts).items() if value]
    assert vars(_parsed("tidegate run", *again)) == values


def test_an_alias_sets_its_flag() -> None:
    assert _parsed("tidegate operator", "--grace-period", "2m").gateway_grace_period == 120.0


def test_a_flag_before_the_verb_holds_unless_the_verb_has_it_too() -> None:
    before = ["groups", "--gateway.url=http://a", "list"]
    assert command_lines.parsed(before).gateway_url == "http://a"
    assert command_lines.parsed([*before, "--gateway.url=http://b"]).gateway_url == "http://b"


@pytest.mark.parametrize("context", COMMANDS.values(), ids=COMMANDS)
def test_every_flag_has_a_help_text_that_is_a_sentence(context: click.Context) -> None:
    for param in context.command.params:
        assert param.help, param.opts
        assert param.help[0].isupper() or param.help.startswith(("tidegate", "bash")), param.help
        assert param.help.endswith("."), param.help
        assert isinstance(param, click.Argument | click_flags.Flag)
