"""``tidegate groups``: what a running gateway and its operator say of groups, and deleting some."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Callable, Iterable, Mapping
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from tidegate import app, client_settings, settings
from tidegate.cli import choices, colours, groupflags, tables
from tidegate.client import api_calls, drain_reports, transports
from tidegate.model import grouping, lifecycle, ownership_status, plurals

_DRAINING = lifecycle.State.DRAINING.value
_ANY_NUMBER = 999_999_999
_STALE_SECONDS = 120.0
"""Without a complete list for so long the operator's picture of the cluster is told to be old."""


class _Told(NamedTuple):
    """What could be found out.

    :param seen: where the groups stand; ``None`` where the operator did not tell.
    :param pushed: the groups as the gateway has them; ``None`` where it was not asked.
    :param trouble: why the operator did not tell.
    :param ahead: what becomes of groups, as far as the gateway was asked and tells; ``silence`` is why it did not.
    :param more: whether there may be groups that are not in it.
    """

    seen: ownership_status.Standings | None
    pushed: list[api_calls.PushedGroup] | None
    trouble: str = ""
    ahead: Mapping[grouping.GroupingKey, drain_reports.Outlook] = {}
    more: bool = False
    silence: transports.InquiryError | None = None


def run(chosen: argparse.Namespace) -> int:
    """Do what is asked; the exit status."""
    try:
        reach = groupflags.inquiry(chosen)
        status = _VERBS[chosen.verb](chosen, reach)
        sys.stdout.flush()
    except settings.BadSettingsError as error:
        _say(f"tidegate groups: {error}")
        return 2
    except BrokenPipeError:
        # Whoever read has had enough; what is left in the buffer must not be written to them at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except KeyboardInterrupt:
        return 130
    return status


def _list(chosen: argparse.Namespace, reach: client_settings.InquirySettings) -> int:
    matches: list[str] = chosen.match or []
    asked = [choices.Choice(text) for text in matches]
    told = _ask(reach, selectors=matches, limit=chosen.limit, samples=False)
    if told.seen is None:
        _say(f"tidegate: {told.trouble}; without the operator nobody knows whose groups are, or why they stay")
    found, now = _standings(told, asked, limit=chosen.limit)
    if chosen.output == groupflags.JSON:
        _write_json([group.to_json() for group in found])
    elif found:
        sys.stdout.write(tables.table(found, now=now, header=chosen.headers, coloured=_coloured(chosen)))
    else:
        _say("no group is there" if not matches else "no group is selected")
    return 0


def _show(chosen: argparse.Namespace, reach: client_settings.InquirySettings) -> int:
    choice: choices.Choice = chosen.choice
    told = _ask(reach, selectors=[choice.selector], limit=_limit(chosen), samples=True, choice=choice)
    if told.seen is None:
        _say(f"tidegate: {told.trouble}; this is what the gateway says")
    known = {group.key: group for group in _joined(told)}
    found = [group for group in told.pushed or () if choice.has(group.key)]
    _tell_more(more=len(found) > chosen.limit)
    found = sorted(found[: chosen.limit], key=lambda group: group.key)
    if chosen.output == groupflags.JSON:
        _write_json([_whole(group, known.get(group.key), told=told) for group in found])
    else:
        now, coloured = _now(told), _coloured(chosen)
        shown = [
            tables.details(group, known.get(group.key), told.ahead.get(group.key), now=now, coloured=coloured)
            for group in found
        ]
        sys.stdout.write("\n".join(shown))
    return _found(found)


def _explain(chosen: argparse.Namespace, reach: client_settings.InquirySettings) -> int:
    choice: choices.Choice = chosen.choice
    told = _ask(reach, selectors=[choice.selector], limit=_limit(chosen), samples=False, choice=choice)
    if told.seen is None:
        if told.silence is not None:
            raise transports.InquiryError(f"{told.trouble}; only the operator knows why a group stays")
        _say(f"tidegate: {told.trouble}; this is what the gateway says")
    found = sorted((group for group in _joined(told) if choice.has(group.key)), key=lambda group: group.key)
    if told.seen is None:
        _tell_more(more=len(found) > chosen.limit or (told.more and (choice.key is None or not found)))
        found = found[: chosen.limit]
    if chosen.output == groupflags.JSON:
        _write_json([_foretold(group, told=told) for group in found])
    else:
        sys.stdout.write(tables.explanations(found))
    return _found(found)


def _delete(chosen: argparse.Namespace, reach: client_settings.InquirySettings) -> int:
    def deletion(*, dry_run: bool) -> api_calls.Deletion:
        return app.run_inquiry(reach, lambda gateway, _: gateway.delete(chosen.match, dry_run=dry_run))

    if not chosen.dry_run and not chosen.yes:
        if not sys.stdin.isatty():
            raise settings.BadSettingsError("there is no terminal to ask on: give --yes, or --dry-run to see which")
        if not _confirmed(deletion(dry_run=True).keys):
            return 1
    done = deletion(dry_run=chosen.dry_run)
    count = 0 if done.dry_run else len(done.keys)
    if chosen.output == groupflags.JSON:
        told = {
            "dry_run": done.dry_run,
            "deleted": count,
            "groups": [grouping.labels(key) for key in sorted(done.keys)],
        }
        sys.stdout.write(f"{json.dumps(told, indent=2)}\n")
    else:
        sys.stdout.write(tables.names(done.keys))
    whole = plurals.counted(len(done.keys), "group")
    _say(f"{whole} would be deleted" if done.dry_run else f"{whole} deleted")
    return 0


