"""What ``tidegate groups`` prints for people: pure functions from what was told to text of at most 120 columns."""

from __future__ import annotations

import datetime
import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from tidegate.cli import colours
from tidegate.client import api_calls, drain_reports
from tidegate.model import grouping, ownership_status

Json: TypeAlias = dict[str, Any]

WIDTH = 120
_GAP = "  "
_LEAST = 12
"""Characters that a column keeps when others need room."""
_HEADER = ("GROUP", "STATE", "VERDICT", "RULE", "OWNERS", "PUSHED")
_COLOURED = (_HEADER.index("STATE"), _HEADER.index("VERDICT"))
_TIMES = ("push_time_seconds", "push_failure_time_seconds")
_INDENT = " " * 2
_LABEL = 10


def table(found: Iterable[ownership_status.GroupStanding], *, now: float, header: bool, coloured: bool = False) -> str:
    """A line a group, by name."""
    rows = [_row(group, now=now) for group in sorted(found, key=lambda group: group.key)]
    if not rows:
        return ""
    lines = [_HEADER, *rows] if header else rows
    widths = _fitting([max(map(len, column)) for column in zip(*lines, strict=True)])
    made = [_line(cells, widths, coloured=coloured) for cells in lines]
    if header and coloured:
        made[0] = colours.bold(made[0])
    return "".join(f"{line}\n" for line in made)


def explanations(found: Iterable[ownership_status.GroupStanding]) -> str:
    """A paragraph a group, by name."""
    return "\n".join(f"{_explained(group)}\n" for group in sorted(found, key=lambda group: group.key))


def details(
    pushed: api_calls.PushedGroup,
    standing: ownership_status.GroupStanding | None,
    ahead: drain_reports.Outlook | None = None,
    *,
    now: float,
    coloured: bool = False,
) -> str:
    """All that is known of a group.

    :param standing: ``None`` where nobody told; without a verdict where the operator did not.
    :param ahead: ``None`` where the gateway was not asked, or does not tell.
    """
    name = plain(grouping.describe(pushed.key))
    lines = [colours.bold(name) if coloured else name]
    success = "" if pushed.last_push_successful else ", and the last push was refused"
    lines += _field("pushed", f"{_when(pushed.push_time, now=now)}{success}")
    if standing is not None:
        if standing.verdict:
            lines += _field("from", ", ".join(standing.pushers) or "an address that is not known")
        lines += _word("state", standing.state, coloured=coloured)
        if standing.verdict:
            lines += _word("verdict", standing.verdict, coloured=coloured)
        for owner in standing.owners:
            lines += _field("owner", _owner(owner))
        lines += _field("why", " ".join(standing.why))
    if ahead is not None and ahead.drain is not None:
        lines += _drain(ahead.drain)
    lines += _families(pushed.families)
    return "\n".join(lines) + "\n"


def names(keys: Iterable[grouping.GroupingKey]) -> str:
    """A line a group, by name, with nothing else."""
    return "".join(f"{plain(grouping.describe(key))}\n" for key in sorted(keys))


