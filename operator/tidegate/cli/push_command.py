"""``tidegate push``: push metrics from a shell script to a gateway."""

from __future__ import annotations

from typing import Any

import click

from tidegate import app, client_settings, flags
from tidegate.cli import click_commands, click_flags, push_input, terminal
from tidegate.client import push_client, transports

ACKNOWLEDGED, REJECTED, UNUSABLE, UNACKNOWLEDGED = range(4)
"""The exit statuses."""

_METRICS, _GROUP = "Metrics", "Group"

_HELP = """\
Push metrics to a running gateway or Pushgateway.

A push that fails is tried again until --retry-for has passed. Pushing the same twice has the same effect as once.
"""

_EXAMPLES = """\
  # Push a file in the text format
  tidegate push --job=backup metrics.prom

  # Push values without a file, to the group job="backup", instance="db1"
  tidegate push --job=backup --label=instance=db1 --metric=backup_rows=1024 --metric='backup_bytes{kind="wal"}=7e6'

  # Replace the whole group with the output of a program
  backup --print-metrics | tidegate push --job=backup --replace --gateway.url=https://push.example/prefix -

  # Push to a group without an owner; it expires 36 hours after the last push
  tidegate push --job=nightly --ttl=36h --metric=nightly_last_success_timestamp_seconds=1.7e9

  # Delete the group now
  tidegate push --job=backup --label=instance=db1 --delete
"""

STATUS_TEXT = """\
  0  The gateway acknowledged the push. Nothing is written to standard output.
  1  The gateway rejected the push, or its certificate is not trusted; another try would not help.
  2  Invalid flags, or nothing to push.
  3  Not acknowledged before --retry-for had passed: no connection, no response, or 408, 429, 502, 503, 504 or 507.
"""

_ENVIRONMENT_TEXT = f"""\
  {client_settings.URL_VARIABLE}  URL of the gateway without --gateway.url. Set it from a Secret to pass a password.
"""


def command() -> click_commands.Command:
    """Build the command."""
    delivery = click_flags.declared(client_settings.DeliverySettings)
    for flag in delivery:
        if flag.name == "gateway_url":
            flag.envvar = client_settings.URL_VARIABLE
    return click_commands.Command(
        "push",
        run=_run,
        help=_HELP,
        examples=_EXAMPLES,
        params=[*_metric_params(), *_group_params(), *delivery],
        notes={"Exit status": STATUS_TEXT, "Environment": _ENVIRONMENT_TEXT},
    )


def _metric_params() -> list[click.Parameter]:
    return [
        click.Argument(
            ["file"],
            required=False,
            type=click_flags.Value(click_flags.FILE, str),
            help="File with the metrics. If it is - or left out, they are read from standard input.",
        ),
        click_flags.Flag(
            "--metric",
            'Metric to push instead of FILE: rows=1024, bytes{kind="x"}=2. Can be repeated.',
            heading=_METRICS,
            multiple=True,
            type=click_flags.Value("SERIES=VALUE", push_input.metric_line),
        ),
        click_flags.choice("--format", "Format of FILE.", push_input.FORMATS, heading=_METRICS),
        click_flags.switch("--gzip", "Compress the request body.", heading=_METRICS),
        click_flags.switch("--verbose", "Write the corrections of FILE to standard error.", heading=_METRICS),
    ]


def _group_params() -> list[click.Parameter]:
    return [
        click_flags.Flag(
            "--job",
            "Job label of the group.",
            heading=_GROUP,
            required=True,
            type=click_flags.Value("NAME", push_input.job),
        ),
        click_flags.Flag(
            "--label",
            "Another label of the group. Can be repeated.",
            heading=_GROUP,
            multiple=True,
            type=click_flags.Value("NAME=VALUE", push_input.label),
        ),
        click_flags.switch(
            "--replace",
            "Replace the whole group (PUT). Without it only metrics of the same names are replaced (POST).",
            heading=_GROUP,
        ),
        click_flags.switch("--delete", "Delete the group (DELETE) and push nothing.", heading=_GROUP),
        click_flags.Flag(
            "--ttl",
            "Time after which the group expires without another push: 36h, 7d.",
            heading=_GROUP,
            type=click_flags.Value("DURATION", push_input.ttl),
        ),
    ]


def _run(**values: Any) -> int:
    arguments = push_input.Arguments.of(values)
    try:
        with app.exit_on_signals():
            made = push_input.new_push(arguments)
            if arguments.verbose:
                for correction in made.corrections:
                    _say(f"{push_input.source(arguments.file)}: {correction}")
            app.run_push(flags.filled(client_settings.DeliverySettings, values), made.push, report=_say)
    except push_input.UnusableError as error:
        _say(str(error))
        return UNUSABLE
    except push_client.UnacknowledgedError as error:
        _say(str(error))
        return UNACKNOWLEDGED
    except transports.RequestError as error:
        _say(str(error))
        return REJECTED
    return ACKNOWLEDGED


def _say(text: str) -> None:
    terminal.warn(f"tidegate push: {text}")
