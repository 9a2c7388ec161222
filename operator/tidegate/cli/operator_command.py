"""``tidegate operator``: watch Jobs, and start draining their groups when they have finished."""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Mapping
from typing import Any

from tidegate import app, flags, log_settings, settings
from tidegate.cli import click_commands, click_flags
from tidegate.operator.objects import owner_kinds

_POD = ("namespace", "name", "uid")
"""The parts of ``PodSettings``; the manifests set the environment variables POD_NAMESPACE, POD_NAME and POD_UID."""

_HELP = """\
Watch Jobs and start draining their groups when they finish.

The operator manages one gateway: tidegate's own, through its control API, which requires a token, or a stock
Pushgateway. It runs until SIGTERM or SIGINT.
"""

_EXAMPLES = """\
  # Manage the gateway on this machine, with your kubeconfig or the service account of the Pod
  tidegate operator --control.token-file=token

  # Log what the operator would do, and change nothing
  tidegate operator --control.token-file=token --dry-run

  # Watch Jobs, CronJobs and bare Pods in one namespace
  tidegate operator --control.token-file=token --kubernetes.namespace=batch --watch=pods

  # Manage a stock Pushgateway
  tidegate operator --gateway.url=http://pushgateway:9091 --gateway.kind=pushgateway --gateway.grace-period=5m
"""


def command() -> click_commands.Command:
    """Build the command."""
    return click_commands.Command(
        "operator",
        run=_run,
        help=_HELP,
        examples=_EXAMPLES,
        params=click_flags.declared(settings.OperatorSettings, log_settings.LogSettings),
    )


def new_settings(values: Mapping[str, Any]) -> settings.OperatorSettings:
    """The settings of the operator.

    :param values: of the flags, by ``dest``.
    :raises settings.BadSettingsError: a kind is to be watched twice.
    """
    owner_kinds.watched_kinds(values["watch"])  # Before anything starts.
    pod = settings.PodSettings(**{part: os.environ.get(f"POD_{part.upper()}", "") for part in _POD})
    return dataclasses.replace(flags.filled(settings.OperatorSettings, values), pod=pod)


def _run(**values: Any) -> None:
    operator = new_settings(values)
    _check_gateway_flags(operator)
    if operator.gateway_kind is settings.GatewayKind.PUSHGATEWAY:
        rules = dataclasses.replace(operator.rules, drain_timeout=operator.pushgateway.grace_seconds)
        operator = dataclasses.replace(operator, rules=rules)
    app.run_operator(operator)


def _check_gateway_flags(operator: settings.OperatorSettings) -> None:
    """:raises settings.BadSettingsError: the flags about the gateway contradict each other."""
    defaults = settings.OperatorSettings()
    if operator.gateway_kind is settings.GatewayKind.TIDEGATE:
        if operator.pushgateway != defaults.pushgateway:
            raise settings.BadSettingsError(
                "--gateway.grace-period and --gateway.poll-interval need --gateway.kind=pushgateway; the gateway of "
                "tidegate drains a group until it has been scraped, for at most --drain.timeout"
            )
        return
    if operator.rules.drain_timeout != defaults.rules.drain_timeout:
        raise settings.BadSettingsError(
            "--drain.timeout has no effect with --gateway.kind=pushgateway, which does not know who has scraped: set "
            "--gateway.grace-period instead"
        )
    if operator.gateway_url == defaults.gateway_url:
        raise settings.BadSettingsError(
            "--gateway.kind=pushgateway needs --gateway.url, the URL of the Pushgateway, such as "
            "http://pushgateway:9091"
        )
