"""``tidegate push``: from a shell script to a gateway."""

from __future__ import annotations

import argparse
import sys

from tidegate import app, settings
from tidegate.cli import pushflags, tables
from tidegate.client import push_client, transports

ACKNOWLEDGED, REFUSED, MEANINGLESS, UNACKNOWLEDGED = range(4)
"""The exit statuses."""


def run(chosen: argparse.Namespace) -> int:
    """Do what is asked; the exit status."""
    try:
        with app.ending_at_once():
            made = pushflags.push(chosen)
            if chosen.verbose:
                for correction in made.corrections:
                    _say(f"{pushflags.source(chosen.file)}: {correction}")
            app.run_push(pushflags.delivery(chosen), made.push, tell=_say)
    except settings.BadSettingsError as error:
        _say(str(error))
        return MEANINGLESS
    except push_client.UnacknowledgedError as error:
        _say(str(error))
        return UNACKNOWLEDGED
    except transports.InquiryError as error:
        _say(str(error))
        return REFUSED
    return ACKNOWLEDGED


def _say(text: str) -> None:
    print(f"tidegate push: {tables.plain(text)}", file=sys.stderr, flush=True)
