"""Templates of grouping keys over an object: ``job={{.metadata.labels.app}},shard=*``. No code: only places to look at.

A template is cut into labels, and each value into its parts, when it is read. What an object has is put in afterwards
and stays within the value that it was put into: it can make no other label, no other group and no open value.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tidegate.operator.policy import key_patterns, policy_subjects

LONGEST = 512
"""Characters of a template."""

_NAMED = r"""\.[A-Za-z0-9_-]+|\["[A-Za-z0-9._/-]+"\]|\['[A-Za-z0-9._/-]+'\]"""
PLACE = rf"\{{\{{ *\.metadata\.(?:name|namespace|uid|controller\.name|(?:labels|annotations)(?:{_NAMED})) *\}}\}}"
"""A place as a regular expression, for RE2 as well: the CRDs of policies contain it, too."""

PLACES = (
    ".metadata.name, .metadata.namespace, .metadata.uid, .metadata.controller.name, .metadata.labels.app, "
    '.metadata.labels["example.com/app"], and annotations likewise'
)
"""The places in words."""

_PIECES = re.compile(f"({PLACE})")
_PLACE = re.compile(
    r"""\{\{ *\.metadata\.(?P<field>controller\.name|[a-z]+)(?:\.(?P<word>[\w-]+)|\[.(?P<quoted>[^"']+).\])? *\}\}"""
)


class Field(enum.Enum):
    """What of an object a place is in; the value is the word after ``.metadata.``."""

    NAME = "name"
    NAMESPACE = "namespace"
    UID = "uid"
    CONTROLLER = "controller.name"
    """The name of its controller: of a CronJob's run the CronJob's."""
    LABELS = "labels"
    ANNOTATIONS = "annotations"


class Place(NamedTuple):
    """A place to look at; ``key`` is the label or the annotation."""

    field: Field
    key: str = ""


Part: TypeAlias = str | Place


class UnfilledError(ValueError):
    """An object lacks what a template asks for; ``str()`` says what."""


@dataclass(frozen=True, slots=True)
class Template:
    """A template of one group, read.

    :param labels: names in order, and of what each value is made; ``None`` for any value.
    """

    text: str
    labels: tuple[tuple[str, tuple[Part, ...] | None], ...]


def parse(text: str) -> Template:
    """The template that this text is, of one group; ``ValueError`` says what is wrong."""
    if len(text) > LONGEST:
        raise ValueError(f"it has {len(text)} characters, {LONGEST} are allowed")
    if ";" in text:
        raise ValueError("; is between the groups of an annotation; here each group is an item of the list")
    labels = [(name, _parts(name, value)) for name, value in key_patterns.split(text)]
    return Template(text, tuple(sorted(labels, key=lambda label: label[0])))


def fill(template: Template, subject: policy_subjects.Subject) -> key_patterns.KeyPattern:
    """The groups of this object by a template.

    :raises UnfilledError: the object lacks a label or an annotation, or has no controller.
    """
    return tuple((name, None if parts is None else _value(name, parts, subject)) for name, parts in template.labels)


def _parts(name: str, text: str) -> tuple[Part, ...] | None:
    if text == key_patterns.ANY:
        return None
    pieces = _PIECES.split(text)
    for piece in pieces[::2]:
        key_patterns.literal(name, piece)
        if "{" in piece or "}" in piece:
            raise ValueError(f"label {name}: {piece.strip()!r} is no place; there are {PLACES}, in double braces")
    # Between the pieces of text, each perhaps empty, are the places.
    return tuple(_place(piece) if number % 2 else piece for number, piece in enumerate(pieces) if piece)


def _place(text: str) -> Place:
    found = _PLACE.fullmatch(text)
    assert found is not None, text
    return Place(Field(found["field"]), next((key for key in found.group("word", "quoted") if key), ""))


def _value(name: str, parts: tuple[Part, ...], subject: policy_subjects.Subject) -> str:
    value = "".join(part if isinstance(part, str) else _found(part, subject) for part in parts)
    if not value:
        raise UnfilledError(f"label {name} would be empty")
    if len(value) > policy_subjects.LONGEST_VALUE:
        raise UnfilledError(
            f"label {name} would have {len(value)} characters, {policy_subjects.LONGEST_VALUE} are allowed"
        )
    return value


def _found(place: Place, subject: policy_subjects.Subject) -> str:
    owner = subject.owner
    match place.field:
        case Field.NAME:
            return owner.name
        case Field.NAMESPACE:
            return owner.namespace
        case Field.UID:
            return owner.uid
        case Field.CONTROLLER:
            if subject.parent is None:
                raise UnfilledError("it has no controller")
            return subject.parent.name
        case Field.LABELS:
            found = subject.labels.get(place.key)
        case Field.ANNOTATIONS:
            found = subject.annotations.get(place.key)
    if found is None:
        raise UnfilledError(f"it has no {place.field.value.removesuffix('s')} {place.key}")
    return found
