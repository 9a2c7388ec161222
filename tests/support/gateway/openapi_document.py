"""The OpenAPI document of a gateway, and checks of responses against it."""

from __future__ import annotations

import copy
import email.message
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple, TypeAlias

import aiohttp
import openapi_schema_validator
import yarl

from tests.support.gateway import gateway_client

Json: TypeAlias = dict[str, Any]

VERBS = ("get", "head", "put", "post", "delete", "options")
_MANY = {"labels", "path"}
"""Path parameters that may contain slashes."""


class Response(NamedTuple):
    """A response."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Document:
    """An OpenAPI document; `check` validates a response against it."""

    def __init__(self, document: Json) -> None:
        self.json = document
        self._paths: Json = _inlined(document["paths"], document["components"])
        self._closed = _closed(document["components"])

    def paths(self) -> Iterator[tuple[str, set[str]]]:
        """Yield each path with its methods in upper case."""
        for path, item in self._paths.items():
            yield path, {verb.upper() for verb in item if verb in VERBS}

    def operation(self, method: str, path: str) -> Json:
        """Return the description of the operation; the path may have a query."""
        path = path.partition("?")[0]
        for template in sorted(self._paths, key=lambda path: ("{" in path, -len(path))):
            if re.fullmatch(_pattern(template), path):
                operation: Json = self._paths[template][method.lower()]
                return operation
        raise AssertionError(f"{path} is not described")

    def parameter(self, method: str, path: str, name: str) -> Json:
        """Return the schema of a parameter."""
        (description,) = [each for each in self.operation(method, path)["parameters"] if each["name"] == name]
        schema: Json = description["schema"]
        return schema

    def response(self, method: str, path: str, status: int) -> Json:
        """Return the description of the response with this status, which must be declared."""
        declared = self.operation(method, path)["responses"]
        assert str(status) in declared, f"{method} {path}: {status} is not declared"
        description: Json = declared[str(status)]
        return description

    def check(self, method: str, path: str, response: Response) -> None:
        """Fail unless the response matches the document.

        The status must be declared; media type, headers and body must match, without further fields.
        """
        description = self.response(method, path, response.status)
        for name, header in description.get("headers", {}).items():
            if header.get("required", False) or name in response.headers:
                self.fits(header["schema"], _header(response.headers[name], header["schema"]))
        if method == "HEAD" or (not response.body and "content" not in description):
            return
        content = description.get("content", {})
        kinds = [kind for kind in content if _is(response.headers["Content-Type"], kind)]
        assert kinds, f"{method} {path}: {response.status} is not declared as {response.headers['Content-Type']}"
        body = json.loads(response.body) if kinds[0] == "application/json" else response.body.decode(errors="replace")
        self.fits(content[kinds[0]]["schema"], body)

    def fits(self, schema: Json, value: Any) -> None:
        """Fail unless the value matches the schema, without fields that it does not describe."""
        closed = {**_closed(schema), "components": self._closed}
        errors = openapi_schema_validator.OAS31Validator(closed).iter_errors(value)
        assert [f"{error.json_path}: {error.message[:500]}" for error in errors] == []


async def described(client: gateway_client.Client, *, prefix: str = "") -> Document:
    """Return the document that the gateway serves."""
    response = await client.send("GET", f"{prefix}/api/openapi.json")
    assert response.status == 200
    return Document(json.loads(response.text))


async def ask(
    client: gateway_client.Client,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send any request, with the path exactly as given, and do not follow redirects."""
    url = yarl.URL(client.url + path, encoded=True)
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, url, data=body, headers=headers, allow_redirects=False) as response,
    ):
        return Response(response.status, await response.read(), response.headers)


async def checked(
    client: gateway_client.Client,
    document: Document,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    prefix: str = "",
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Send a request, check the response against the document, and return it."""
    response = await ask(client, method, prefix + path, body, headers=headers)
    document.check(method, path, response)
    return response


def spelled(path: str) -> str:
    """Return a path of the document with a value for each of its parameters."""
    return re.sub(r"\{(\w+)\}", lambda match: "some/where" if match[1] in _MANY else "YQ", path)


def objects(schema: Any, *, at: str = "") -> Iterator[tuple[str, Json]]:
    """Yield each object in the schema, with its location."""
    if isinstance(schema, dict):
        yield at, schema
        for name, part in schema.items():
            yield from objects(part, at=f"{at}/{name}")
    elif isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from objects(part, at=f"{at}/{number}")


def _inlined(part: Any, components: Json) -> Any:
    """Return a copy in which each reference that is not to a schema is replaced by its target."""
    if isinstance(part, list):
        return [_inlined(item, components) for item in part]
    if not isinstance(part, dict):
        return part
    *_, kind, name = part.get("$ref", "//").split("/")
    if kind and kind != "schemas":
        return _inlined(components[kind][name], components)
    return {name: _inlined(item, components) for name, item in part.items()}


def _closed(schemas: Json) -> Json:
    """Return a copy that allows only the fields that are described."""
    schemas = copy.deepcopy(schemas)
    for _, schema in objects(schemas):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return schemas


def _pattern(path: str) -> str:
    parts = re.split(r"\{(\w+)\}", path)
    return "".join(re.escape(part) if not n % 2 else ".+" if part in _MANY else "[^/]+" for n, part in enumerate(parts))


def _is(content_type: str, kind: str) -> bool:
    """Whether a media type is of this kind; parameters that the kind does not have are ignored."""
    actual, expected = _parsed(content_type), _parsed(kind)
    return actual[0] == expected[0] and expected[1].items() <= actual[1].items()


def _parsed(kind: str) -> tuple[str, dict[str, str]]:
    message = email.message.Message()
    message["Content-Type"] = kind
    return message.get_content_type(), dict(message.get_params([])[1:])


def _header(value: str, schema: Json) -> str | int:
    return int(value) if schema.get("type") == "integer" else value