def _confirmed(keys: Iterable[grouping.GroupingKey]) -> bool:
    found = list(keys)
    if not found:
        _say("no group is selected")
        return False
    sys.stderr.write(tables.names(found))
    them = "this group" if len(found) == 1 else f"these {len(found)} groups"
    sys.stderr.write(f"Delete {them} at once, read by Prometheus or not? [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in ("y", "yes")


_VERBS: dict[str, Callable[[argparse.Namespace, client_settings.InquirySettings], int]] = {
    groupflags.LIST: _list,
    groupflags.SHOW: _show,
    groupflags.EXPLAIN: _explain,
    groupflags.DELETE: _delete,
}


def _ask(
    reach: client_settings.InquirySettings,
    *,
    selectors: list[str],
    limit: int,
    samples: bool,
    choice: choices.Choice | None = None,
) -> _Told:
    """Ask the operator; and the gateway for samples, or where the operator does not tell.

    :param choice: of what is to become of these the gateway is asked, too.
    """

    async def ask(gateway: api_calls.GatewayApi, operator: api_calls.OperatorApi) -> _Told:
        try:
            seen, trouble = await operator.standings(selectors, limit=limit), ""
        except transports.InquiryError as error:
            seen, trouble = None, str(error)
        try:
            pushed = await gateway.groups() if samples or (seen is None and choice is None) else None
        except transports.InquiryError as error:
            raise transports.InquiryError(f"{error}; {trouble}" if trouble else str(error)) from error
        told = _Told(seen, pushed, trouble)
        return told if choice is None else await _look_ahead(gateway, told, choice, limit=limit)

    told = app.run_inquiry(reach, ask)
    if told.seen is not None and told.seen.listed_ago > _STALE_SECONDS:
        _say(f"tidegate: the operator has not listed all objects for {tables.age(told.seen.listed_ago)}: see its log")
    return told


async def _look_ahead(gateway: api_calls.GatewayApi, told: _Told, choice: choices.Choice, *, limit: int) -> _Told:
    """Ask the gateway what becomes of the groups that drain, or of all where the operator did not tell which do."""
    state, enough, drain = "", _enough(choice, limit=limit), set[grouping.GroupingKey]()
    if told.seen is not None:
        drain = {group.key for group in told.seen.groups if group.state == _DRAINING and choice.has(group.key)}
        if not drain:
            return told
        state, enough = _DRAINING, drain.issubset
    try:
        ahead, more = await gateway.look_ahead([choice.selector], state=state, enough=enough)
    except transports.InquiryError as error:
        if told.seen is None and told.pushed is None and not isinstance(error, api_calls.UnknownCallError):
            raise transports.InquiryError(f"{error}; {told.trouble}") from error
        # A stock Pushgateway does not tell, and nobody need hear of that each time.
        if told.seen is not None and not isinstance(error, api_calls.UnknownCallError):
            _say(f"tidegate: {error}; so it is not told whom groups that drain wait for")
        return told._replace(silence=error)
    if missing := more and len(drain - ahead.keys()):
        _say(f"tidegate: so many drain that of {missing} it is not told whom they wait for: choose fewer")
    return told._replace(ahead=ahead, more=more)


def _enough(choice: choices.Choice, *, limit: int) -> Callable[[AbstractSet[grouping.GroupingKey]], bool]:
    key = choice.key
    return (lambda found: len(found) > limit) if key is None else (lambda found: key in found)


def _joined(told: _Told) -> list[ownership_status.GroupStanding]:
    """Where the groups stand, by both or by the one that told."""
    if told.seen is None:
        return [drain_reports.alone(group) for group in told.ahead.values()]
    return [drain_reports.joined(group, told.ahead.get(group.key)) for group in told.seen.groups]


def _standings(
    told: _Told, asked: list[choices.Choice], *, limit: int
) -> tuple[list[ownership_status.GroupStanding], float]:
    """Where the groups stand, by the gateway alone where the operator did not tell; and the present time."""
    if told.seen is not None:
        _tell_more(more=told.seen.more)
        return list(told.seen.groups), told.seen.now
    selected = [
        ownership_status.GroupStanding(key=group.key, state="", verdict="", rule="", push_time=group.push_time)
        for group in told.pushed or ()
        if not asked or any(choice.has(group.key) for choice in asked)
    ]
    _tell_more(more=len(selected) > limit)
    return selected[:limit], _now(told)


def _now(told: _Told) -> float:
    return time.time() if told.seen is None else told.seen.now


def _coloured(chosen: argparse.Namespace) -> bool:
    return colours.wanted(chosen.color, sys.stdout, os.environ)


def _limit(chosen: argparse.Namespace) -> int:
    """Of groups that are chosen by key one is looked for, among all that have more labels."""
    limit: int = chosen.limit
    return limit if chosen.choice.key is None else _ANY_NUMBER


def _tell_more(*, more: bool) -> None:
    if more:
        _say("tidegate: there are more groups: choose fewer, or raise --limit")


def _whole(
    group: api_calls.PushedGroup, standing: ownership_status.GroupStanding | None, *, told: _Told
) -> dict[str, Any]:
    known = {"labels": grouping.labels(group.key)} if standing is None else _foretold(standing, told=told)
    return {**known, "last_push_successful": group.last_push_successful, "families": group.families}


def _foretold(standing: ownership_status.GroupStanding, *, told: _Told) -> dict[str, Any]:
    ahead = told.ahead.get(standing.key)
    return {**standing.to_json(), "drain": None if ahead is None or ahead.drain is None else ahead.drain.to_json()}


def _found(found: list[Any]) -> int:
    if not found:
        _say("no group is selected")
    return 0 if found else 1


def _write_json(found: list[dict[str, Any]]) -> None:
    ordered = sorted(found, key=lambda group: sorted(group["labels"].items()))
    sys.stdout.write(f"{json.dumps({'groups': ordered}, indent=2)}\n")


def _say(text: str) -> None:
    print(tables.plain(text), file=sys.stderr)
