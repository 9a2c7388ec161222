"""Requests of ``tidegate groups`` to the gateway and the operator, and the join of their responses."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from tidegate import app, client_settings
from tidegate.cli import group_printer, group_selection, terminal
from tidegate.client import api_calls, drain_reports, transports
from tidegate.model import grouping, lifecycle, ownership_status

_DRAINING = lifecycle.State.DRAINING.value
_NO_LIMIT = 999_999_999
_STALE_SECONDS = 120.0
"""After so long without a complete list of all objects, the operator's response is reported as outdated."""


class Lookup(NamedTuple):
    """The responses of the operator and the gateway.

    :param statuses: the operator's response; ``None`` if it did not respond.
    :param pushed: the groups of the gateway; ``None`` if no request was sent for them.
    :param operator_error: why the operator did not respond.
    :param reports: the gateway's reports of groups; incomplete if there is a ``gateway_error``.
    :param has_more: whether there may be groups that it does not contain.
    """

    statuses: ownership_status.GroupStatuses | None
    pushed: list[api_calls.PushedGroup] | None
    operator_error: str = ""
    reports: Mapping[grouping.GroupingKey, drain_reports.GroupReport] = {}
    has_more: bool = False
    gateway_error: transports.RequestError | None = None

    @property
    def now(self) -> float:
        """Unix seconds: on the clock of the API server if the operator responded, else of this machine."""
        return time.time() if self.statuses is None else self.statuses.now


def look_up(connection: client_settings.ConnectionSettings, *, selectors: Sequence[str], limit: int) -> Lookup:
    """Ask the operator for the groups of these selectors; the gateway only if the operator does not respond."""

    async def ask(gateway: api_calls.GatewayApi, operator: api_calls.OperatorApi) -> Lookup:
        return await _ask(gateway, operator, selectors, limit=limit, samples=None)

    return _warned(app.run_query(connection, ask))


def look_up_selection(
    connection: client_settings.ConnectionSettings, selection: group_selection.Selection, *, limit: int, samples: bool
) -> Lookup:
    """Ask the operator for the selected groups, and the gateway for the scrapers that draining groups wait for.

    :param samples: ask the gateway for the samples, too.
    """
    # One group that is named by its key is looked for among all that have more labels.
    limit = limit if selection.key is None else _NO_LIMIT

    async def ask(gateway: api_calls.GatewayApi, operator: api_calls.OperatorApi) -> Lookup:
        lookup = await _ask(gateway, operator, [selection.selector], limit=limit, samples=samples)
        return await _look_ahead(gateway, lookup, selection, limit=limit)

    return _warned(app.run_query(connection, ask))


async def _ask(
    gateway: api_calls.GatewayApi,
    operator: api_calls.OperatorApi,
    selectors: Sequence[str],
    *,
    limit: int,
    samples: bool | None,
) -> Lookup:
    """:param samples: whether to ask the gateway for its groups; ``None``: only if the operator does not respond."""
    statuses, operator_error = None, ""
    try:
        statuses = await operator.group_statuses(selectors, limit=limit)
    except transports.RequestError as error:
        operator_error = str(error)
    if samples is None:
        samples = statuses is None
    try:
        pushed = await gateway.groups() if samples else None
    except transports.RequestError as error:
        raise transports.RequestError(f"{error}; {operator_error}" if operator_error else str(error)) from error
    return Lookup(statuses, pushed, operator_error)


def _warned(lookup: Lookup) -> Lookup:
    if lookup.statuses is not None and lookup.statuses.listed_ago > _STALE_SECONDS:
        age = group_printer.age(lookup.statuses.listed_ago)
        terminal.warn(f"tidegate: the operator has not completed a list of all objects for {age}: see its log")
    return lookup


async def _look_ahead(
    gateway: api_calls.GatewayApi, lookup: Lookup, selection: group_selection.Selection, *, limit: int
) -> Lookup:
    """Ask the gateway about the groups that drain, or about all of them if the operator did not respond."""
    state, is_enough, draining = "", _is_enough(selection, limit=limit), set[grouping.GroupingKey]()
    if lookup.statuses is not None:
        draining = {
            group.key for group in lookup.statuses.groups if group.state == _DRAINING and selection.has(group.key)
        }
        if not draining:
            return lookup
        state, is_enough = _DRAINING, draining.issubset
    try:
        reported, has_more = await gateway.group_reports([selection.selector], state=state, enough=is_enough)
    except transports.RequestError as error:
        if lookup.statuses is None and lookup.pushed is None and not isinstance(error, api_calls.UnknownCallError):
            raise transports.RequestError(f"{error}; {lookup.operator_error}") from error
        # A stock Pushgateway never reports scrapers, so no warning is due.
        if lookup.statuses is not None and not isinstance(error, api_calls.UnknownCallError):
            terminal.warn(f"tidegate: {error}; cannot show which scrapers draining groups wait for")
        return lookup._replace(gateway_error=error)
    if missing := has_more and len(draining - reported.keys()):
        terminal.warn(
            f"tidegate: too many draining groups: for {missing} of them the scrapers are not shown; select fewer groups"
        )
    return lookup._replace(reports=reported, has_more=has_more)


def _is_enough(
    selection: group_selection.Selection, *, limit: int
) -> Callable[[AbstractSet[grouping.GroupingKey]], bool]:
    key = selection.key
    return (lambda keys: len(keys) > limit) if key is None else (lambda keys: key in keys)


def joined(lookup: Lookup) -> list[ownership_status.GroupStatus]:
    """The groups with their owners and their next steps, as far as operator and gateway responded."""
    if lookup.statuses is None:
        return [drain_reports.without_operator(report) for report in lookup.reports.values()]
    return [drain_reports.combine(group, lookup.reports.get(group.key)) for group in lookup.statuses.groups]


def selected_statuses(
    lookup: Lookup, selections: Sequence[group_selection.Selection], *, limit: int
) -> list[ownership_status.GroupStatus]:
    """The groups of at least one of the selections, all if there are none; warns if there are more than ``limit``."""
    if lookup.statuses is not None:
        warn_of_more(has_more=lookup.statuses.more)
        return list(lookup.statuses.groups)
    selected = [
        ownership_status.GroupStatus(key=group.key, state="", verdict="", rule="", push_time=group.push_time)
        for group in lookup.pushed or ()
        if not selections or any(selection.has(group.key) for selection in selections)
    ]
    warn_of_more(has_more=len(selected) > limit)
    return selected[:limit]


def warn_of_more(*, has_more: bool) -> None:
    """Tell the user that not all groups are shown."""
    if has_more:
        terminal.warn("tidegate: there are more groups: select fewer, or raise --limit")


def pushed_json(
    group: api_calls.PushedGroup, status: ownership_status.GroupStatus | None, lookup: Lookup
) -> dict[str, Any]:
    """A group of the gateway as JSON, with its owners if they are known."""
    known = {"labels": grouping.labels(group.key)} if status is None else status_json(status, lookup)
    return {**known, "last_push_successful": group.last_push_successful, "families": group.families}


def status_json(status: ownership_status.GroupStatus, lookup: Lookup) -> dict[str, Any]:
    """A group of the operator as JSON; while it drains, with the scrapers that it waits for."""
    report = lookup.reports.get(status.key)
    drain = None if report is None or report.drain is None else report.drain.to_json()
    return {**status.to_json(), "drain": drain}
