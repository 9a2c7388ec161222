"""Answers that many requests may get."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping

from aiohttp import hdrs

from tidegate import settings
from tidegate.gateway.http import connections
from tidegate.gateway.openapi import kinds
from tidegate.model import limits

_TEXT = "text/plain"
_JSON = "application/json"

COMMON = {
    "400": "NoRequest",
    "401": "Unauthorized",
    "403": "Forbidden",
    "408": "TooSlow",
    "413": "TooLarge",
    "417": "ExpectationFailed",
    "429": "TooMany",
    "431": "HeadTooLarge",
    "503": "Restoring",
}
"""What any request may be answered, whatever it asks for, by the status."""


def responses(chosen: settings.LimitSettings) -> dict[str, kinds.Json]:
    """By their names.

    :param chosen: the limits in force, whose numbers they tell.
    """
    retry = header("Retry-After", "Seconds after which to ask again.", {"type": "integer", "minimum": 0})
    asked = header(hdrs.WWW_AUTHENTICATE, "`Basic`.", {"const": "Basic"})
    heads = f"The request line and the headers are too large, or there are more than {connections.MAX_HEADERS} headers"
    return {
        "NoRequest": told("No request of HTTP 1.0 or 1.1; the connection is closed after it."),
        "BadPush": told(
            f"What is wrong with the path, the time to live or the body, and where: of a body in the text format line "
            f"and column, of protobuf the byte. Or over one of these limits: {_listed(400, chosen)}."
        ),
        "BadQuestion": failure(
            "A parameter that is unknown or cannot be used: `errorType` is `bad_data`.", is_common=True
        ),
        "Unauthorized": told("The web configuration asks for a password, and this is none.", headers=asked),
        "Forbidden": told("No name of the client's certificate is allowed by the web configuration."),
        "TooSlow": told(f"It took too long: {_listed(408, chosen)}, in seconds."),
        "TooLarge": told(
            f"Too large: {_listed(413, chosen)}. A body that is not read is told so only where `Expect: 100-continue` "
            f"asks before it comes."
        ),
        "ExpectationFailed": told("`Expect` is something else than `100-continue`."),
        "TooMany": told(
            f"There is no room for it now: {_listed(429, chosen)}, or `rate_limit` of the web configuration. Try again "
            f"later."
        ),
        "HeadTooLarge": told(f"{heads}: {_listed(431, chosen)}."),
        "Restoring": told("The groups are being restored after a start.", headers=retry),
        "StorageFull": told(
            "The file of `--persistence.file` cannot be written now. A push has changed nothing; of several groups "
            "that were to be deleted some may be gone."
        ),
    }


def told(description: str, *, headers: Mapping[str, kinds.Json] | None = None) -> kinds.Json:
    """An answer that says what is wrong as plain text."""
    schema = kinds.text("What is wrong, in English, on a line.")
    return {"description": description, "content": {_TEXT: {"schema": schema}}, **_headed(headers)}


def failure(description: str, *, is_common: bool = False) -> kinds.Json:
    """An answer that says what is wrong in the envelope.

    :param is_common: whether there is a common answer with this status, too, which is plain text.
    """
    plain: kinds.Json = told("")["content"] if is_common else {}
    return {"description": description, "content": {_JSON: {"schema": kinds.ref("Error")}, **plain}}


def data(description: str, schema: kinds.Json, *, headers: Mapping[str, kinds.Json] | None = None) -> kinds.Json:
    """An answer in the envelope."""
    return {
        "description": description,
        "content": {_JSON: {"schema": kinds.success(schema)}},
        **_headed(headers),
    }


def nothing(description: str) -> kinds.Json:
    """An answer that is a status and nothing else."""
    return {"description": description}


def header(name: str, description: str, schema: kinds.Json) -> dict[str, kinds.Json]:
    """A header of an answer."""
    return {name: {"description": description, "required": True, "schema": schema}}


def use(name: str) -> kinds.Json:
    """A response of the document by its name."""
    return {"$ref": f"#/components/responses/{name}"}


def _headed(headers: Mapping[str, kinds.Json] | None) -> kinds.Json:
    return {"headers": dict(headers)} if headers else {}


def _listed(status: int, chosen: settings.LimitSettings) -> str:
    """The flags whose limits are answered with this status, with their values."""
    values = dataclasses.asdict(chosen)
    return ", ".join(_spelled(limit, values[limit.label]) for limit in _of(status))


def _of(status: int) -> Iterable[limits.Limit]:
    return (limit for limit in limits.Limit if limit.status == status)


def _spelled(limit: limits.Limit, value: float | None) -> str:
    shown = "four fifths of its cgroup's" if value is None else f"{value:.15g}"
    return f"`{limit.flag}` ({shown})"
