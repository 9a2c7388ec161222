"""What may be asked of a path: put together with what every request may be answered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from aiohttp import hdrs

from tidegate.gateway.api import pushgateway_api
from tidegate.gateway.openapi import kinds, responses


class Operation(NamedTuple):
    """A verb of a path.

    :param id: names it for programs that are made from the document.
    :param answers: by their statuses; a common one gives way to one of these.
    :param without: statuses that others may be answered with, and this never is.
    """

    id: str
    tag: str
    summary: str
    answers: Mapping[int, kinds.Json]
    description: str = ""
    parameters: Sequence[kinds.Json] = ()
    body: kinds.Json | None = None
    without: Sequence[int] = ()

    def to_json(self) -> kinds.Json:
        """As the document has it."""
        common = {status: responses.use(name) for status, name in responses.COMMON.items()}
        found = {**common, **{str(status): answer for status, answer in self.answers.items()}}
        for status in self.without:
            del found[str(status)]
        return {
            "operationId": self.id,
            "tags": [self.tag],
            "summary": self.summary,
            **({"description": self.description} if self.description else {}),
            **({"parameters": list(self.parameters)} if self.parameters else {}),
            **({"requestBody": self.body} if self.body is not None else {}),
            "responses": dict(sorted(found.items())),
        }


def looked_at(get: Operation) -> dict[str, kinds.Json]:
    """GET, and HEAD, which is answered alike but for the body."""
    answers = {
        status: {part: said for part, said in answer.items() if part != "content"}
        for status, answer in get.answers.items()
    }
    head = get._replace(
        id=f"{get.id}Head",
        summary=f"The head of the answer to `GET`: {get.summary[:1].lower()}{get.summary[1:]}",
        description="",
        answers=answers,
    )
    return {"get": get.to_json(), "head": head.to_json()}


def preflight(id: str, *, tag: str, is_open: bool = True) -> dict[str, kinds.Json]:
    """OPTIONS, which browsers ask before a request from another origin.

    :param is_open: whether scripts of any origin are let in.
    """
    headers = {name: {"schema": {"const": value}} for name, value in pushgateway_api.CORS.items()}
    allow = responses.header(hdrs.ALLOW, "The verbs of this path.", {"type": "string"})
    answer = {
        "description": "Scripts of any origin may read it." if is_open else "No script of another origin is let in.",
        "headers": headers if is_open else allow,
    }
    asked = Operation(id=id, tag=tag, summary="Whether scripts of other origins are let in", answers={200: answer})
    return {"options": asked.to_json()}


def query(name: str, schema: kinds.Json, *, is_required: bool = False, **more: kinds.Json | bool | str) -> kinds.Json:
    """A parameter of the query; it means what its schema says."""
    return _parameter("query", name, schema, is_required=is_required) | more


def path(name: str, schema: kinds.Json) -> kinds.Json:
    """A part of the path."""
    return _parameter("path", name, schema, is_required=True)


def header(name: str, schema: kinds.Json) -> kinds.Json:
    """A header that may be there."""
    return _parameter("header", name, schema, is_required=False)


def _parameter(where: str, name: str, schema: kinds.Json, *, is_required: bool) -> kinds.Json:
    described = schema["description"]
    kept = {part: said for part, said in schema.items() if part != "description"}
    return {"name": name, "in": where, "required": is_required, "description": described, "schema": kept}
