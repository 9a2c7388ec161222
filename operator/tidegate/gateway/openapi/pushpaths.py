"""PUT, POST and DELETE of a group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from aiohttp import hdrs

from tidegate import settings
from tidegate.exposition import encoders
from tidegate.gateway.openapi import kinds, operations, responses
from tidegate.gateway.push import content_coding, push_handler
from tidegate.model import durations

TAG = "push"

_JOBS = {"": "job", "InBase64": "job@base64"}
_LABELS = (
    "More grouping labels: any number of names and values with slashes between them, such as `instance/db1`. The value "
    "of a name that ends in `@base64` is base64 with `-` and `_`, and `=` for an empty one. The slashes are not to be "
    "escaped."
)


def paths(chosen: settings.GatewaySettings) -> dict[str, kinds.Json]:
    """By the path, each with its verbs."""
    found = {}
    for suffix, name in _JOBS.items():
        job = _job(name, chosen.limits)
        labels = operations.path("labels", kinds.text(_LABELS, examples=["instance/db1"]))
        found[f"/metrics/{name}/{{job}}"] = dict(_verbs(chosen, f"Job{suffix}", [job]))
        found[f"/metrics/{name}/{{job}}/{{labels}}"] = dict(_verbs(chosen, f"Group{suffix}", [job, labels]))
    return found


def _verbs(chosen: settings.GatewaySettings, what: str, place: list[kinds.Json]) -> Iterator[tuple[str, kinds.Json]]:
    for verb, id, summary in (
        ("put", "replace", "Replace all of a group"),
        ("post", "update", "Replace the families of a group that the push has"),
    ):
        asked = operations.Operation(
            id=f"{id}{what}",
            tag=TAG,
            summary=summary,
            description="The group is there from its first push on. An empty body is a push of nothing.",
            parameters=[*place, *_parameters()],
            body=_body(),
            answers=_answers(chosen),
        )
        yield verb, asked.to_json()
    deleted = operations.Operation(
        id=f"delete{what}",
        tag=TAG,
        summary="Delete a group",
        parameters=place,
        answers={
            202: responses.nothing("The group is not there any more, or never was."),
            400: responses.use("BadPush"),
            507: responses.use("StorageFull"),
        },
    )
    yield "delete", deleted.to_json()


def _job(name: str, chosen: settings.LimitSettings) -> kinds.Json:
    if name == "job":
        return operations.path(
            "job", kinds.text("The value of the label `job`.", minLength=1, maxLength=chosen.value_length)
        )
    meaning = "The value of the label `job`, in base64 with `-` and `_`; not empty."
    return operations.path("job", kinds.text(meaning, pattern="^[A-Za-z0-9_-]+=*$"))


def _parameters() -> list[kinds.Json]:
    meaning = (
        "How long the group may live without a further push, as Prometheus spells durations; 0 is refused. Then it "
        "drains, unless it has an owner. Without it the group stays."
    )
    ttl = kinds.text(meaning, pattern=f"^{durations.PATTERN}$", examples=["90s", "1h30m"])
    coding = kinds.word(
        content_coding.UNPACKINGS, "How the body is packed. Anything else, and none, is read as it stands."
    )
    alike = f"The same as `{push_handler.TTL}` in the query; where both are there they must be spelled alike."
    return [
        operations.query(push_handler.TTL, ttl),
        operations.header(push_handler.TTL_HEADER, {**ttl, "description": alike}),
        operations.header(hdrs.CONTENT_ENCODING, coding),
    ]


def _body() -> kinds.Json:
    text = kinds.text(
        "Prometheus' text format. Samples may have no timestamps.",
        examples=["# TYPE backup_rows gauge\nbackup_rows 7\n"],
    )
    protobuf = {"description": "Messages of the type MetricFamily, each behind its length as a varint."}
    content: Mapping[str, kinds.Json] = {
        "text/plain": {"schema": text},
        encoders.Format.PROTOBUF.value: {"schema": protobuf},
    }
    return {
        "description": "What is pushed. Whatever says another media type than that of protobuf is read as text.",
        "content": content,
    }


def _answers(chosen: settings.GatewaySettings) -> dict[int, kinds.Json]:
    taken = responses.nothing("The push was taken: the next scrape has it.")
    status = push_handler.accepted(chosen.push)
    return {
        status: taken,
        400: responses.use("BadPush"),
        507: responses.use("StorageFull"),
    }
