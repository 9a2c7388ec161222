"""Templates of grouping keys over an object: ``job={{.metadata.labels.app}},shard=*``.

Templates contain field references and no code.

A template is split into labels, and each value into its parts, when it is parsed. Expanding it inserts fields of an
object into values: an inserted text can become no other label, no other group and no ``*`` that matches any value.
"""

from __future__ import annotations

import enum
import re
from dataclasses import dataclass
from typing import NamedTuple, TypeAlias

from tidegate.operator.policy import key_patterns, policy_subjects

MAX_CHARACTERS = 512
"""Characters of a template."""

_MAP_KEY = r"""\.[A-Za-z0-9_-]+|\["[A-Za-z0-9._/-]+"\]|\['[A-Za-z0-9._/-]+'\]"""
REFERENCE = rf"\{{\{{ *\.metadata\.(?:name|namespace|uid|controller\.name|(?:labels|annotations)(?:{_MAP_KEY})) *\}}\}}"
"""A field reference as a regular expression, for RE2 as well: the schema of policies has it, too."""

REFERENCES = (
    ".metadata.name, .metadata.namespace, .metadata.uid, .metadata.controller.name, .metadata.labels.app, "
    '.metadata.labels["example.com/app"], and annotations in the same way'
)
"""The field references, as text."""

_REFERENCES = re.compile(f"({REFERENCE})")
_REFERENCE = re.compile(
    r"""\{\{ *\.metadata\.(?P<field>controller\.name|[a-z]+)(?:\.(?P<word>[\w-]+)|\[.(?P<quoted>[^"']+).\])? *\}\}"""
)


class Field(enum.Enum):
    """A field of an object; the value is the text after ``.metadata.``."""

    NAME = "name"
    NAMESPACE = "namespace"
    UID = "uid"
    CONTROLLER = "controller.name"
    """The name of its controller: of a CronJob's run, of the CronJob."""
    LABELS = "labels"
    ANNOTATIONS = "annotations"


class FieldReference(NamedTuple):
    """A reference to a field; ``key`` is the name of the label or annotation."""

    field: Field
    key: str = ""


Part: TypeAlias = str | FieldReference


class MissingFieldError(ValueError):
    """A template cannot be expanded for an object; the message names what the object lacks."""


@dataclass(frozen=True, slots=True)
class Template:
    """The parsed template of one group.

    :param labels: the names in order, each with the parts of its value; ``None`` for any value.
    """

    text: str
    labels: tuple[tuple[str, tuple[Part, ...] | None], ...]


def parse(text: str) -> Template:
    """Parse the template of one group.

    :raises ValueError: it is not a template; the message says why.
    """
    if len(text) > MAX_CHARACTERS:
        raise ValueError(f"the template has {len(text)} characters; the limit is {MAX_CHARACTERS}")
    if ";" in text:
        raise ValueError("; separates groups in annotations only; write each group as an item of the list")
    labels = [(name, _parts(name, value)) for name, value in key_patterns.split(text)]
    return Template(text, tuple(sorted(labels, key=lambda label: label[0])))


def expand(template: Template, subject: policy_subjects.Subject) -> key_patterns.KeyPattern:
    """Expand a template for an object.

    :raises MissingFieldError: the object lacks a label or an annotation, or has no controller.
    """
    return tuple((name, None if parts is None else _value(name, parts, subject)) for name, parts in template.labels)


def _parts(name: str, text: str) -> tuple[Part, ...] | None:
    if text == key_patterns.ANY:
        return None
    pieces = _REFERENCES.split(text)
    for piece in pieces[::2]:
        key_patterns.check_literal(name, piece)
        if "{" in piece or "}" in piece:
            raise ValueError(
                f"label {name}: {piece.strip()!r} is not a field reference; use one of {REFERENCES}, in double braces"
            )
    # Literal texts, some of them empty, and references alternate.
    return tuple(_reference(piece) if number % 2 else piece for number, piece in enumerate(pieces) if piece)


def _reference(text: str) -> FieldReference:
    match = _REFERENCE.fullmatch(text)
    assert match is not None, text
    return FieldReference(Field(match["field"]), next((key for key in match.group("word", "quoted") if key), ""))


def _value(name: str, parts: tuple[Part, ...], subject: policy_subjects.Subject) -> str:
    value = "".join(part if isinstance(part, str) else _field_value(part, subject) for part in parts)
    if not value:
        raise MissingFieldError(f"the value of label {name} is empty")
    if len(value) > policy_subjects.MAX_VALUE_CHARACTERS:
        raise MissingFieldError(
            f"the value of label {name} has {len(value)} characters; the limit is "
            f"{policy_subjects.MAX_VALUE_CHARACTERS}"
        )
    return value


def _field_value(reference: FieldReference, subject: policy_subjects.Subject) -> str:
    match reference.field:
        case Field.NAME:
            value: str | None = subject.owner.name
        case Field.NAMESPACE:
            value = subject.owner.namespace
        case Field.UID:
            value = subject.owner.uid
        case Field.CONTROLLER:
            value = None if subject.parent is None else subject.parent.name
        case Field.LABELS:
            value = subject.labels.get(reference.key)
        case Field.ANNOTATIONS:
            value = subject.annotations.get(reference.key)
    if value is None:
        raise MissingFieldError(f"the object has no {_described(reference)}")
    return value


def _described(reference: FieldReference) -> str:
    match reference.field:
        case Field.LABELS:
            return f"label {reference.key}"
        case Field.ANNOTATIONS:
            return f"annotation {reference.key}"
        case Field.CONTROLLER:
            return "controller"
        case _:
            return str(reference.field.value)
