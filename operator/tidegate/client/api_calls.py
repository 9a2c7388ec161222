"""Calls of the public APIs of the gateway and the operator."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from collections.abc import Set as AbstractSet
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias

from tidegate.client import drain_reports, transports
from tidegate.model import grouping, ownership_status

Json: TypeAlias = dict[str, Any]
_Key: TypeAlias = grouping.GroupingKey

_MATCH = "match[]"
_NOT_FAMILIES = ("labels", "last_push_successful")
"""Fields of a group in Pushgateway's API that are not families."""
_MAX_MESSAGE = 500
"""Characters of a response that an error quotes."""

_PAGE_SIZE = 200
"""Groups of one page: the limit of the gateway's API."""

MAX_PAGES = 100
"""Pages of one query: more would take minutes."""


class UnknownCallError(transports.RequestError):
    """The server does not have this call: it is a stock Pushgateway, or tidegate in another version."""


class PushedGroup(NamedTuple):
    """A group in Pushgateway's API.

    :param families: by name, as JSON of that API.
    :param push_time: Unix seconds on the gateway's clock, 0.0 for never.
    """

    key: grouping.GroupingKey
    families: dict[str, Json]
    push_time: float
    last_push_successful: bool


class Deletion(NamedTuple):
    """The groups that were deleted or, with a dry run, would be."""

    keys: tuple[grouping.GroupingKey, ...]
    dry_run: bool


class GatewayApi:
    """The public API of a gateway. Calls raise :class:`transports.RequestError`."""

    def __init__(self, transport: transports.Transport) -> None:
        self._transport = transport

    async def groups(self) -> list[PushedGroup]:
        """All groups with their families."""
        content = await _json(self._transport, "GET", "/api/v1/metrics")
        try:
            return [_pushed(group) for group in content["data"]]
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _invalid_response(self._transport, error) from error

    async def delete(self, selectors: Sequence[str], *, dry_run: bool) -> Deletion:
        """Delete the groups that any of these selectors selects."""
        query = [*((_MATCH, text) for text in selectors), ("dry_run", "1" if dry_run else "0")]
        content = await _json(self._transport, "DELETE", "/api/v1/groups", query)
        try:
            data = content["data"]
            return Deletion(tuple(_key(labels) for labels in data["groups"]), bool(data["dry_run"]))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _invalid_response(self._transport, error) from error

    async def group_reports(
        self, selectors: Sequence[str], *, state: str = "", enough: Callable[[AbstractSet[_Key]], bool]
    ) -> tuple[dict[_Key, drain_reports.GroupReport], bool]:
        """The gateway's reports of the groups that any of these selectors selects; and whether there may be more.

        :param state: only groups in this state; empty for all.
        :param enough: whether these keys are all that are needed.
        :raises UnknownCallError: the gateway has no such API.
        """
        reports: dict[grouping.GroupingKey, drain_reports.GroupReport] = {}
        parameters = [*((_MATCH, text) for text in selectors), ("state", state)]
        for page in range(MAX_PAGES):
            paging = [("offset", str(page * _PAGE_SIZE)), ("limit", str(_PAGE_SIZE)), ("why", "1")]
            content = await _json(self._transport, "GET", "/api/v1/groups", [*parameters, *paging])
            try:
                data = content["data"]
                now = float(data["now"])
                page_reports = [
                    drain_reports.GroupReport.from_json(row, now=now) for row in data["groups"] if not row.get("gone")
                ]
                parameters = [("listing", str(data["listing"]))]
                is_last = (page + 1) * _PAGE_SIZE >= int(data["total"])
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise _invalid_response(self._transport, error) from error
            reports.update((one.key, one) for one in page_reports)
            if is_last or enough(reports.keys()):
                return reports, not is_last
        return reports, True


class OperatorApi:
    """The public API of an operator. Calls raise :class:`transports.RequestError`."""

    def __init__(self, transport: transports.Transport) -> None:
        self._transport = transport

    async def group_statuses(self, selectors: Sequence[str], *, limit: int) -> ownership_status.GroupStatuses:
        """The operator's status of the groups that any of these selectors selects; of all groups without selectors."""
        query = [*((_MATCH, text) for text in selectors), ("limit", str(limit))]
        content = await _json(self._transport, "GET", "/api/v1/groups", query)
        try:
            return ownership_status.GroupStatuses.from_json(content)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _invalid_response(self._transport, error) from error


def response_error(
    transport: transports.Transport, method: str, path: str, response: transports.Response
) -> transports.RequestError:
    """The error for a response without a 2xx status code."""
    call = f"{transport.target}: {method} {path}: {response.status}"
    match response.status:
        case HTTPStatus.UNAUTHORIZED:
            return transports.RequestError(
                f"{call}: a password is required; set {transport.flag}=https://user:password@host:port"
            )
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            advice = (
                f"check that {transport.flag} has the path of --web.route-prefix, and the version of tidegate there"
            )
            return UnknownCallError(f"{call}: the server does not have this call; {advice}")
        case status if 300 <= status < 400:
            return transports.RequestError(
                f"{call}: the server redirects to another URL; set {transport.flag} to that URL"
            )
        case _:
            return transports.RequestError(f"{call}: {_error_message(response.body)}")


async def _json(transport: transports.Transport, method: str, path: str, query: transports.Query = ()) -> Json:
    response = await transport.call(method, path, query)
    if not transports.is_success(response):
        raise response_error(transport, method, path, response)
    try:
        content: Json = json.loads(response.body)
    except ValueError as error:
        raise _invalid_response(transport, error) from error
    return content


def _error_message(body: bytes) -> str:
    """The error message of a response: the field ``error`` of JSON, or the text itself."""
    try:
        message = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        message = body.decode(errors="replace")
    return str(message).strip()[:_MAX_MESSAGE]


def _invalid_response(transport: transports.Transport, error: Exception) -> transports.RequestError:
    reason = f"{type(error).__name__}: {error}"[:_MAX_MESSAGE]
    return transports.RequestError(
        f"{transport.target} did not respond as tidegate does ({reason}); check {transport.flag}"
    )


def _pushed(data: Json) -> PushedGroup:
    families = {str(name): family for name, family in data.items() if name not in _NOT_FAMILIES}
    pushed = families.get("push_time_seconds")
    return PushedGroup(
        key=_key(data["labels"]),
        families=families,
        push_time=float(pushed["metrics"][0]["value"]) if pushed else 0.0,
        last_push_successful=bool(data["last_push_successful"]),
    )


def _key(labels: Json) -> grouping.GroupingKey:
    return grouping.grouping_key({str(name): str(value) for name, value in labels.items()})
