"""The input of ``tidegate push``: its flags, FILE and standard input become a push."""

from __future__ import annotations

import gzip
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from tidegate.client import push_client, text_repair
from tidegate.exposition.text import numbers
from tidegate.model import durations, grouping

_CONTENT_TYPES = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "protobuf": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
}
FORMATS = tuple(_CONTENT_TYPES)
_TEXT = FORMATS[0]


class UnusableError(ValueError):
    """The flags contradict each other, or there is nothing to push."""


class Arguments(NamedTuple):
    """The values of the flags that describe the push."""

    job: str
    label: tuple[tuple[str, str], ...]
    file: str | None
    metric: tuple[str, ...]
    format: str
    ttl: str | None
    gzip: bool
    verbose: bool
    replace: bool
    delete: bool

    @classmethod
    def of(cls, values: Mapping[str, Any]) -> Arguments:
        """Those among the values of all flags."""
        return cls(**{name: values[name] for name in cls._fields})


class NewPush(NamedTuple):
    """A push, and the corrections that were made in FILE for it."""

    push: push_client.Push
    corrections: tuple[str, ...] = ()


def new_push(arguments: Arguments) -> NewPush:
    """Make the push; reads standard input or FILE.

    :raises UnusableError: the flags contradict each other, or there is nothing to push.
    """
    _check(arguments)
    key = grouping.grouping_key({**dict(arguments.label), "job": arguments.job})
    if arguments.delete:
        return NewPush(push_client.Push("DELETE", key, {}, b""))
    body, corrected = _body(arguments)
    headers = {"Content-Type": _CONTENT_TYPES[arguments.format]}
    if arguments.ttl:
        headers["Tidegate-TTL"] = arguments.ttl
    if arguments.gzip:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body)
    return NewPush(push_client.Push("PUT" if arguments.replace else "POST", key, headers, body), corrected)


def source(file: str | None) -> str:
    """The name of FILE in messages."""
    return "standard input" if file in (None, "-") else str(file)


def _check(arguments: Arguments) -> None:
    if len(dict(arguments.label)) < len(arguments.label):
        raise UnusableError("--label sets the same label twice")
    if arguments.file is not None and (arguments.metric or arguments.delete):
        raise UnusableError(f"set either FILE or {'--delete' if arguments.delete else '--metric'}")
    if arguments.delete and arguments.replace:
        raise UnusableError("set either --replace or --delete")
    if arguments.delete and (arguments.metric or arguments.ttl or arguments.gzip or arguments.format != _TEXT):
        raise UnusableError("--delete pushes nothing: leave out --metric, --format, --gzip and --ttl")
    if arguments.metric and arguments.format != _TEXT:
        raise UnusableError("--metric is always text: leave out --format")


def _body(arguments: Arguments) -> text_repair.Corrected:
    if arguments.metric:
        return text_repair.Corrected("".join(arguments.metric).encode(), ())
    body = _read(arguments.file)
    return text_repair.corrected(body) if arguments.format == _TEXT else text_repair.Corrected(body, ())


def _read(file: str | None) -> bytes:
    if file is None and sys.stdin.isatty():
        raise UnusableError("nothing to push: set FILE or --metric, or write - to type the metrics here")
    try:
        body = sys.stdin.buffer.read() if file in (None, "-") else Path(file).read_bytes()
    except OSError as error:
        raise UnusableError(f"cannot read {file}: {error.strerror}") from error
    if not body.strip():
        # A pipe from a program that has failed looks like this; with --replace it would empty the group.
        raise UnusableError(f"{source(file)} is empty; to delete the group use --delete")
    return body


def job(text: str) -> str:
    """Check the value of the job label.

    :raises ValueError: it is empty, or cannot be sent.
    """
    if not text:
        raise ValueError("every group has a job: write --job=backup")
    return _utf8(text)


def label(text: str) -> tuple[str, str]:
    """Parse a label, ``instance=db1``, into name and value.

    :raises ValueError: the text is not a label that a group can have in addition to ``job``.
    """
    name, equals, value = _utf8(text).partition("=")
    if not equals or not name:
        raise ValueError(f"{text!r} is not a label: write instance=db1")
    if name == "job":
        raise ValueError("set the job label with --job")
    if "/" in name or name.endswith("@base64"):
        raise ValueError(f"{name!r} cannot be the name of a label in a grouping key")
    return name, value


def metric_line(text: str) -> str:
    """Make a line of the text format of ``rows=1024`` or ``bytes{kind="x"}=2``.

    :raises ValueError: the text is not a series and a number.
    """
    series, _, value = _utf8(text).rpartition("=")
    if not series.strip() or len(text.splitlines()) != 1:
        raise ValueError(f'{text!r} is not a series with a value: write rows=1024 or bytes{{kind="x"}}=2')
    try:
        numbers.parse_float(value.strip())
    except ValueError as error:
        raise ValueError(f"{text!r} has no number after its last =: {error}") from error
    return f"{series.strip()} {value.strip()}\n"


def ttl(text: str) -> str:
    """Check a duration greater than 0.

    :raises ValueError: the text is not one.
    """
    if not durations.parse(text):
        raise ValueError("a TTL must be greater than 0; to delete the group use --delete")
    return text


def _utf8(text: str) -> str:
    """The same text, if it can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise ValueError(f"{text!r} is not UTF-8") from error
    return text
