"""What gateway and operator are asked, and what they answer."""

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
_OF_A_GROUP = ("labels", "last_push_successful")
_SAID = 500
"""Characters of an answer that an error repeats."""

_ROWS = 200
"""Groups of one answer of the gateway: it gives no more at once."""

MOST_PAGES = 100
"""Answers that are asked for one after the other, so that nobody waits for minutes."""


class UnknownCallError(transports.InquiryError):
    """Whoever is asked has no such call: a stock Pushgateway, or a tidegate of another version."""


class PushedGroup(NamedTuple):
    """A group as the gateway tells everybody of it.

    :param families: by name, in the words of Pushgateway's API.
    :param push_time: Unix seconds of the gateway's clock, 0.0 for never.
    """

    key: grouping.GroupingKey
    families: dict[str, Json]
    push_time: float
    last_push_successful: bool


class Deletion(NamedTuple):
    """What was deleted, or with a dry run would have been."""

    keys: tuple[grouping.GroupingKey, ...]
    dry_run: bool


class GatewayApi:
    """The public API of a gateway. Calls raise :class:`transports.InquiryError`."""

    def __init__(self, door: transports.Door) -> None:
        self._door = door

    async def groups(self) -> list[PushedGroup]:
        """All groups with their families."""
        told = await _json(self._door, "GET", "/api/v1/metrics")
        try:
            return [_pushed(group) for group in told["data"]]
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _garbled(self._door, error) from error

    async def delete(self, selectors: Sequence[str], *, dry_run: bool) -> Deletion:
        """Delete what any of these selects."""
        query = [*((_MATCH, text) for text in selectors), ("dry_run", "1" if dry_run else "0")]
        told = await _json(self._door, "DELETE", "/api/v1/groups", query)
        try:
            data = told["data"]
            return Deletion(tuple(_key(labels) for labels in data["groups"]), bool(data["dry_run"]))
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _garbled(self._door, error) from error

    async def group_reports(
        self, selectors: Sequence[str], *, state: str = "", enough: Callable[[AbstractSet[_Key]], bool]
    ) -> tuple[dict[_Key, drain_reports.GroupReport], bool]:
        """The gateway's reports of the groups that any of these selectors selects; and whether there may be more.

        :param state: only groups in this state; empty for all.
        :param enough: whether these keys are all that are needed.
        :raises UnknownCallError: the gateway has no such API.
        """
        found: dict[grouping.GroupingKey, drain_reports.GroupReport] = {}
        asked = [*((_MATCH, text) for text in selectors), ("state", state)]
        for page in range(MOST_PAGES):
            paging = [("offset", str(page * _ROWS)), ("limit", str(_ROWS)), ("why", "1")]
            told = await _json(self._door, "GET", "/api/v1/groups", [*asked, *paging])
            try:
                data = told["data"]
                now = float(data["now"])
                there = [
                    drain_reports.GroupReport.from_json(row, now=now) for row in data["groups"] if not row.get("gone")
                ]
                asked = [("listing", str(data["listing"]))]
                is_last = (page + 1) * _ROWS >= int(data["total"])
            except (LookupError, TypeError, ValueError, AttributeError) as error:
                raise _garbled(self._door, error) from error
            found.update((one.key, one) for one in there)
            if is_last or enough(found.keys()):
                return found, not is_last
        return found, True


class OperatorApi:
    """What the operator serves. Calls raise :class:`transports.InquiryError`."""

    def __init__(self, door: transports.Door) -> None:
        self._door = door

    async def group_statuses(self, selectors: Sequence[str], *, limit: int) -> ownership_status.GroupStatuses:
        """The operator's status of the groups that any of these selectors selects; of all groups without selectors."""
        query = [*((_MATCH, text) for text in selectors), ("limit", str(limit))]
        told = await _json(self._door, "GET", "/api/v1/groups", query)
        try:
            return ownership_status.GroupStatuses.from_json(told)
        except (LookupError, TypeError, ValueError, AttributeError) as error:
            raise _garbled(self._door, error) from error


def refusal(door: transports.Door, method: str, path: str, answer: transports.Answer) -> transports.InquiryError:
    """An answer that is no success, in words."""
    what = f"{door.where}: {method} {path}: {answer.status}"
    match answer.status:
        case HTTPStatus.UNAUTHORIZED:
            return transports.InquiryError(
                f"{what}: it asks for a password: {door.flag}=https://user:password@host:port"
            )
        case HTTPStatus.NOT_FOUND | HTTPStatus.METHOD_NOT_ALLOWED:
            advice = f"has {door.flag} the path of --web.route-prefix, and is that a tidegate of this version?"
            return UnknownCallError(f"{what}: there is no such call; {advice}")
        case status if 300 <= status < 400:
            return transports.InquiryError(f"{what}: it leads elsewhere; give {door.flag} as it is there")
        case _:
            return transports.InquiryError(f"{what}: {_said(answer.body)}")


async def _json(door: transports.Door, method: str, path: str, query: transports.Query = ()) -> Json:
    answer = await door.call(method, path, query)
    if not transports.is_success(answer):
        raise refusal(door, method, path, answer)
    try:
        told: Json = json.loads(answer.body)
    except ValueError as error:
        raise _garbled(door, error) from error
    return told


def _said(body: bytes) -> str:
    """What the answer says is wrong, from its JSON where it is some."""
    try:
        said = json.loads(body)["error"]
    except (ValueError, LookupError, TypeError):
        said = body.decode(errors="replace")
    return str(said).strip()[:_SAID]


def _garbled(door: transports.Door, error: Exception) -> transports.InquiryError:
    reason = f"{type(error).__name__}: {error}"[:_SAID]
    return transports.InquiryError(f"{door.where} does not answer as tidegate does ({reason}); is {door.flag} right?")


def _pushed(data: Json) -> PushedGroup:
    families = {str(name): family for name, family in data.items() if name not in _OF_A_GROUP}
    pushed = families.get("push_time_seconds")
    return PushedGroup(
        key=_key(data["labels"]),
        families=families,
        push_time=float(pushed["metrics"][0]["value"]) if pushed else 0.0,
        last_push_successful=bool(data["last_push_successful"]),
    )


def _key(labels: Json) -> grouping.GroupingKey:
    return grouping.grouping_key({str(name): str(value) for name, value in labels.items()})
