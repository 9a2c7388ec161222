"""The gateway's own API: groups, scrapers, deletions, events."""

from __future__ import annotations

from aiohttp import hdrs

from tidegate.gateway.api import event_stream, group_filter, group_queries, listings, selector_deletion, selector_search
from tidegate.gateway.openapi import kinds, operations, responses
from tidegate.model import selectors
from tidegate.store import interface

TAG = "groups"

_SLOW = responses.failure(
    f"The selectors took more than {selector_search.LONGEST_SECONDS:g} s, so nothing was done: `errorType` is "
    f"`timeout`. Or the groups are being restored after a start.",
    is_common=True,
)


def paths() -> dict[str, kinds.Json]:
    """By the path, each with its verbs."""
    api = "/api/v1"
    return {
        f"{api}/groups": {
            **operations.looked_at(_list()),
            "delete": _delete().to_json(),
            **operations.preflight("groupsOptions", tag=TAG, is_open=False),
        },
        f"{api}/group": operations.looked_at(_show()),
        f"{api}/scrapers": operations.looked_at(_scrapers()),
        f"{api}/deletions": operations.looked_at(_deletions()),
        f"{api}/events": operations.looked_at(_events()),
    }


def selectors_parameter(*, is_required: bool) -> kinds.Json:
    """``match[]``."""
    meaning = (
        f"Selectors over grouping labels, in Prometheus' syntax; several select what any of them does. One that "
        f"selects every group is refused. They have {selector_search.LONGEST_TEXT} characters at most together, and a "
        f"regular expression has {selectors.LONGEST_PATTERN}."
    )
    items = {"type": "string", "maxLength": selector_search.LONGEST_TEXT}
    some = {"minItems": 1} if is_required else {}
    schema = kinds.several(items, meaning, examples=[['{job="backup",region=~"eu.*"}']], **some)
    return operations.query(selector_search.MATCH, schema, is_required=is_required, style="form", explode=True)


def _list() -> operations.Operation:
    lost = f"The list of `listing` is no longer kept: only the last {listings.KEPT} are. `errorType` is `not_found`."
    return operations.Operation(
        id="listGroups",
        tag=TAG,
        summary="Groups, sought and sorted",
        description="The answer names the list that was made, and by `listing` other parts of the same are asked for. "
        "An empty parameter is as none.",
        parameters=[*_seeking(), *_paging()],
        answers={
            200: responses.data("A part of the list.", kinds.ref("GroupList"), headers=_unkept()),
            400: responses.use("BadQuestion"),
            410: responses.failure(lost),
            503: _SLOW,
        },
    )


def _seeking() -> list[kinds.Json]:
    return [
        operations.query(
            "search",
            kinds.text(
                f"Words, {group_queries.MOST_WORDS} at most, each of which has to be somewhere in the labels "
                f"(`name=value`) or in the names of owners, in any case."
            ),
        ),
        selectors_parameter(is_required=False),
        operations.query(
            "state",
            kinds.word(
                group_filter.State,
                "`ttl`: it lives until its time to live is over. `failing`: its last push was refused.",
            ),
        ),
        operations.query("ownership", kinds.word(group_filter.Ownership, "What the gateway knows of its owners.")),
        operations.query("kind", kinds.text("The kind of some owner.")),
        operations.query("namespace", kinds.text("The namespace of some owner.")),
        operations.query(
            "sort", kinds.word(group_filter.Sort, "What it is sorted by.", default=group_filter.Sort.LABELS.value)
        ),
        operations.query("order", kinds.word(group_queries.ORDERS, "Up, or down.", default=group_queries.ORDERS[0])),
        operations.query(
            "listing",
            kinds.text(
                "The name of a list that was made before; beside it only `offset`, `limit` and `why` may be given."
            ),
        ),
        operations.query("why", kinds.whole("1: each group says why it is there.", default=0, maximum=1)),
    ]


def _paging(*, most: int = group_queries.MOST_ROWS) -> list[kinds.Json]:
    return [
        operations.query(
            "offset",
            kinds.whole(
                "The place of the first one, from 0. More counts as the largest.",
                default=0,
                maximum=group_queries.MOST_OFFSET,
            ),
        ),
        operations.query(
            "limit",
            kinds.whole(
                "How many at most. More counts as the largest.", default=group_queries.USUAL_ROWS, maximum=most
            ),
        ),
    ]


def _delete() -> operations.Operation:
    meaning = "Whether to tell what is selected, and to delete nothing."
    truth = kinds.word(selector_deletion.TRUTH, meaning, default="0")
    return operations.Operation(
        id="deleteGroups",
        tag=TAG,
        summary="Delete the groups that selectors select",
        description="At once, whoever owns them and whether they were read or not. One that is pushed meanwhile may go "
        "or stay.",
        parameters=[selectors_parameter(is_required=True), operations.query(selector_deletion.DRY_RUN, truth)],
        answers={
            200: responses.data("What was deleted, or would be.", kinds.ref("SelectedGroups")),
            400: responses.use("BadQuestion"),
            503: _SLOW,
            507: responses.use("StorageFull"),
        },
    )


def _show() -> operations.Operation:
    labels = {
        "name": "labels",
        "in": "query",
        "required": True,
        "description": "All of the group's labels, as JSON.",
        "content": {"application/json": {"schema": kinds.ref("Labels")}},
    }
    return operations.Operation(
        id="showGroup",
        tag=TAG,
        summary="A group with its metrics, and why it is still there",
        parameters=[labels],
        answers={
            200: responses.data("The group.", kinds.ref("GroupDetail"), headers=_unkept()),
            400: responses.use("BadQuestion"),
            404: responses.failure("There is no group with just these labels: `errorType` is `not_found`."),
        },
    )


def _scrapers() -> operations.Operation:
    return operations.Operation(
        id="listScrapers",
        tag=TAG,
        summary="Who scrapes, how far each has read, and who waits for it",
        answers={
            200: responses.data("The scrapers.", kinds.ref("ScraperList"), headers=_unkept()),
            400: responses.use("BadQuestion"),
        },
    )


def _deletions() -> operations.Operation:
    return operations.Operation(
        id="listDeletions",
        tag=TAG,
        summary="The last groups that were deleted, and why",
        description=f"The last {interface.KEPT_DEPARTURES} since the process started are remembered.",
        parameters=_paging(most=group_queries.MOST_DELETIONS),
        answers={
            200: responses.data("A part of them.", kinds.ref("DeletionList"), headers=_unkept()),
            400: responses.use("BadQuestion"),
        },
    )


def _events() -> operations.Operation:
    retry = responses.header(hdrs.RETRY_AFTER, "Seconds after which to ask again.", {"type": "integer", "minimum": 0})
    stream = kinds.text(
        "Server-sent events called `news`, their data JSON as the schema `News` has it; in between comments."
    )
    return operations.Operation(
        id="events",
        tag=TAG,
        summary="That something has changed, as server-sent events",
        description=f"One at once, and then one whenever a change of groups or a scrape was, no more than one in "
        f"{event_stream.PAUSE_SECONDS:g} s. It goes on until one of the two ends it.",
        answers={
            200: {
                "description": "The stream.",
                "content": {"text/event-stream": {"schema": stream}},
                "headers": _unkept(),
            },
            503: responses.told(
                f"There are {event_stream.MOST_STREAMS} streams already, the process is stopping, or the groups are "
                f"being restored after a start.",
                headers=retry,
            ),
        },
    )


def _unkept() -> dict[str, kinds.Json]:
    return responses.header(hdrs.CACHE_CONTROL, "Every answer is of its moment.", {"const": "no-store"})
