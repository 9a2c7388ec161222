"""Flags as click options: they are made from the declarations at the fields of the settings."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import click
from click.core import ParameterSource

from tidegate import client_settings, flags, log_settings, settings
from tidegate.cli import flag_values

GENERAL = "General"
FILE = flag_values.VALUE_FORMATS[flags.Kind.FILE].metavar
"""The placeholder of a file, which shells complete."""

_HEADINGS = {
    settings.WebSettings: "Gateway",
    settings.GatewaySettings: "Gateway",
    settings.PushSettings: "Gateway pushes and persistence",
    settings.PersistenceSettings: "Gateway pushes and persistence",
    settings.DrainSettings: "Gateway draining",
    settings.LimitSettings: "Gateway limits (greater than 0; sizes such as 16MiB, 64KiB or 1000)",
    settings.TokenSettings: "Control API token",
    settings.OperatorSettings: "Operator",
    settings.PushgatewaySettings: "Operator",
    settings.KubernetesSettings: "Kubernetes",
    settings.WorkerSettings: "Cleanup",
    settings.RuleSettings: "Cleanup",
    log_settings.LogSettings: GENERAL,
    client_settings.ConnectionSettings: "Connection",
    client_settings.DeliverySettings: "Connection",
    client_settings.ImportSettings: "Import",
}
"""The heading in the help of the flags that fill these settings."""


class Value(click.ParamType[Any]):
    """A value that ``parse`` makes of the text; its ``ValueError`` becomes the usage error."""

    def __init__(self, metavar: str, parse: Callable[[str], Any]) -> None:
        self.name = metavar
        self._parse = parse

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Parse the text of an argument; a default that is not text is already a value."""
        if not isinstance(value, str):
            return value
        try:
            return self._parse(value)
        except ValueError as error:
            self.fail(str(error), param, ctx)


class Flag(click.Option):
    """A flag of the command line.

    :param name: with its hyphens: ``--web.listen-address``; ``--gzip/--no-gzip`` for a switch.
    :param heading: under which the help lists it.
    :param default_help: the default as the help shows it.
    :param aliases: other names, which neither the help nor the completions show.
    """

    def __init__(
        self,
        name: str,
        help: str,
        *,
        heading: str = GENERAL,
        default_help: str = "",
        aliases: tuple[str, ...] = (),
        **attributes: Any,
    ) -> None:
        super().__init__([name, *aliases, flags.dest(name.partition("/")[0])], help=help, **attributes)
        self.heading = heading
        self.default_help = default_help

    @property
    def names(self) -> list[str]:
        """The names that the help shows: its own, and that which switches it off."""
        return [self.opts[0], *self.secondary_opts]

    def get_help_record(self, ctx: click.Context) -> tuple[str, str]:
        """The flag and its text, as a row of the help; a switch is ``--[no-]gzip``, as in the help of Pushgateway."""
        name = self.opts[0]
        if self.secondary_opts:
            name = f"--[no-]{name.removeprefix('--')}"
        return name if self.is_flag else f"{name} {self.make_metavar(ctx)}", self.text

    @property
    def text(self) -> str:
        """The help of the flag with its default."""
        note = " (required)" if self.required else f" (default: {self.default_help})" if self.default_help else ""
        return f"{self.help}{note}"

    def get_error_hint(self, ctx: click.Context | None) -> str:
        """The name of the flag, or of the environment variable that the value comes from."""
        if ctx is not None and ctx.get_parameter_source(self.name) is ParameterSource.ENVIRONMENT:
            return f"${self.envvar}"
        return self.opts[0]


def switch(name: str, help: str, *, heading: str = GENERAL, default: bool = False) -> Flag:
    """A flag without a value; ``--no-`` before its name switches it off, as in Pushgateway."""
    return Flag(f"{name}/--no-{name.removeprefix('--')}", help, heading=heading, default=default)


def choice(name: str, help: str, choices: tuple[str, ...], *, heading: str = GENERAL) -> Flag:
    """A flag that takes one of a few words; the first one is the default."""
    default = choices[0]
    return Flag(name, help, heading=heading, type=click.Choice(choices), default=default, default_help=default)


def declared(*parts: type, without: str | None = None) -> list[Flag]:
    """The flags that fill these settings, each once.

    :param without: leave out the flags whose names begin with this.
    """
    by_name = {flag.opts[0]: flag for part in parts for flag in _declared(part)}
    return [flag for name, flag in by_name.items() if without is None or not name.startswith(without)]


def _declared(part: type) -> Iterator[Flag]:
    for flag, owner in flags.of(part):
        heading = _HEADINGS[owner]
        yield (
            switch(flag.name, flag.help, heading=heading)
            if flag.kind is flags.Kind.SWITCH
            else _with_value(flag, heading)
        )


def _with_value(flag: flags.Flag, heading: str) -> Flag:
    form, spelled = flag_values.VALUE_FORMATS[flag.kind], flag_values.spelled(flag, flag.default)
    attributes: dict[str, Any] = {"type": Value(form.metavar, form.parse)}
    if flag.choices:
        attributes = {"type": click.Choice(tuple(flag.choices))}
    if flag.default is not None:
        # Without one, click reports a required flag that is missing.
        attributes["default"] = spelled if flag.choices else flag.default
    if flag.required:
        attributes["required"] = True
    if flag.several:
        attributes["multiple"] = True
    return Flag(
        flag.name,
        flag.help,
        heading=heading,
        default_help=flag.default_help or spelled,
        aliases=flag.aliases,
        **attributes,
    )
