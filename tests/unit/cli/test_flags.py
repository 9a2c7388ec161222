"""The help of each command, the values that flags take, and the errors for other values."""

from __future__ import annotations

import pytest

import tidegate
from tests.support.processes import command_lines
from tidegate import flags, settings
from tidegate.cli import flag_values, root
from tidegate.model import limits


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        pytest.param([], ["gateway", "operator", "run", "Examples:"], id="all"),
        pytest.param(
            ["gateway"], ["--web.listen-address", "--[no-]web.enable-lifecycle", "--control.token-file"], id="gateway"
        ),
        pytest.param(
            ["operator"], ["--gateway.url", "--control.token-file", "--drain.timeout", "--log.level"], id="operator"
        ),
        pytest.param(
            ["run"], ["--web.listen-address", "--control.token-file", "--drain.timeout", "--log.format"], id="run"
        ),
    ],
)
def test_help_explains_each_flag_with_its_default(
    command: list[str], flags: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.main([*command, "--help"]) == 0
    text = capsys.readouterr().out
    assert all(flag in text for flag in flags)
    assert not command or "(default: " in text


def test_version_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["--version"]) == 0
    assert capsys.readouterr().out == f"tidegate {tidegate.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(["dance"], "unknown command 'dance'", id="unknown command"),
        pytest.param(["gateway", "--nix"], "unknown flag --nix", id="unknown flag"),
        pytest.param(["gateway", "--gateway.url=x"], "unknown flag --gateway.url", id="flag of the operator"),
        pytest.param(["gateway", "--web.listen-address=9091"], "'9091' is not a listen address", id="port alone"),
        pytest.param(["gateway", "--web.listen-address=:70000"], "is not a listen address", id="port too large"),
        pytest.param(["gateway", "--web.telemetry-path=metrics"], "'metrics' is not a path", id="path without a slash"),
        pytest.param(["gateway", "--web.telemetry-path=/{a"], "'/{a' is not a path", id="path with a brace"),
        pytest.param(["gateway", "--web.stop-timeout=10"], "'10' is not a duration: write 90s", id="no unit"),
        pytest.param(["operator", "--drain.timeout=5x"], "'5x' is not a duration: write 90s", id="unknown unit"),
        pytest.param(["operator", "--drain.timeout=-5s"], "'-5s' is not a duration: write 90s", id="negative"),
        pytest.param(["gateway", "--limit.body=16MB"], "'16MB' is not a size: write 16MiB", id="a unit of disks"),
        pytest.param(["gateway", "--limit.body=-1"], "'-1' is not a size: write 16MiB", id="a negative size"),
        pytest.param(["gateway", "--limit.body=0KiB"], "'0KiB' is not greater than 0", id="no bytes"),
        pytest.param(["gateway", "--limit.connections=0"], "'0' is not greater than 0", id="no connections"),
        pytest.param(["gateway", "--limit.head-timeout=0s"], "'0s' is not greater than 0: write", id="no time"),
        pytest.param(
            ["operator", "--watch=cronjobs"], "'cronjobs' is neither one of pods, taskruns", id="no kind to watch"
        ),
        pytest.param(
            ["run", "--watch=e.com/v1/runs:"], "'e.com/v1/runs:': '' is not a path", id="a kind without an end"
        ),
        pytest.param(
            ["gateway", "--log.level=loud"], "invalid value for --log.level: 'loud' is not one of", id="unknown level"
        ),
    ],
)
def test_an_invalid_value_is_a_usage_error(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.main(arguments) == 2
    written = capsys.readouterr().err
    assert error in written
    assert "Traceback" not in written


@pytest.mark.parametrize(
    ("arguments", "prefix"),
    [
        pytest.param([], "", id="none"),
        pytest.param(["--web.route-prefix=/a/b/"], "/a/b", id="given"),
        pytest.param(["--web.external-url=http://h/x/"], "/x", id="of the external URL"),
        pytest.param(["--web.external-url=http://h/x", "--web.route-prefix=/"], "", id="none in spite of the URL"),
        pytest.param(["--web.external-url=http://h/x", "--web.route-prefix=y"], "/y", id="another than the URL's"),
    ],
)
def test_the_route_prefix_is_that_of_the_external_url_unless_given(arguments: list[str], prefix: str) -> None:
    parsed = command_lines.parsed(["gateway", *arguments])
    assert flags.filled(settings.WebSettings, vars(parsed)).prefix == prefix


def test_flags_without_a_command_are_those_of_the_gateway(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["--web.listen-address=9091"]) == 2
    assert "tidegate gateway: error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "size"), [("1000", 1_000), ("64KiB", 65_536), ("16MiB", 16_777_216), ("2GiB", 2_147_483_648)]
)
def test_a_size_may_have_a_unit(text: str, size: int) -> None:
    assert flag_values.positive_size(text) == size


def test_the_help_spells_default_limits_as_flags_take_them(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["gateway", "--help"]) == 0
    text = " ".join(capsys.readouterr().out.partition("Gateway limits")[2].split())
    for name, default in (("body", "16MiB"), ("request-head", "32KiB"), ("head-timeout", "10s"), ("requests", "1000")):
        assert f"(default: {default})" in text.partition(f"--limit.{name} ")[2].partition("--")[0]


def test_every_limit_has_its_flag_and_its_setting() -> None:
    declared = {flag.name: flag.dest for flag, _ in flags.of(settings.LimitSettings)}
    assert declared == {limit.flag: f"limit_{limit.label}" for limit in limits.Limit}
    assert {limit.label for limit in limits.Limit} == vars(settings.LimitSettings()).keys()


def test_limits_that_contradict_each_other_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert root.main(["gateway", "--limit.bodies=16MiB"]) == 1
    assert "--limit.bodies=16777216 is less than one compressed body takes" in capsys.readouterr().err


def test_watch_can_be_repeated() -> None:
    done = "example.com/v1/runs:status.conditions.Done"
    parsed = command_lines.parsed(["operator", "--watch=pods", f"--watch={done}"])
    assert parsed.watch == ("pods", done)


@pytest.mark.parametrize("command", ["operator", "run"])
def test_a_kind_that_is_watched_twice_is_an_error_at_the_start(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.main([command, "--watch=pods", "--watch=pods"]) == 1
    assert "--watch=pods: pods is already watched; remove this flag" in capsys.readouterr().err
