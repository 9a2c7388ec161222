"""Pushgateway's API, what administrators may ask, the page's deletions, and this document itself."""

from __future__ import annotations

from aiohttp import hdrs

from tidegate import settings
from tidegate.gateway.api import pushgateway_api, selector_search
from tidegate.gateway.openapi import kinds, operations, responses

PUSHGATEWAY, ADMINISTRATION, PAGE, DESCRIPTION = "pushgateway", "administration", "page", "description"

DOCUMENT = "/api/openapi.json"


def paths(chosen: settings.WebSettings) -> dict[str, kinds.Json]:
    """By the path, each with its verbs: those of what is switched on."""
    api = "/api/v1"
    found = {
        f"{api}/status": {
            **operations.looked_at(_status()),
            **operations.preflight("statusOptions", tag=PUSHGATEWAY),
        },
        f"{api}/metrics": {
            **operations.looked_at(_metrics()),
            **operations.preflight("metricsOptions", tag=PUSHGATEWAY),
        },
        f"{api}/": operations.preflight("apiOptions", tag=PUSHGATEWAY),
        f"{api}/{{path}}": _anywhere(),
        DOCUMENT: operations.looked_at(_document()),
    }
    if chosen.enable_lifecycle:
        found["/-/quit"] = {"put": _quit("quit").to_json(), "post": _quit("quitByPost").to_json()}
    if chosen.enable_admin_api:
        found[f"{api}/admin/wipe"] = {
            "put": _wipe().to_json(),
            **operations.preflight("wipeOptions", tag=ADMINISTRATION),
        }
    if not chosen.page_read_only:
        found["/page/delete"] = {"post": _page_delete().to_json()}
    return found


def _anywhere() -> kinds.Json:
    below = kinds.text("Anything that no other path of this document is, slashes included.")
    return {"parameters": [operations.path("path", below)], **operations.preflight("anyOptions", tag=PUSHGATEWAY)}


def _status() -> operations.Operation:
    return operations.Operation(
        id="status",
        tag=PUSHGATEWAY,
        summary="Flags, start time and build",
        answers={200: responses.data("The gateway.", kinds.ref("Status"), headers=_open())},
    )


def _metrics() -> operations.Operation:
    groups = kinds.several(kinds.ref("GroupMetrics"), "The groups, in no order.")
    return operations.Operation(
        id="metrics",
        tag=PUSHGATEWAY,
        summary="All groups with their metrics",
        answers={200: responses.data("The groups.", groups, headers=_open())},
    )


def _document() -> operations.Operation:
    tag = responses.header(hdrs.ETAG, "Names what it says.", {"type": "string"})
    named = kinds.text("The tag of what is there already.")
    return operations.Operation(
        id="openapi",
        tag=DESCRIPTION,
        summary="This document",
        description="It is the same until the process ends: it depends on the version and the flags alone.",
        parameters=[operations.header(hdrs.IF_NONE_MATCH, named)],
        answers={
            200: {
                "description": "The document.",
                "content": {"application/json": {"schema": {"type": "object", "description": "OpenAPI 3.1."}}},
                "headers": tag,
            },
            304: {"description": "It is what is there already.", "headers": tag},
        },
    )


def _quit(id: str) -> operations.Operation:
    return operations.Operation(
        id=id,
        tag=ADMINISTRATION,
        summary="End the process, as SIGTERM does",
        answers={
            200: {
                "description": "It ends when what is under way is answered.",
                "content": {"text/plain": {"schema": kinds.text("Farewell.")}},
            }
        },
    )


def _wipe() -> operations.Operation:
    return operations.Operation(
        id="wipe",
        tag=ADMINISTRATION,
        summary="Delete all groups",
        answers={202: responses.nothing("They are deleted."), 507: responses.use("StorageFull")},
    )


def _page_delete() -> operations.Operation:
    answered = {"anyOf": [kinds.ref("PageDeleted"), kinds.ref("PagePreview")], "description": "What became of it."}
    return operations.Operation(
        id="pageDelete",
        tag=PAGE,
        summary="What the web page deletes",
        description="For the page alone: it may change with it. Programs delete by `DELETE`.",
        body={
            "description": "What to delete.",
            "required": True,
            "content": {"application/json": {"schema": kinds.ref("PageDeletion")}},
        },
        answers={
            200: responses.data("It is deleted, or with `dry_run` what would be.", answered),
            400: responses.failure("A body that cannot be meant: `errorType` is `bad_data`.", is_common=True),
            403: responses.failure(
                "It comes from another site, or says another media type: `errorType` is `forbidden`. Or no name of the "
                "client's certificate is allowed by the web configuration.",
                is_common=True,
            ),
            409: responses.failure("More groups than `most` are selected: `errorType` is `conflict`."),
            503: responses.failure(
                f"The selectors took more than {selector_search.LONGEST_SECONDS:g} s, and nothing was deleted: "
                f"`errorType` is `timeout`. Or the groups are being restored after a start.",
                is_common=True,
            ),
            507: responses.use("StorageFull"),
        },
    )


def _open() -> dict[str, kinds.Json]:
    """What lets scripts of any origin read an answer."""
    return {name: {"schema": {"const": value}} for name, value in pushgateway_api.CORS.items()}
