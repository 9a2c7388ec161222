"""What ``tidegate push`` makes of its flags, and what it says of those that make no sense."""

from __future__ import annotations

from pathlib import Path

import pytest

from tidegate import client_settings
from tidegate.cli import commands, pushcommands, pushflags
from tidegate.client import push_client
from tidegate.model import grouping


def _push(*arguments: str) -> push_client.Push:
    return pushflags.push(commands.build_parser().parse_args(["push", "--job=x", *arguments])).push


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param([], "the following arguments are required: --job", id="no-job"),
        pytest.param(["--job="], "every group has a job", id="a-job-without-a-name"),
        pytest.param(["--job=x", "--label=a"], "'a' is no label: write instance=db1", id="no-label"),
        pytest.param(["--job=x", "--label==a"], "'=a' is no label", id="a-label-without-a-name"),
        pytest.param(["--job=x", "--label=job=y"], "the job label is given as --job", id="two-jobs"),
        pytest.param(["--job=x", "--label=a/b=y"], "'a/b' cannot be the name of a label", id="a-slash-in-a-name"),
        pytest.param(["--job=x", "--label=a\udc80=y"], "is not UTF-8", id="no-utf8"),
        pytest.param(["--job=x", "--metric=a"], "'a' is no series with a value", id="no-value"),
        pytest.param(["--job=x", "--metric=a=b"], "'a=b' has no number behind its last =", id="no-number"),
        pytest.param(["--job=x", "--metric=a 1\nb=1"], "is no series with a value", id="two-lines"),
        pytest.param(["--job=x", "--ttl=1.5h"], "'1.5h' is no duration such as 90s, 10m or 1d12h", id="no-ttl"),
        pytest.param(["--job=x", "--ttl=0s"], "a group that lives for 0s is none", id="no-life"),
        pytest.param(["--job=x", "--timeout=0s"], "'0s' leaves no time", id="no-time"),
        pytest.param(["--job=x", "--retry-for=5"], "'5' is not a duration: write 90s", id="no-unit"),
        pytest.param(["--job=x", "--gateway.url=ftp://u:secret@h"], "not a URL such as http://", id="no-url"),
    ],
)
def test_flags_that_make_no_sense_are_refused_in_words(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        commands.main(["push", *arguments])
    assert ended.value.code == pushcommands.MEANINGLESS
    told = capsys.readouterr()
    assert told.out == ""
    assert said in told.err
    assert "secret" not in told.err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["--label=a=1", "--label=a=2"], "--label gives one name twice", id="a-name-twice"),
        pytest.param(["f", "--metric=a=1"], "give either FILE or --metric", id="two-bodies"),
        pytest.param(["f", "--delete"], "give either FILE or --delete, which pushes nothing", id="a-file-to-delete"),
        pytest.param(["--replace", "--delete"], "give either --replace or --delete", id="two-methods"),
        pytest.param(["--delete", "--ttl=1h"], "--delete pushes nothing: leave --metric", id="a-life-to-delete"),
        pytest.param(["--delete", "--format=protobuf"], "--delete pushes nothing", id="a-format-to-delete"),
        pytest.param(["--metric=a=1", "--format=protobuf"], "--metric is text", id="values-in-protobuf"),
        pytest.param(["/is/not/there"], "/is/not/there cannot be read: No such file or directory", id="no-file"),
        pytest.param(["/"], "/ cannot be read: Is a directory", id="a-folder"),
        pytest.param(["/dev/null"], "there is nothing in /dev/null", id="an-empty-file"),
    ],
)
def test_flags_that_do_not_go_together_are_refused_in_words(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert commands.main(["push", "--job=x", *arguments]) == pushcommands.MEANINGLESS
    told = capsys.readouterr()
    assert told.out == ""
    assert told.err.startswith(f"tidegate push: {said}")


def test_an_environment_that_names_no_place_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv(client_settings.URL_VARIABLE, "ftp://job:secret@push")
    assert commands.main(["push", "--job=x", "--delete"]) == pushcommands.MEANINGLESS
    told = capsys.readouterr().err
    assert told.startswith("tidegate push: $TIDEGATE_URL is not a URL such as http://127.0.0.1:9091")
    assert "secret" not in told


@pytest.mark.parametrize(
    ("given", "variable", "url"),
    [
        ([], None, "http://127.0.0.1:9091"),
        ([], "", "http://127.0.0.1:9091"),
        ([], "http://a", "http://a"),
        (["--gateway.url=http://b"], "http://a", "http://b"),
    ],
    ids=["neither", "empty", "environment", "both"],
)
def test_the_flag_says_where_then_the_environment(
    given: list[str], variable: str | None, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(client_settings.URL_VARIABLE, raising=False)
    if variable is not None:
        monkeypatch.setenv(client_settings.URL_VARIABLE, variable)
    chosen = commands.build_parser().parse_args(["push", "--job=x", *given])
    assert pushflags.delivery(chosen) == client_settings.DeliverySettings(gateway_url=url)


def test_the_methods_are_those_of_pushgateway() -> None:
    assert [_push("--metric=a=1", *method).method for method in ([], ["--replace"])] == ["POST", "PUT"]
    assert _push("--delete") == push_client.Push("DELETE", grouping.grouping_key({"job": "x"}), {}, b"")


def test_the_format_is_told(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"a 1\n")
    said = [_push(str(tmp_path / "f"), f"--format={name}").headers["Content-Type"] for name in ("text", "protobuf")]
    assert said == [
        "text/plain; version=0.0.4; charset=utf-8",
        "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
    ]


FROM_AN_EDITOR = b"\xef\xbb\xbfa 1\r\nb 2"


def test_a_file_of_the_text_format_is_corrected_and_protobuf_is_not(tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(FROM_AN_EDITOR)
    assert _push(str(tmp_path / "f")).body == b"a 1\nb 2\n"
    assert _push(str(tmp_path / "f"), "--format=protobuf").body == FROM_AN_EDITOR
