"""The flags of ``tidegate push``: the push that they make, and the errors for invalid ones."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.processes import command_lines
from tidegate import client_settings, flags
from tidegate.cli import push_command, push_input, root
from tidegate.client import push_client
from tidegate.model import grouping


def _push(*arguments: str) -> push_client.Push:
    parsed = command_lines.parsed(["push", "--job=x", *arguments])
    return push_input.new_push(push_input.Arguments.of(vars(parsed))).push


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param([], "missing flag --job", id="no-job"),
        pytest.param(["--job="], "every group has a job", id="a-job-without-a-name"),
        pytest.param(["--job=x", "--label=a"], "'a' is not a label: write instance=db1", id="no-label"),
        pytest.param(["--job=x", "--label==a"], "'=a' is not a label", id="a-label-without-a-name"),
        pytest.param(["--job=x", "--label=job=y"], "set the job label with --job", id="two-jobs"),
        pytest.param(["--job=x", "--label=a/b=y"], "'a/b' cannot be the name of a label", id="a-slash-in-a-name"),
        pytest.param(["--job=x", "--label=a\udc80=y"], "is not UTF-8", id="no-utf8"),
        pytest.param(["--job=x", "--metric=a"], "'a' is not a series with a value", id="no-value"),
        pytest.param(["--job=x", "--metric=a=b"], "'a=b' has no number after its last =", id="no-number"),
        pytest.param(["--job=x", "--metric=a 1\nb=1"], "is not a series with a value", id="two-lines"),
        pytest.param(["--job=x", "--ttl=15"], "'15' is not a duration: write 90s, 5m or 1h30m", id="no-ttl"),
        pytest.param(["--job=x", "--ttl=0s"], "a TTL must be greater than 0", id="no-life"),
        pytest.param(["--job=x", "--timeout=0s"], "'0s' is not greater than 0", id="no-time"),
        pytest.param(["--job=x", "--retry-for=5"], "'5' is not a duration: write 90s", id="no-unit"),
        pytest.param(
            ["--job=x", "--gateway.url=ftp://u:secret@h"],
            "invalid value for --gateway.url: not a URL such as http://",
            id="no-url",
        ),
    ],
)
def test_an_invalid_value_is_a_usage_error(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.main(["push", *arguments]) == push_command.UNUSABLE
    written = capsys.readouterr()
    assert written.out == ""
    assert error in written.err
    assert "secret" not in written.err


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(["--label=a=1", "--label=a=2"], "--label sets the same label twice", id="a-name-twice"),
        pytest.param(["f", "--metric=a=1"], "set either FILE or --metric", id="two-bodies"),
        pytest.param(["f", "--delete"], "set either FILE or --delete", id="a-file-to-delete"),
        pytest.param(["--replace", "--delete"], "set either --replace or --delete", id="two-methods"),
        pytest.param(["--delete", "--ttl=1h"], "--delete pushes nothing: leave out --metric", id="a-life-to-delete"),
        pytest.param(["--delete", "--format=protobuf"], "--delete pushes nothing", id="a-format-to-delete"),
        pytest.param(["--metric=a=1", "--format=protobuf"], "--metric is always text", id="values-in-protobuf"),
        pytest.param(["/is/not/there"], "cannot read /is/not/there: No such file or directory", id="no-file"),
        pytest.param(["/"], "cannot read /: Is a directory", id="a-folder"),
        pytest.param(["/dev/null"], "/dev/null is empty", id="an-empty-file"),
    ],
)
def test_contradicting_flags_and_empty_input_are_an_error(
    arguments: list[str], error: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert root.main(["push", "--job=x", *arguments]) == push_command.UNUSABLE
    written = capsys.readouterr()
    assert written.out == ""
    assert written.err.startswith(f"tidegate push: {error}")


def test_an_invalid_url_in_the_environment_is_reported_without_its_password(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(client_settings.URL_VARIABLE, "ftp://job:secret@push")
    assert root.main(["push", "--job=x", "--delete"]) == push_command.UNUSABLE
    written = capsys.readouterr().err
    assert written.startswith(
        "tidegate push: error: invalid value for $TIDEGATE_URL: not a URL such as http://127.0.0.1:9091"
    )
    assert "secret" not in written


@pytest.mark.parametrize(
    ("arguments", "variable", "url"),
    [
        ([], None, "http://127.0.0.1:9091"),
        ([], "", "http://127.0.0.1:9091"),
        ([], "http://a", "http://a"),
        (["--gateway.url=http://b"], "http://a", "http://b"),
    ],
    ids=["neither", "empty", "environment", "both"],
)
def test_the_flag_comes_before_the_environment_and_that_before_the_default(
    arguments: list[str], variable: str | None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(client_settings.URL_VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(client_settings.URL_VARIABLE, variable)
    values = vars(command_lines.parsed(["push", "--job=x", *arguments]))
    filled = flags.filled(client_settings.DeliverySettings, values)
    assert filled == client_settings.DeliverySettings(gateway_url=url)


def test_the_methods_are_those_of_pushgateway() -> None:
    assert [_push("--metric=a=1", *method).method for method in ([], ["--replace"])] == ["POST", "PUT"]
    assert _push("--delete") == push_client.Push("DELETE", grouping.grouping_key({"job": "x"}), {}, b"")


def test_the_format_sets_the_content_type(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a 1\n")
    content_types = [
        _push(str(tmp_path / "f"), f"--format={name}").headers["Content-Type"] for name in ("text", "protobuf")
    ]
    assert content_types == [
        "text/plain; version=0.0.4; charset=utf-8",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    ]


FROM_AN_EDITOR = b"\xef\xbb\xbfa 1\r\nb 2"


def test_a_file_of_the_text_format_is_corrected_and_protobuf_is_not(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(FROM_AN_EDITOR)
    assert _push(str(tmp_path / "f")).body == b"a 1\nb 2\n"
    assert _push(str(tmp_path / "f"), "--format=protobuf").body == FROM_AN_EDITOR
