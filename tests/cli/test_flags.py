"""The command line: what it explains, what it takes, and what it says of what it does not take."""

from __future__ import annotations

import argparse

import pytest

import tidegate
from tidegate import flags, settings
from tidegate.cli import commands, values
from tidegate.model import limits


@pytest.mark.parametrize(
    ("command", "flags"),
    [
        pytest.param([], ["gateway", "operator", "run", "examples:"], id="all"),
        pytest.param(
            ["gateway"], ["--web.listen-address", "--no-web.enable-lifecycle", "--control.token-file"], id="gateway"
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
    with pytest.raises(SystemExit) as ended:
        commands.main([*command, "--help"])
    assert ended.value.code == 0
    told = capsys.readouterr().out
    assert all(flag in told for flag in flags)
    assert not command or "(default: " in told


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main(["--version"])
    assert ended.value.code == 0
    assert capsys.readouterr().out == f"tidegate {tidegate.__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["dance"], "invalid choice: 'dance'", id="unknown command"),
        pytest.param(["gateway", "--nix"], "unknown flag --nix", id="unknown flag"),
        pytest.param(["gateway", "--gateway.url=x"], "unknown flag --gateway.url", id="flag of the operator"),
        pytest.param(["gateway", "--web.listen-address=9091"], "'9091' is no address", id="port alone"),
        pytest.param(["gateway", "--web.listen-address=:70000"], "':70000' is no address", id="port too large"),
        pytest.param(["gateway", "--web.telemetry-path=metrics"], "'metrics' is no path", id="path without a slash"),
        pytest.param(["gateway", "--web.telemetry-path=/{a"], "'/{a' is no path", id="path with a brace"),
        pytest.param(["gateway", "--web.stop-timeout=10"], "'10' is not a duration: write 90s", id="no unit"),
        pytest.param(["operator", "--drain.timeout=5x"], "'5x' is not a duration: write 90s", id="unknown unit"),
        pytest.param(["operator", "--drain.timeout=-5s"], "'-5s' is not a duration: write 90s", id="negative"),
        pytest.param(["gateway", "--limit.body=16MB"], "'16MB' is no size: write 16MiB", id="a unit of disks"),
        pytest.param(["gateway", "--limit.body=-1"], "'-1' is no size: write 16MiB", id="a negative size"),
        pytest.param(["gateway", "--limit.body=0KiB"], "0 would refuse everybody", id="no bytes"),
        pytest.param(["gateway", "--limit.connections=0"], "0 would refuse everybody", id="no connections"),
        pytest.param(["gateway", "--limit.head-timeout=0s"], "'0s' leaves no time: write 5s or 5m", id="no time"),
        pytest.param(["operator", "--watch=cronjobs"], "'cronjobs' is none of pods, taskruns", id="no kind to watch"),
        pytest.param(["run", "--watch=e.com/v1/runs:"], "'e.com/v1/runs:': '' is no path", id="a kind without an end"),
        pytest.param(["gateway", "--log.level=loud"], "invalid choice: 'loud'", id="unknown level"),
    ],
)
def test_what_cannot_be_meant_is_refused_in_words(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main(arguments)
    assert ended.value.code == 2
    told = capsys.readouterr().err
    assert said in told
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("90s", 90),
        ("5m", 300),
        ("1h30m", 5400),
        ("1h1m1s", 3661),
        ("0s", 0),
        ("0", 0),
        ("1.5h", 5400),
        ("1m1h", 3660),
        (".5s", 0.5),
        ("500ms", 0.5),
        ("1500000us", 1.5),
        ("1d", 86_400),
    ],
)
def test_a_duration_is_written_as_go_and_prometheus_do(text: str, seconds: float) -> None:
    assert values.seconds(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "s", "-5s", "+5s", " 5s", "5s\n", "1 h", "5S", "1e3s", "inf", "nans"])
def test_what_is_no_duration_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not a duration"):
        values.seconds(text)


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
    chosen = commands.build_parser().parse_args(["gateway", *arguments])
    assert flags.filled(settings.WebSettings, vars(chosen)).prefix == prefix


def test_arguments_without_a_command_are_the_gateways(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.main(["--web.listen-address=9091"])
    assert "tidegate gateway: error" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "size"), [("1000", 1_000), ("64KiB", 65_536), ("16MiB", 16_777_216), ("2GiB", 2_147_483_648)]
)
def test_a_size_may_have_a_unit(text: str, size: int) -> None:
    assert values.size(text) == size


def test_the_help_spells_limits_as_they_are_written(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        commands.main(["gateway", "--help"])
    told = " ".join(capsys.readouterr().out.partition("gateway: limits")[2].split())
    for name, default in (("body", "16MiB"), ("request-head", "32KiB"), ("head-timeout", "10s"), ("requests", "1000")):
        assert f"(default: {default})" in told.partition(f"--limit.{name} ")[2].partition("--")[0]


def test_every_limit_has_its_flag_and_its_setting() -> None:
    declared = {flag.name: flag.dest for flag, _ in flags.of(settings.LimitSettings)}
    assert declared == {limit.flag: f"limit_{limit.label}" for limit in limits.Limit}
    assert {limit.label for limit in limits.Limit} == vars(settings.LimitSettings()).keys()


def test_limits_that_contradict_each_other_are_refused_in_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main(["gateway", "--limit.bodies=16MiB"]) == 1
    assert "--limit.bodies=16777216 has no room for one packed body" in capsys.readouterr().err


def test_a_kind_to_watch_may_be_given_several_times() -> None:
    done = "example.com/v1/runs:status.conditions.Done"
    chosen = commands.build_parser().parse_args(["operator", "--watch=pods", f"--watch={done}"])
    assert chosen.watch == ("pods", done)


@pytest.mark.parametrize("command", ["operator", "run"])
def test_a_kind_to_watch_that_is_there_twice_ends_it_at_once(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert commands.main([command, "--watch=pods", "--watch=pods"]) == 1
    assert "--watch=pods: pods is watched already; give it once" in capsys.readouterr().err
