"""The OpenAPI document of a gateway, and what it says of an answer."""

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

from tests.gateway import gateway_client

Json: TypeAlias = dict[str, Any]

VERBS = ("get", "head", "put", "post", "delete", "options")
_MANY = {"labels", "path"}
"""Parts of paths that may have slashes."""


class Answer(NamedTuple):
    """What came back."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class Document:
    """What a gateway says of itself; `check` holds an answer to it."""

    def __init__(self, told: Json) -> None:
        self.told = told
        self._paths: Json = _inlined(told["paths"], told["components"])
        self._closed = _closed(told["components"])

    def paths(self) -> Iterator[tuple[str, set[str]]]:
        """Each path with its verbs in capitals."""
        for path, item in self._paths.items():
            yield path, {verb.upper() for verb in item if verb in VERBS}

    def operation(self, method: str, path: str) -> Json:
        """What it says of this request; the path may have a query."""
        path = path.partition("?")[0]
        for known in sorted(self._paths, key=lambda known: ("{" in known, -len(known))):
            if re.fullmatch(_pattern(known), path):
                operation: Json = self._paths[known][method.lower()]
                return operation
        raise AssertionError(f"{path} is not described")

    def parameter(self, method: str, path: str, name: str) -> Json:
        """The schema of a parameter."""
        (found,) = [one for one in self.operation(method, path)["parameters"] if one["name"] == name]
        schema: Json = found["schema"]
        return schema

    def response(self, method: str, path: str, status: int) -> Json:
        """What it says of an answer with this status, which has to be declared."""
        declared = self.operation(method, path)["responses"]
        assert str(status) in declared, f"{method} {path}: {status} is not declared"
        response: Json = declared[str(status)]
        return response

    def check(self, method: str, path: str, answer: Answer) -> None:
        """The answer's status is declared, and its media type, headers and body are as it says, and no field more."""
        response = self.response(method, path, answer.status)
        for name, header in response.get("headers", {}).items():
            if header.get("required", False) or name in answer.headers:
                self.fits(header["schema"], _header(answer.headers[name], header["schema"]))
        if method == "HEAD" or (not answer.body and "content" not in response):
            return
        said = response.get("content", {})
        kinds = [kind for kind in said if _is(answer.headers["Content-Type"], kind)]
        assert kinds, f"{method} {path}: {answer.status} is not declared as {answer.headers['Content-Type']}"
        body = json.loads(answer.body) if kinds[0] == "application/json" else answer.body.decode(errors="replace")
        self.fits(said[kinds[0]]["schema"], body)

    def fits(self, schema: Json, value: Any) -> None:
        """The value is as the schema says, with no field that it does not describe."""
        closed = {**_closed(schema), "components": self._closed}
        found = openapi_schema_validator.OAS31Validator(closed).iter_errors(value)
        assert [f"{error.json_path}: {error.message[:500]}" for error in found] == []


async def described(client: gateway_client.Client, *, prefix: str = "") -> Document:
    """The document as the gateway serves it."""
    answer = await client.send("GET", f"{prefix}/api/openapi.json")
    assert answer.status == 200
    return Document(json.loads(answer.text))


async def ask(
    client: gateway_client.Client,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """Any request; the path goes out as it is spelled here, and no redirect is followed."""
    url = yarl.URL(client.url + path, encoded=True)
    async with (
        aiohttp.ClientSession(auto_decompress=False) as session,
        session.request(method, url, data=body, headers=headers, allow_redirects=False) as answer,
    ):
        return Answer(answer.status, await answer.read(), answer.headers)


async def checked(
    client: gateway_client.Client,
    document: Document,
    method: str,
    path: str,
    body: bytes = b"",
    *,
    prefix: str = "",
    headers: Mapping[str, str] | None = None,
) -> Answer:
    """The answer to a request, which is as the document says."""
    answer = await ask(client, method, prefix + path, body, headers=headers)
    document.check(method, path, answer)
    return answer


def spelled(path: str) -> str:
    """A path of the document with something in each of its places."""
    return re.sub(r"\{(\w+)\}", lambda place: "some/where" if place[1] in _MANY else "YQ", path)


def objects(schema: Any, *, at: str = "") -> Iterator[tuple[str, Json]]:
    """Each object within, with its place."""
    if isinstance(schema, dict):
        yield at, schema
        for name, part in schema.items():
            yield from objects(part, at=f"{at}/{name}")
    elif isinstance(schema, list):
        for number, part in enumerate(schema):
            yield from objects(part, at=f"{at}/{number}")


def _inlined(part: Any, components: Json) -> Any:
    """The same, with a copy in place of each reference that is not to a schema."""
    if isinstance(part, list):
        return [_inlined(item, components) for item in part]
    if not isinstance(part, dict):
        return part
    *_, kind, name = part.get("$ref", "//").split("/")
    if kind and kind != "schemas":
        return _inlined(components[kind][name], components)
    return {name: _inlined(item, components) for name, item in part.items()}


def _closed(told: Json) -> Json:
    """The same, with no fields but those that are described."""
    told = copy.deepcopy(told)
    for _, schema in objects(told):
        if schema.get("type") == "object" and "properties" in schema:
            schema.setdefault("additionalProperties", False)
    return told


def _pattern(path: str) -> str:
    parts = re.split(r"\{(\w+)\}", path)
    return "".join(re.escape(part) if not n % 2 else ".+" if part in _MANY else "[^/]+" for n, part in enumerate(parts))


def _is(said: str, kind: str) -> bool:
    """Whether the one media type is the other, parameters that the other does not name apart."""
    found, wanted = _parsed(said), _parsed(kind)
    return found[0] == wanted[0] and wanted[1].items() <= found[1].items()


def _parsed(kind: str) -> tuple[str, dict[str, str]]:
    message = email.message.Message()
    message["Content-Type"] = kind
    return message.get_content_type(), dict(message.get_params([])[1:])


def _header(value: str, schema: Json) -> str | int:
    return int(value) if schema.get("type") == "integer" else value
