"""Flags, each declared at the field of the settings that it fills.

The command line, the completions, the status API and docs/flags.md are made from these declarations.
"""

from __future__ import annotations

import dataclasses
import enum
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeVar

_Value = TypeVar("_Value")
_KEY = "flag"


class Kind(enum.Enum):
    """The kind of value that a flag takes; :mod:`tidegate.cli.flag_values` parses and spells each kind."""

    TEXT = enum.auto()
    SWITCH = enum.auto()
    CHOICE = enum.auto()
    FILE = enum.auto()
    SIZE = enum.auto()
    COUNT = enum.auto()
    DURATION = enum.auto()
    POSITIVE_DURATION = enum.auto()
    ADDRESS = enum.auto()
    WEB_ADDRESS = enum.auto()
    PATH = enum.auto()
    PREFIX = enum.auto()
    PAGE_URL = enum.auto()
    BASE_URL = enum.auto()
    OWNERSHIP = enum.auto()
    WATCH = enum.auto()


class Flag(NamedTuple):
    """The declaration of one flag.

    :param name: with its hyphens: ``--web.listen-address``.
    :param help: without the default.
    :param choices: the words that the flag accepts, and the value of the setting for each.
    :param aliases: other names that are accepted and not shown.
    :param several: whether the flag can be repeated; the values replace the default.
    :param default_help: a description of the default, if it is not a fixed value.
    """

    kind: Kind
    name: str
    default: Any
    help: str
    choices: Mapping[str, Any] = {}
    aliases: tuple[str, ...] = ()
    several: bool = False
    required: bool = False
    default_help: str = ""

    @property
    def dest(self) -> str:
        """The key of the value among the values of all flags."""
        return dest(self.name)


def dest(name: str) -> str:
    """The key of the value of the flag of this name: ``web_listen_address`` of ``--web.listen-address``."""
    return name.lstrip("-").replace(".", "_").replace("-", "_")


class Declaration(NamedTuple):
    """A flag and the settings class that it belongs to."""

    flag: Flag
    settings: type


def flag(
    kind: Kind,
    name: str,
    default: _Value,
    help: str,
    *,
    choices: Mapping[str, _Value] | None = None,
    aliases: tuple[str, ...] = (),
    several: bool = False,
    default_help: str = "",
    repr: bool = True,
) -> _Value:
    """A field of a settings dataclass, and the flag that fills it.

    :param repr: whether ``repr()`` of the settings shows the value, which may hold a password.
    """
    made = Flag(kind, name, default, help, choices or {}, aliases, several, default_help=default_help)
    return dataclasses.field(default=default, repr=repr, metadata={_KEY: made})


def required(kind: Kind, name: str, help: str, *, repr: bool = True) -> Any:
    """A field without a default: the flag is required."""
    return dataclasses.field(repr=repr, metadata={_KEY: Flag(kind, name, None, help, required=True)})


def switch(name: str, help: str) -> bool:
    """A flag without a value, off by default."""
    return flag(Kind.SWITCH, name, default=False, help=help)


def choice(
    name: str, default: _Value, help: str, *, choices: Mapping[str, _Value], aliases: tuple[str, ...] = ()
) -> _Value:
    """A flag that takes one of a few words."""
    return flag(Kind.CHOICE, name, default, help, choices=choices, aliases=aliases)


def text(name: str, help: str, *, default_help: str = "") -> str:
    """A flag that takes any text, none by default."""
    return flag(Kind.TEXT, name, "", help, default_help=default_help)


def file(name: str, help: str, *, default_help: str = "") -> str:
    """A flag that takes the path of a file, none by default."""
    return flag(Kind.FILE, name, "", help, default_help=default_help)


def size(name: str, default: int, help: str) -> int:
    """A flag that takes a number of bytes above 0."""
    return flag(Kind.SIZE, name, default, help)


def count(name: str, default: int, help: str) -> int:
    """A flag that takes a number above 0."""
    return flag(Kind.COUNT, name, default, help)


def duration(name: str, default: float, help: str) -> float:
    """A flag that takes a duration; the setting is in seconds."""
    return flag(Kind.DURATION, name, default, help)


def positive_duration(name: str, default: float, help: str, *, aliases: tuple[str, ...] = ()) -> float:
    """A flag that takes a duration above 0; the setting is in seconds."""
    return flag(Kind.POSITIVE_DURATION, name, default, help, aliases=aliases)


def of(settings: type) -> Iterator[Declaration]:
    """The flags of a settings dataclass, and of the dataclasses that it consists of."""
    for field in dataclasses.fields(settings):
        if part := _part(field):
            yield from of(part)
        elif found := field.metadata.get(_KEY):
            yield Declaration(found, settings)


def filled(settings: type[_Value], arguments: Mapping[str, Any]) -> _Value:
    """The settings that these values of flags make.

    :param arguments: by the flag's ``dest``. A field whose flag is not among them keeps its default.
    """
    values: dict[str, Any] = {}
    for field in dataclasses.fields(settings):  # type: ignore[arg-type]
        if part := _part(field):
            values[field.name] = filled(part, arguments)
        elif (found := field.metadata.get(_KEY)) and found.dest in arguments:
            value = arguments[found.dest]
            values[field.name] = found.choices[value] if found.choices else value
    return settings(**values)


def _part(field: dataclasses.Field[Any]) -> type | None:
    """The settings dataclass that this field consists of."""
    factory: object = field.default_factory
    return factory if isinstance(factory, type) and dataclasses.is_dataclass(factory) else None
