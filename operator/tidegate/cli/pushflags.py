"""The flags of ``tidegate push``, and what is made of them."""

from __future__ import annotations

import argparse
import dataclasses
import gzip
import os
import sys
from pathlib import Path
from typing import NamedTuple

from tidegate import client_settings, flags, settings
from tidegate.cli import parser as parsers
from tidegate.cli import values
from tidegate.client import push_client, text_repair
from tidegate.exposition.text import numbers
from tidegate.model import durations, grouping

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
  {client_settings.URL_VARIABLE}  where --gateway.url is not given; a password is best put there, out of a Secret
"""


def add_flags(parser: parsers.Parser) -> None:
    """What is pushed, as which group, and to where."""
    body = parser.group("what")
    parser.add_flag(
        "file",
        "The metrics. With - or without FILE they are read from standard input, if that is not a terminal.",
        group=body,
        nargs="?",
        metavar="FILE",
    )
    parser.add_flag(
        "--metric",
        'A value instead of FILE: rows=1024, bytes{kind="x"}=2. Can be repeated.',
        group=body,
        action="append",
        type=_metric,
        metavar="SERIES=VALUE",
    )
    parser.add_flag("--format", "Format of FILE.", group=body, choices=_CONTENT_TYPES, default="text")
    parser.add_switch("--gzip", "Compress the body.", group=body)
    parser.add_switch("--verbose", "Report on standard error what was corrected in FILE.", group=body)
    _add_group_flags(parser)
    parser.add_settings(client_settings.DeliverySettings)
    parser.set_defaults(gateway_url=None)


def _add_group_flags(parser: parsers.Parser) -> None:
    group = parser.group("the group")
    parser.add_flag("--job", "The job label of the group.", group=group, required=True, type=_job, metavar="NAME")
    parser.add_flag(
        "--label",
        "Another label of the group. Can be repeated.",
        group=group,
        action="append",
        type=_label,
        metavar="NAME=VALUE",
    )
    parser.add_switch(
        "--replace", "Replace the whole group (PUT), not only metrics of the same names (POST).", group=group
    )
    parser.add_switch("--delete", "Delete the group (DELETE) and push nothing.", group=group)
    parser.add_flag(
        "--ttl",
        "How long the group may live without another push: 36h, 7d.",
        group=group,
        type=_ttl,
        metavar="DURATION",
    )


def delivery(chosen: argparse.Namespace) -> client_settings.DeliverySettings:
    """Where to push.

    :raises settings.BadSettingsError: the environment names no place.
    """
    made = flags.filled(client_settings.DeliverySettings, vars(chosen))
    if chosen.gateway_url:
        return made
    url = os.environ.get(client_settings.URL_VARIABLE) or client_settings.DeliverySettings.gateway_url
    try:
        values.place(url)
    except argparse.ArgumentTypeError as error:
        raise settings.BadSettingsError(f"${client_settings.URL_VARIABLE} is {error}") from error
    return dataclasses.replace(made, gateway_url=url)


class Made(NamedTuple):
    """A push, and what was corrected in FILE for it."""

    push: push_client.Push
    corrections: tuple[str, ...] = ()


def push(chosen: argparse.Namespace) -> Made:
    """What to push; what is on standard input is read.

    :raises settings.BadSettingsError: the flags do not go together, or there is nothing.
    """
    labels = dict(chosen.label or ())
    if len(labels) < len(chosen.label or ()):
        raise settings.BadSettingsError("--label gives one name twice")
    if chosen.file is not None and (chosen.metric or chosen.delete):
        other = "--delete, which pushes nothing" if chosen.delete else "--metric"
        raise settings.BadSettingsError(f"give either FILE or {other}")
    if chosen.delete and chosen.replace:
        raise settings.BadSettingsError("give either --replace or --delete")
    if chosen.delete and (chosen.metric or chosen.ttl or chosen.gzip or chosen.format != "text"):
        raise settings.BadSettingsError("--delete pushes nothing: leave --metric, --format, --gzip and --ttl out")
    if chosen.metric and chosen.format != "text":
        raise settings.BadSettingsError("--metric is text: leave --format out")
    key = grouping.grouping_key({**labels, "job": chosen.job})
    if chosen.delete:
        return Made(push_client.Push("DELETE", key, {}, b""))
    body, found = _body(chosen)
    headers = {"Content-Type": _CONTENT_TYPES[chosen.format]}
    if chosen.ttl:
        headers["Tidegate-TTL"] = chosen.ttl
    if chosen.gzip:
        headers["Content-Encoding"] = "gzip"
        body = gzip.compress(body)
    return Made(push_client.Push("PUT" if chosen.replace else "POST", key, headers, body), found)


def source(file: str | None) -> str:
    """FILE, for messages."""
    return "standard input" if file in (None, "-") else str(file)


def _body(chosen: argparse.Namespace) -> text_repair.Corrected:
    if chosen.metric:
        return text_repair.Corrected("".join(chosen.metric).encode(), ())
    body = _read(chosen.file)
    return text_repair.corrected(body) if chosen.format == "text" else text_repair.Corrected(body, ())


def _read(file: str | None) -> bytes:
    if file is None and sys.stdin.isatty():
        raise settings.BadSettingsError("there is nothing to push: give FILE, --metric, or - for what you type here")
    try:
        body = sys.stdin.buffer.read() if file in (None, "-") else Path(file).read_bytes()
    except OSError as error:
        raise settings.BadSettingsError(f"{file} cannot be read: {error.strerror}") from error
    if not body.strip():
        # A pipe whose other end has failed looks like this; with --replace it would empty the group.
        raise settings.BadSettingsError(f"there is nothing in {source(file)}; to take a group away there is --delete")
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


def _utf8(text: str) -> str:
    """The same text, if it can be sent."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise argparse.ArgumentTypeError(f"{text!r} is not UTF-8") from error
    return text
