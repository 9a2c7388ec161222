"""``tidegate run``: the gateway and the operator in one process."""

from __future__ import annotations

import dataclasses
from typing import Any

from tidegate import app, flags, log_settings, settings
from tidegate.cli import click_commands, click_flags, flag_values, operator_command
from tidegate.system import addresses

_SETTINGS = (settings.GatewaySettings, settings.OperatorSettings, log_settings.LogSettings)

_GATEWAY_FLAGS = "--gateway."
"""The beginning of the flags that choose the gateway of an operator: here it is the one in the same process."""

_HELP = """\
Run the gateway and the operator in one process, for local development.

The operator uses the gateway in the same process. Both run until SIGTERM or SIGINT.
"""

_EXAMPLES = """\
  # Run both, with your kubeconfig
  tidegate run

  # Watch the Jobs of one namespace, drain for a minute at most, and log each step
  tidegate run --kubernetes.namespace=batch --drain.timeout=1m --log.level=debug
"""


def command() -> click_commands.Command:
    """Build the command."""
    return click_commands.Command(
        "run",
        run=_run,
        help=_HELP,
        examples=_EXAMPLES,
        params=click_flags.declared(*_SETTINGS, without=_GATEWAY_FLAGS),
    )


def _run(**values: Any) -> None:
    gateway = flags.filled(settings.GatewaySettings, values)
    url = f"http://{_local(gateway.control_address)}"
    operator = dataclasses.replace(operator_command.new_settings(values), gateway_url=url)
    app.run_both(gateway, operator, flags=flag_values.shown(values, *_SETTINGS))


def _local(address: str) -> str:
    """The address by which a client on this machine reaches a server that listens on ``address``."""
    host, port = addresses.parse(address)
    if host is None:
        return f"127.0.0.1:{port}"
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
