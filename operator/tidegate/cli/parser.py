"""The parser of the command line: most flags come from settings, and each error is one line."""

from __future__ import annotations

import argparse
import itertools
import re
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple, NoReturn

from tidegate import client_settings, flags, settings
from tidegate.cli import values

_GROUPS = {
    settings.WebSettings: "gateway: push, scrape and query",
    settings.GatewaySettings: "gateway: push, scrape and query",
    settings.PushSettings: "gateway: rules",
    settings.PersistenceSettings: "gateway: rules",
    settings.LimitSettings: "gateway: limits (none can be 0; a size is written 16MiB, 64KiB or 1000)",
    settings.TokenSettings: "between gateway and operator",
    settings.StockSettings: "operator: the gateway that it follows",
    settings.OperatorSettings: "operator: the gateway that it follows",
    settings.KubernetesSettings: "operator",
    settings.WorkerSettings: "operator: rules",
    settings.RuleSettings: "operator: rules",
    settings.LogSettings: "logging",
    client_settings.InquirySettings: "where to ask",
    client_settings.DeliverySettings: "to where, and how often it is tried",
    client_settings.ImportSettings: "import",
}
"""The headings in the help, by the settings whose flags stand there."""


_PASSWORD = re.compile(r"//[^/]*@")


class Help(NamedTuple):
    """What the help says of a flag; the default is empty where there is none."""

    text: str
    default: str

    def __str__(self) -> str:
        return f"{self.text} (default: {self.default})" if self.default else self.text


