"""``tidegate gateway``: serve pushes and scrapes."""

from __future__ import annotations

from typing import Any

from tidegate import app, flags, log_settings, settings
from tidegate.cli import click_commands, click_flags, flag_values

_SETTINGS = (settings.GatewaySettings, log_settings.LogSettings)

_HELP = """\
Serve pushes and scrapes.

The gateway accepts the flags of Pushgateway, with the same meaning. It runs until SIGTERM or SIGINT.
"""

_EXAMPLES = """\
  # Keep the groups when the process restarts
  tidegate gateway --persistence.file=/data/groups

  # Listen on a port and on a Unix socket
  tidegate gateway --web.listen-address=:9091 --web.listen-address=unix:/run/tidegate.sock

  # Use TLS and passwords, behind a proxy that adds a path prefix
  tidegate gateway --web.config.file=web.yml --web.external-url=https://push.example/prefix

  # Open the control API for an operator with the same token file
  tidegate gateway --control.token-file=token
"""


def command() -> click_commands.Command:
    """Build the command."""
    return click_commands.Command(
        "gateway", run=_run, help=_HELP, examples=_EXAMPLES, params=click_flags.declared(*_SETTINGS)
    )


def _run(**values: Any) -> None:
    shown = flag_values.shown(values, *_SETTINGS)
    app.run_gateway(flags.filled(settings.GatewaySettings, values), flags=shown)
