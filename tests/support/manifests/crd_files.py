"""The CustomResourceDefinitions of policies, read from `manifests/crds`."""

from __future__ import annotations

import re
from typing import NamedTuple

from tests.support.manifests import manifest_objects
from tidegate.operator.policy import policies

FOLDER = manifest_objects.FOLDER / "crds"
_MATCH = re.compile(r"(!?)self\.matches\(r'''(.*)'''\)")


class Match(NamedTuple):
    """A CEL rule that compares a text with a regular expression; ``is_wanted`` is whether it must match."""

    pattern: str
    is_wanted: bool


def definition(scope: policies.Scope) -> manifest_objects.Object:
    """The definition of one kind."""
    [found] = manifest_objects.objects(FOLDER / f"{scope.plural}.yaml")
    return found


def version(scope: policies.Scope) -> manifest_objects.Object:
    """The only version of one kind."""
    [found] = definition(scope)["spec"]["versions"]
    rendered: manifest_objects.Object = found
    return rendered


def fields(scope: policies.Scope, *, of: str = "spec") -> manifest_objects.Object:
    """The schemas of the fields of ``spec``, or of ``status``."""
    found: manifest_objects.Object = version(scope)["schema"]["openAPIV3Schema"]["properties"][of]["properties"]
    return found


def rules(schema: manifest_objects.Object) -> list[str]:
    """The CEL rules of a schema."""
    return [each["rule"] for each in schema["x-kubernetes-validations"]]


def matches(schema: manifest_objects.Object) -> list[Match]:
    """The CEL rules of a schema that only match a regular expression."""
    found = [_MATCH.fullmatch(rule) for rule in rules(schema)]
    return [Match(match[2], is_wanted=not match[1]) for match in found if match]
