"""Label selectors of Kubernetes: ``matchLabels`` and ``matchExpressions``, all of which must match."""

from __future__ import annotations

import enum
from collections.abc import Mapping
from typing import Any, NamedTuple


class Operator(enum.Enum):
    """How a label is compared; the value is the word of Kubernetes."""

    IN = "In"
    NOT_IN = "NotIn"
    """Matches objects without the label, too."""
    EXISTS = "Exists"
    DOES_NOT_EXIST = "DoesNotExist"


class Requirement(NamedTuple):
    """One item of ``matchExpressions``."""

    key: str
    operator: Operator
    values: frozenset[str] = frozenset()

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether an object with these labels matches."""
        value = labels.get(self.key)
        match self.operator:
            case Operator.IN:
                return value in self.values
            case Operator.NOT_IN:
                return value not in self.values
            case Operator.EXISTS:
                return value is not None
            case Operator.DOES_NOT_EXIST:
                return value is None


class LabelSelector(NamedTuple):
    """A selector; without any requirement it selects everything."""

    labels: tuple[tuple[str, str], ...] = ()
    requirements: tuple[Requirement, ...] = ()

    @property
    def keys(self) -> frozenset[str]:
        """The labels that it reads."""
        return frozenset([*(key for key, _ in self.labels), *(each.key for each in self.requirements)])

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Whether it selects an object with these labels."""
        for key, value in self.labels:
            if labels.get(key) != value:
                return False
        return all(each.matches(labels) for each in self.requirements)


EVERYTHING = LabelSelector()


def parse(data: Any) -> LabelSelector:
    """Parse a selector of an object's JSON.

    :raises ValueError: it is invalid; the message names the field.
    """
    if not isinstance(data, Mapping):
        raise ValueError("the selector must be an object with matchLabels and matchExpressions")
    _check_fields(data, allowed=("matchLabels", "matchExpressions"))
    labels, expressions = data.get("matchLabels") or {}, data.get("matchExpressions") or []
    if not isinstance(labels, Mapping) or not all(isinstance(value, str) for value in labels.values()):
        raise ValueError("matchLabels must be an object with strings as values")
    if not isinstance(expressions, list):
        raise ValueError("matchExpressions must be a list")
    return LabelSelector(tuple(sorted(labels.items())), tuple(_requirement(each) for each in expressions))


def _requirement(data: Any) -> Requirement:
    if not isinstance(data, Mapping) or not isinstance(data.get("key"), str):
        raise ValueError("each item of matchExpressions must have a key")
    _check_fields(data, allowed=("key", "operator", "values"))
    key, values = data["key"], data.get("values") or []
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError(f"matchExpressions: the values of key {key} must be a list of strings")
    try:
        operator = Operator(data.get("operator"))
    except ValueError:
        choices = ", ".join(choice.value for choice in Operator)
        raise ValueError(f"matchExpressions: the operator of key {key} must be one of {choices}") from None
    if (operator in (Operator.IN, Operator.NOT_IN)) != bool(values):
        verb = "must have" if not values else "must not have"
        raise ValueError(f"matchExpressions: operator {operator.value} of key {key} {verb} values")
    return Requirement(key, operator, frozenset(values))


def _check_fields(data: Mapping[str, Any], *, allowed: tuple[str, ...]) -> None:
    for name in data:
        if name not in allowed:
            raise ValueError(f"unknown field {name}; use {', '.join(allowed)}")
