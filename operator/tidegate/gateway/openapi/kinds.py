"""How a value is described: JSON Schema, as OpenAPI 3.1 has it. Every value says what it means."""

from __future__ import annotations

import enum
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

Json: TypeAlias = dict[str, Any]

SCHEMAS = "#/components/schemas/"


def text(description: str, **more: Any) -> Json:
    """A text."""
    return {"type": "string", "description": description, **more}


def number(description: str, **more: Any) -> Json:
    """A number."""
    return {"type": "number", "description": description, **more}


def whole(description: str, **more: Any) -> Json:
    """A whole number from 0."""
    return {"type": "integer", "minimum": 0, "description": description, **more}


def flag(description: str, **more: Any) -> Json:
    """Yes or no."""
    return {"type": "boolean", "description": description, **more}


def word(choices: type[enum.Enum] | Iterable[str], description: str, **more: Any) -> Json:
    """One of these words; of an enumeration, one of its values."""
    words = [choice.value if isinstance(choice, enum.Enum) else choice for choice in choices]
    return {"type": "string", "enum": words, "description": description, **more}


def always(value: str, description: str) -> Json:
    """This value and no other."""
    return {"const": value, "description": description}


def several(items: Json, description: str, **more: Any) -> Json:
    """A list."""
    return {"type": "array", "items": items, "description": description, **more}


def named(values: Json, description: str, **more: Any) -> Json:
    """An object with any names, all of them with such values."""
    return {"type": "object", "additionalProperties": values, "description": description, **more}


def record(description: str, fields: Mapping[str, Json], *, optional: Iterable[str] = ()) -> Json:
    """An object with these fields.

    :param optional: those that may be missing.
    """
    required = [name for name in fields if name not in set(optional)]
    return {"type": "object", "required": required, "properties": dict(fields), "description": description}


def or_null(schema: Json) -> Json:
    """The same, or null."""
    if "$ref" not in schema:
        return {**schema, "type": [schema["type"], "null"]}
    described = {"description": schema["description"]} if "description" in schema else {}
    return {"anyOf": [{"$ref": schema["$ref"]}, {"type": "null"}], **described}


def ref(name: str, description: str = "") -> Json:
    """A schema of the document by its name; what it means here, where its own words do not say it."""
    return {"$ref": SCHEMAS + name, **({"description": description} if description else {})}


def success(data: Json) -> Json:
    """The envelope of Pushgateway's API around this."""
    envelope = {"status": always("success", "That it went well."), "data": data}
    return record("What was asked for, in the envelope of Pushgateway's API.", envelope)