def plain(text: str) -> str:
    """SECURITY: the text without what a terminal would obey; whoever pushes says what labels are."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def age(seconds: float) -> str:
    """How long ago: ``45s``, ``5m``, ``3h12m``, ``2d4h``."""
    whole = max(int(seconds), 0)
    if whole < 60:
        return f"{whole}s"
    if whole < 3600:
        return f"{whole // 60}m"
    if whole < 86400:
        return f"{whole // 3600}h{whole % 3600 // 60}m"
    return f"{whole // 86400}d{whole % 86400 // 3600}h"


def _row(group: ownership_status.GroupStanding, *, now: float) -> tuple[str, ...]:
    holders = [str(owner.owner) for owner in group.owners if owner.decides]
    pushed = age(now - group.push_time) if group.push_time else "never"
    cells = (grouping.describe(group.key), group.state, group.verdict, group.rule, ", ".join(holders), pushed)
    return tuple(plain(cell) or "-" for cell in cells)


def _fitting(widths: list[int]) -> list[int]:
    """These widths, the widest ones made smaller until all fit."""
    fitting = list(widths)
    while sum(fitting) + len(_GAP) * (len(fitting) - 1) > WIDTH and max(fitting) > _LEAST:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting


def _line(cells: Sequence[str], widths: Sequence[int], *, coloured: bool) -> str:
    made = [_cut(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True)]
    if coloured:
        for place in _COLOURED:
            shown = made[place].rstrip()
            made[place] = colours.word(shown) + made[place][len(shown) :]
    return _GAP.join(made).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _explained(group: ownership_status.GroupStanding) -> str:
    by = f", by the rule {group.rule}" if group.rule else ""
    verdict = f"; {group.verdict}{by}" if group.verdict else ""
    head = f"{grouping.describe(group.key)} is {group.state}{verdict}."
    return textwrap.fill(plain(" ".join([head, *group.why])), WIDTH, subsequent_indent=_INDENT, break_on_hyphens=False)


def _field(label: str, text: str) -> list[str]:
    first = f"{_INDENT}{label:<{_LABEL}}"
    filled = textwrap.wrap(plain(text), WIDTH - len(first), break_on_hyphens=False) or [""]
    return [first + filled[0], *(" " * len(first) + line for line in filled[1:])]


def _word(label: str, word: str, *, coloured: bool) -> list[str]:
    lines, begin = _field(label, word), len(_INDENT) + _LABEL
    return [line[:begin] + colours.word(line[begin:]) if coloured else line for line in lines]


def _owner(owner: ownership_status.OwnerStanding) -> str:
    said = [f"rule {owner.rule}", "active" if owner.active else "over"]
    if owner.ends_at is not None and owner.active:
        said.append(f"keeps it until {_moment(owner.ends_at)}")
    if not owner.claims:
        said.append("no claim")
    if not owner.decides:
        said.append("does not decide")
    return f"{owner.owner} ({', '.join(said)})"


def _drain(drain: drain_reports.Drain) -> Iterator[str]:
    end = "" if drain.until is None else f", until {_moment(drain.until)} at the latest"
    yield from _field("drains", f"since {_moment(drain.since)}{end}")
    for one in drain.scrapers:
        yield from _field("waits for", str(one))


def _when(seconds: float, *, now: float) -> str:
    return f"{_moment(seconds)}, {age(now - seconds)} ago" if seconds else "never"


def _moment(seconds: float) -> str:
    try:
        return datetime.datetime.fromtimestamp(seconds, tz=datetime.UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return f"{seconds:g}"


def _families(found: dict[str, Json]) -> Iterator[str]:
    for name, family in sorted(found.items()):
        if name in _TIMES:
            continue
        told = f": {family['help']}" if family.get("help") else ""
        yield from _field("family", f"{name} ({str(family.get('type', 'UNTYPED')).lower()}){told}")
        for metric in family.get("metrics", ()):
            yield from _field("", _sample(metric))


def _sample(metric: Json) -> str:
    labels = grouping.describe(
        grouping.grouping_key({str(name): str(value) for name, value in metric["labels"].items()})
    )
    if "value" in metric:
        return f"{labels} {metric['value']}"
    spread: Any = metric.get("quantiles") or metric.get("buckets") or {}
    parts = [f"{at}: {count}" for at, count in spread.items()] if isinstance(spread, dict) else map(_bucket, spread)
    return f"{labels} count {metric['count']}, sum {metric['sum']}; {', '.join(parts)}".rstrip("; ")


def _bucket(bucket: Sequence[Any]) -> str:
    """A bucket of a native histogram: a number tells which bounds belong to it, as in Prometheus' API."""
    bounds, lower, upper, count = bucket
    return f"{'[' if bounds in (1, 3) else '('}{lower}, {upper}{']' if bounds in (0, 3) else ')'}: {count}"
