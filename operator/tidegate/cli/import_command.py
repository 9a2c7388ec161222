"""``tidegate import``: copy the groups of a running Pushgateway into a persistence file."""

from __future__ import annotations

from typing import Any

from tidegate import app, client_settings, flags, log_settings
from tidegate.cli import click_commands, click_flags

_HELP = """\
Copy the groups of a running Pushgateway into a persistence file.

The times of the last pushes are copied, too. Exit status 1 means that some groups could not be copied.
"""

_EXAMPLES = """\
  # Copy the groups, then start a gateway with the file
  tidegate import --from=http://pushgateway:9091 --persistence.file=/data/groups
"""


def command() -> click_commands.Command:
    """Build the command."""
    return click_commands.Command(
        "import",
        run=_run,
        help=_HELP,
        examples=_EXAMPLES,
        params=click_flags.declared(client_settings.ImportSettings, log_settings.LogSettings),
    )


def _run(**values: Any) -> int:
    return app.run_import(flags.filled(client_settings.ImportSettings, values))
