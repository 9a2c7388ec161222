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

REFUSED_TO_START = "refused to start"
"""What is observed of a process that says why it cannot start."""

_FLAG = re.compile(r"^  (?:-\w, )?--(?:\[no-\])?([a-z][\w.-]*)", re.MULTILINE)


class Effect(NamedTuple, Generic[Stage]):
    """A value of a flag other than its default, and what it changes.

    :param given: the argument; what stands in braces in it is filled in, ``{folder}`` by the test's folder.
    :param observe: looks at what runs.
    :param unseen: what it sees without the flag, and ``seen`` with it.
    :param beside: arguments that are given both times.
    """

    given: str
    observe: Callable[[Stage], Awaitable[object]]
    unseen: object
    seen: object
    beside: Sequence[str] = ()


class Handed(NamedTuple):
    """What the command line hands to the runtime: the settings of each part that the command runs."""

    gateway: settings.GatewaySettings | None
    operator: settings.OperatorSettings | None


def handed(command: str, *arguments: str) -> Handed:
    """The settings that these arguments make; nothing runs."""
    gateway, operator, both = mock.Mock(), mock.Mock(), mock.Mock()
    patched = mock.patch.multiple(app, run_gateway=gateway, run_operator=operator, run_both=both)
    with patched, mock.patch.object(telemetry, "configure_logging"):
        assert root.main([command, *arguments]) == 0
    match command:
        case "gateway":
            return Handed(gateway.call_args.args[0], None)
        case "operator":
            return Handed(None, operator.call_args.args[0])
        case _:
            return Handed(*both.call_args.args[:2])


def flags(command: str) -> set[str]:
    """The flags of a command, as its help names them, without ``--help`` itself."""
    help = io.StringIO()
    with contextlib.redirect_stdout(help):
        root.main([*command.split(), "--help"])
    return {f"--{name}" for name in _FLAG.findall(help.getvalue())} - {"--help"}