class Parser(argparse.ArgumentParser):
    """Takes no abbreviated flags, takes ``=true`` and ``=false`` after a switch, and says errors in one line.

    :ivar told: what the help says of each flag and argument, by its ``dest``.
    :ivar aliases: names that the help does not show, with the flag of each.
    """

    def __init__(self, **chosen: Any) -> None:
        super().__init__(allow_abbrev=False, formatter_class=argparse.RawDescriptionHelpFormatter, **chosen)
        self.told: dict[str, Help] = {}
        self._switches: set[str] = set()
        self.aliases: dict[str, str] = {}
        self._groups: dict[str, argparse._ArgumentGroup] = {}

    def group(self, heading: str) -> argparse._ArgumentGroup:
        """The flags below this heading of the help."""
        if heading not in self._groups:
            self._groups[heading] = self.add_argument_group(heading)
        return self._groups[heading]

    def add_flag(
        self, name: str, help: str, *, default_help: str = "", group: argparse._ArgumentGroup | None = None, **how: Any
    ) -> None:
        """Add a flag, or an argument if the name has no hyphens.

        :param help: without the default.
        :param default_help: the default in words; without it a text that is the default is shown.
        :param how: as ``argparse`` has it.
        """
        default = how.get("default")
        shown = default_help or (default if isinstance(default, str) and default != argparse.SUPPRESS else "")
        self.told[flags.dest(name)] = told = Help(help, shown)
        if name.startswith("-"):
            how["dest"] = flags.dest(name)
        if how.get("action") is argparse.BooleanOptionalAction:
            self._switches.add(name)
        (group or self).add_argument(name, help=str(told).replace("%", "%%"), **how)

    def add_switch(
        self, name: str, help: str, *, default: Any = False, group: argparse._ArgumentGroup | None = None
    ) -> None:
        """Add a flag without a value; ``--no-`` before its name switches it off, as in Pushgateway."""
        self.add_flag(name, help, group=group, action=argparse.BooleanOptionalAction, default=default)

    def add_settings(self, filled: type, *, but_for: str | None = None, defaults: bool = True) -> None:
        """Add the flags that fill these settings.

        :param but_for: leave out the flags whose names begin so.
        :param defaults: without them a flag that is not given leaves the value of a parser above.
        """
        for flag, part in flags.of(filled):
            if flag.dest not in self.told and not (but_for and flag.name.startswith(but_for)):
                self._add_declared(flag, self.group(_GROUPS[part]), defaults=defaults)

    def _add_declared(self, flag: flags.Flag, group: argparse._ArgumentGroup, *, defaults: bool) -> None:
        self.aliases.update(dict.fromkeys(flag.aliases, flag.name))
        if flag.kind is flags.Kind.SWITCH:
            self.add_switch(flag.name, flag.help, default=flag.default, group=group)
            return
        form, default = values.FORMS[flag.kind], spelled(flag, flag.default)
        how: dict[str, Any] = {"type": form.parse, "metavar": form.metavar, "group": group}
        # Where it is text argparse parses it as if it were given.
        how["default"] = default if flag.default is not None else None
        if flag.choices:
            how |= {"choices": tuple(flag.choices), "metavar": None}
        if flag.required:
            how["required"] = True
        if flag.several:
            how |= {"action": _Several, "default": flag.default}
        if not defaults:
            how["default"] = argparse.SUPPRESS
        self.add_flag(flag.name, flag.help, default_help=flag.default_help or default, **how)

    def parse_known_args(  # type: ignore[override]
        self, args: Sequence[str] | None = None, namespace: Any = None
    ) -> tuple[Any, list[str]]:
        """Parse all arguments. The parser of a command reports what it does not know, since it knows what is near."""
        given = list(self._plain(sys.argv[1:] if args is None else args))
        if self._subparsers is None:
            # First: else a wrong name of a required flag would be told as a missing one.
            self._expect_known_flags(given)
        found, unknown = super().parse_known_args(given, namespace)
        if unknown:
            self.error(self._unknown(unknown[0]))
        return found, []

    def _expect_known_flags(self, given: Sequence[str]) -> None:
        for argument in itertools.takewhile(lambda argument: argument != "--", given):
            name = argument.partition("=")[0]
            # With a blank in its name it is no flag to argparse either, but the value of one.
            if name.startswith("--") and " " not in name and name not in self._option_string_actions:
                self.error(self._unknown(argument))

    def error(self, message: str) -> NoReturn:
        """Exit with one line, which a list of all flags would push out of sight."""
        self.exit(2, f"{self.prog}: error: {message}; see {self.prog} --help\n")

    def _plain(self, arguments: Sequence[str]) -> Iterator[str]:
        """The arguments with each flag by its own name, and switches without values."""
        for number, argument in enumerate(arguments):
            if argument == "--":
                yield from arguments[number:]
                return
            name, equals, value = argument.partition("=")
            name = self.aliases.get(name, name)
            positive = "--" + name.removeprefix("--no-").removeprefix("--")
            if equals and name.startswith("--") and positive in self._switches:
                yield self._switched(name, positive, value)
            else:
                yield f"{name}{equals}{value}"

    def _switched(self, name: str, positive: str, value: str) -> str:
        """The switch without a value that means the same."""
        try:
            is_on = values.switch(value) is (name == positive)
        except argparse.ArgumentTypeError as error:
            self.error(f"argument {name}: {error}")
        return positive if is_on else f"--no-{positive[2:]}"

    def _unknown(self, argument: str) -> str:
        # SECURITY: without its value, which may be a password.
        name = argument.partition("=")[0]
        if not name.startswith("-"):
            return f"unexpected argument {name!r}"
        import difflib  # Only here: it takes as long as all flags.

        known = [option for option in self._option_string_actions if option.startswith("--")]
        near = difflib.get_close_matches(name, known, n=1)
        return f"unknown flag {name}" + (f" (did you mean {near[0]}?)" if near else "")


def spelled(flag: flags.Flag, value: Any) -> str:
    """A value of this flag as it is written on the command line; several are joined by commas."""
    if value is None:
        return ""
    if flag.choices:
        return next(word for word, meant in flag.choices.items() if value in (word, meant))
    spell = values.FORMS[flag.kind].spell
    return ",".join(map(spell, value)) if flag.several else spell(value)


def shown(filled: Mapping[str, Any], *parts: type) -> dict[str, str]:
    """The flags of these settings by name, without hyphens before it, with their values as the status API shows them.

    :param filled: the values by ``dest``.
    """
    declared = [flag for part in parts for flag, _ in flags.of(part) if flag.dest in filled]
    # SECURITY: an external URL may come with a password, and everybody sees the status.
    return {flag.name.lstrip("-"): _PASSWORD.sub("//", spelled(flag, filled[flag.dest])) for flag in declared}


class _Several(argparse.Action):
    """A flag that can be repeated; the given values replace the default."""

    def __call__(
        self,
        parser: argparse.ArgumentParser,  # noqa: ARG002 - argparse.Action
        namespace: argparse.Namespace,
        values: Any,
        option_string: str | None = None,  # noqa: ARG002 - argparse.Action
    ) -> None:
        known = getattr(namespace, self.dest)
        setattr(namespace, self.dest, (values,) if known is self.default else (*known, values))
