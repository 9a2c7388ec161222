"""The effects of flags: how the tables state them, and the settings that a command line makes."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Awaitable, Callable, Sequence
from typing import Generic, NamedTuple, TypeVar
from unittest import mock

from tidegate import app, settings, telemetry
from tidegate.cli import root

Stage = TypeVar("Stage")

FAILED_TO_START = "failed to start"
"""The observation of a process that reports why it cannot start."""

_FLAG = re.compile(r"^  (?:-\w, )?--(?:\[no-\])?([a-z][\w.-]*)", re.MULTILINE)


class Effect(NamedTuple, Generic[Stage]):
    """A value of a flag other than its default, and its effect.

    :param given: the argument; placeholders in it are replaced, ``{folder}`` by the folder of the test.
    :param observe: observes the running process.
    :param unseen: the observation without the flag; ``seen`` is that with it.
    :param beside: arguments that are used both times.
    """

    given: str
    observe: Callable[[Stage], Awaitable[object]]
    unseen: object
    seen: object
    beside: Sequence[str] = ()


class PassedSettings(NamedTuple):
    """The settings that the command line passes to the app, for each part that the command runs."""

    gateway: settings.GatewaySettings | None
    operator: settings.OperatorSettings | None


def settings_of(command: str, *arguments: str) -> PassedSettings:
    """The settings that these arguments make, without running anything."""
    gateway, operator, both = mock.Mock(), mock.Mock(), mock.Mock()
    patched = mock.patch.multiple(app, run_gateway=gateway, run_operator=operator, run_both=both)
    with patched, mock.patch.object(telemetry, "configure_logging"):
        assert root.main([command, *arguments]) == 0
    match command:
        case "gateway":
            return PassedSettings(gateway.call_args.args[0], None)
        case "operator":
            return PassedSettings(None, operator.call_args.args[0])
        case _:
            return PassedSettings(*both.call_args.args[:2])


def flags(command: str) -> set[str]:
    """The flags in the help of a command, without ``--help``."""
    help = io.StringIO()
    with contextlib.redirect_stdout(help):
        root.main([*command.split(), "--help"])
    return {f"--{name}" for name in _FLAG.findall(help.getvalue())} - {"--help"}
