"""The flags of ``tidegate push``, and what is made of them."""

from __future__ import annotations

import argparse
import gzip
import os
import sys
from pathlib import Path

from tidegate import settings
from tidegate.cli import values
from tidegate.exposition import numbers
from tidegate.inquiries import pushes
from tidegate.model import durations, groups

URL_VARIABLE = "TIDEGATE_URL"

_CONTENT_TYPES = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "protobuf": "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited",
}

EPILOG = f"""\
examples:
  tidegate push --job=backup metrics.prom
                                what the file says, in the text format
  tidegate push --job=backup --label=instance=db1 --metric=backup_rows=1024 --metric='backup_bytes{{kind="wal"}}=7e6'
                                no file, but these values
  tidegate push --job=backup --replace --gateway.url=https://user:password@push.example/prefix -
                                what comes from standard input, in the place of all that the group has
  tidegate push --job=nightly --ttl=36h --metric=nightly_last_success_timestamp_seconds=1.7e9
                                for a group without a Job: deleted when nobody has pushed to it for so long
  tidegate push --job=backup --label=instance=db1 --delete
                                the group is deleted

exit status:
  0  acknowledged (on standard output there is nothing)
  1  refused: trying again would not help; what is wrong, and where, is on standard error
  2  flags that make no sense, or nothing to push
  3  not acknowledged before --retry-for was over: no connection, no answer, or 408, 429, 502, 503, 504 or 507

environment:
  {URL_VARIABLE}  where --gateway.url is not given; a password is best put there, out of a Secret
"""


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What is pushed, as which group, and to where."""
    body = parser.add_argument_group("what")
    body.add_argument(
        "file", nargs="?", metavar="FILE", help="the metrics; - or nothing: from standard input, if that is no terminal"
    )
    body.add_argument(
        "--metric",
        action="append",
        type=_metric,
        default=[],
        metavar="SERIES=VALUE",
        help='a value in the place of FILE: rows=1024, bytes{kind="x"}=2; may be given several times',
    )
    body.add_argument("--format", choices=_CONTENT_TYPES, default="text", help="of FILE (default: %(default)s)")
    body.add_argument("--gzip", action="store_true", help="send it packed")
    _add_group_flags(parser)
    _add_delivery_flags(parser)
    parser.set_defaults(log_level="error", log_format="logfmt")


def _add_group_flags(parser: argparse.ArgumentParser) -> None:
    group = parser.add_argument_group("the group")
    group.add_argument("--job", required=True, type=_job, metavar="NAME", help="its job label")
    group.add_argument(
        "--label",
        action="append",
        type=_label,
        default=[],
        metavar="NAME=VALUE",
        help="one more label of it; may be given several times",
    )
    methods = group.add_mutually_exclusive_group()
    methods.add_argument(
        "--replace", action="store_true", help="in the place of all it has (PUT); otherwise of the same names (POST)"
    )
    methods.add_argument("--delete", action="store_true", help="push nothing, and delete it (DELETE)")
    group.add_argument(
        "--ttl", type=_ttl, metavar="DURATION", help="how long it may live without a further push: 36h, 7d"
    )


def _add_delivery_flags(parser: argparse.ArgumentParser) -> None:
    known = settings.DeliverySettings()
    group = parser.add_argument_group("to where, and how often it is tried")
    group.add_argument(
        "--gateway.url",
        dest="gateway_url",
        type=values.place,
        metavar="URL",
        help="the gateway or Pushgateway, with user:password@ where it asks for one "
        f"(default: ${URL_VARIABLE}, or {known.gateway_url})",
    )
    group.add_argument(
        "--timeout",
        type=_timeout,
        default=known.try_seconds,
        metavar="DURATION",
        help=f"how long a try may take (default: {known.try_seconds:g}s)",
    )
    group.add_argument(
        "--retry-for",
        type=values.seconds,
        default=known.retry_seconds,
        metavar="DURATION",
        help="how long after the first try another one may begin, with growing pauses, or with those that the answer "
        f"asks for; 0s: one try (default: {known.retry_seconds:g}s)",
    )


def delivery(chosen: argparse.Namespace) -> settings.DeliverySettings:
    """Where to push.

    :raises settings.BadSettingsError: the environment names no place.
    """
    url = chosen.gateway_url or os.environ.get(URL_VARIABLE) or settings.DeliverySettings().gateway_url
    try:
        values.place(url)
    except argparse.ArgumentTypeError as error:
        raise settings.BadSettingsError(f"${URL_VARIABLE} is {error}") from error
    return settings.DeliverySettings(gateway_url=url, try_seconds=chosen.timeout, retry_seconds=chosen.retry_for)


def push(chosen: argparse.Namespace) -> pushes.Push:
    """What to push; what is on standard input is read.

    :raises settings.BadSettingsError: the flags do not go together, or there is nothing.
    """
    labels = dict(chosen.label)
    if len(labels) < len(chosen.label):
        raise settings.BadSettingsError("--label gives one name twice")
    if chosen.file is not None and (chosen.metric or chosen.delete):
        other = "--delete, which pushes nothing" if chosen.delete else "--metric"
        raise settings.BadSettingsError(f"give either FILE or {other}")
    if chosen.delete and (chosen.metric or chosen.ttl or chosen.gzip):
        raise settings.BadSettingsError("--delete pushes nothing: leave --metric, --ttl and --gzip out")
    if chosen.metric and chosen.format != "text":
        raise settings.BadSettingsError("--metric is text: leave --format out")
    key = groups.grouping_key({**labels, "job": chosen.job})
    if chosen.delete:
        return pushes.Push("DELETE", key, {}, b"")
    body = "".join(chosen.metric).encode() or _read(chosen.file)
    headers = {"Content-Type": _CONTENT_TYPES[chosen.format]}
    if chosen.ttl:
        headers["Tidegate-TTL"] = chosen.ttl
    if chosen.gzip:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body)
    return pushes.Push("PUT" if chosen.replace else "POST", key, headers, body)


def _read(file: str | None) -> bytes:
    if file is None and sys.stdin.isatty():
        raise settings.BadSettingsError("there is nothing to push: give FILE, --metric, or - for what you type here")
    try:
        body = sys.stdin.buffer.read() if file in (None, "-") else Path(file).read_bytes()
    except OSError as error:
        raise settings.BadSettingsError(f"{file} cannot be read: {error.strerror}") from error
    if not body.strip():
        # A pipe whose other end has failed looks like this; with --replace it would empty the group.
        where = "standard input" if file in (None, "-") else file
        raise settings.BadSettingsError(f"there is nothing in {where}; to take a group away there is --delete")
    return body


def _job(text: str) -> str:
    if not text:
        raise argparse.ArgumentTypeError("every group has a job: --job=backup")
    return _utf8(text)


def _label(text: str) -> tuple[str, str]:
    name, equals, value = _utf8(text).partition("=")
    if not equals or not name:
        raise argparse.ArgumentTypeError(f"{text!r} is no label: write instance=db1")
    if name == "job":
        raise argparse.ArgumentTypeError("the job label is given as --job")
    if "/" in name or name.endswith("@base64"):
        raise argparse.ArgumentTypeError(f"{name!r} cannot be the name of a label of a group")
    return name, value


def _metric(text: str) -> str:
    """A line of the text format."""
    series, _, value = _utf8(text).rpartition("=")
    if not series.strip() or len(text.splitlines()) != 1:
        raise argparse.ArgumentTypeError(f'{text!r} is no series with a value: write rows=1024 or bytes{{kind="x"}}=2')
    try:
        numbers.parse_float(value.strip())
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"{text!r} has no number behind its last =: {error}") from error
    return f"{series.strip()} {value.strip()}\n"


def _ttl(text: str) -> str:
    try:
        found = durations.parse(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    if not found:
        raise argparse.ArgumentTypeError("a group that lives for 0s is none: there is --delete")
    return text


def _timeout(text: str) -> float:
    if found := values.seconds(text):
        return found
    raise argparse.ArgumentTypeError("0 leaves no time for an answer: write 30s")


def _utf8(text: str) -> str:
    """The same text, if it can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from error
    return text
