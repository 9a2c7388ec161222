"""The text that ``tidegate groups`` prints: pure functions from groups to lines of at most 120 columns."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, TypeAlias

from tidegate.cli import terminal
from tidegate.client import api_calls, drain_reports
from tidegate.model import durations, grouping, ownership_status, reason_texts

Json: TypeAlias = dict[str, Any]

WIDTH = 120
_GAP = "  "
_MIN_COLUMN = 12
"""Columns narrower than this are never cut."""
_HEADER = ("GROUP", "STATE", "VERDICT", "RULE", "OWNERS", "PUSHED")
_COLORED = (_HEADER.index("STATE"), _HEADER.index("VERDICT"))
_TIMES = ("push_time_seconds", "push_failure_time_seconds")
_INDENT = " " * 2
_LABEL_WIDTH = 11


def table(rows: Iterable[ownership_status.GroupStatus], *, now: float, header: bool, is_colored: bool = False) -> str:
    """A table with a line for each group, sorted by name."""
    lines = [_cells(group, now=now) for group in sorted(rows, key=lambda group: group.key)]
    if not lines:
        return ""
    if header:
        lines.insert(0, _HEADER)
    widths = _fitting([max(map(len, column)) for column in zip(*lines, strict=True)])
    text = [_line(cells, widths, is_colored=is_colored) for cells in lines]
    if header and is_colored:
        text[0] = terminal.bold(text[0])
    return "".join(f"{line}\n" for line in text)


def explanations(explained: Iterable[ownership_status.GroupStatus]) -> str:
    """A paragraph for each group, sorted by name."""
    return "\n".join(f"{_explanation(group)}\n" for group in sorted(explained, key=lambda group: group.key))


def details(
    pushed: api_calls.PushedGroup,
    status: ownership_status.GroupStatus | None,
    report: drain_reports.GroupReport | None = None,
    *,
    now: float,
    is_colored: bool = False,
) -> str:
    """Everything about a group, one field per line.

    :param status: ``None`` if neither operator nor gateway reported it; without a verdict if the operator did not.
    :param report: ``None`` without a report of the gateway about this group.
    """
    name = terminal.plain(grouping.describe(pushed.key))
    lines = [terminal.bold(name) if is_colored else name]
    failure = "" if pushed.last_push_successful else "; the last push was rejected"
    lines += _field("pushed", f"{_time(pushed.push_time, now=now)}{failure}")
    if status is not None:
        if status.verdict:
            lines += _field("pushed by", ", ".join(status.pushers) or "unknown address")
        lines += _word("state", status.state, is_colored=is_colored)
        if status.verdict:
            lines += _word("verdict", status.verdict, is_colored=is_colored)
        for owner in status.owners:
            lines += _field("owner", _owner(owner))
        lines += _field("why", " ".join(status.why))
    if report is not None and report.drain is not None:
        lines += _drain(report.drain)
    lines += _families(pushed.families)
    return "\n".join(lines) + "\n"


def names(keys: Iterable[grouping.GroupingKey]) -> str:
    """The names of groups, sorted, one per line."""
    return "".join(f"{terminal.plain(grouping.describe(key))}\n" for key in sorted(keys))


def age(seconds: float) -> str:
    """Print the time since an event, in at most two units; an event in the future has the age 0."""
    return durations.format_short(max(seconds, 0.0))


def _cells(group: ownership_status.GroupStatus, *, now: float) -> tuple[str, ...]:
    owners = [str(owner.owner) for owner in group.owners if owner.decides]
    pushed = age(now - group.push_time) if group.push_time else "never"
    cells = (grouping.describe(group.key), group.state, group.verdict, group.rule, ", ".join(owners), pushed)
    return tuple(terminal.plain(cell) or "-" for cell in cells)


def _fitting(widths: list[int]) -> list[int]:
    """The widths, with the widest reduced until the line fits."""
    fitting = list(widths)
    while sum(fitting) + len(_GAP) * (len(fitting) - 1) > WIDTH and max(fitting) > _MIN_COLUMN:
        fitting[fitting.index(max(fitting))] -= 1
    return fitting


def _line(cells: Sequence[str], widths: Sequence[int], *, is_colored: bool) -> str:
    padded = [_cut(cell, width).ljust(width) for cell, width in zip(cells, widths, strict=True)]
    if is_colored:
        for column in _COLORED:
            word = padded[column].rstrip()
            padded[column] = terminal.colored(word) + padded[column][len(word) :]
    return _GAP.join(padded).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else f"{text[: width - 1]}…"


def _explanation(group: ownership_status.GroupStatus) -> str:
    rule = f" by rule {group.rule}" if group.rule else ""
    verdict = f"; verdict {group.verdict}{rule}" if group.verdict else ""
    head = f"{grouping.describe(group.key)} is {group.state}{verdict}."
    text = terminal.plain(" ".join([head, *group.why]))
    return textwrap.fill(text, WIDTH, subsequent_indent=_INDENT, break_on_hyphens=False)


def _field(label: str, text: str) -> list[str]:
    first = f"{_INDENT}{label:<{_LABEL_WIDTH}}"
    wrapped = textwrap.wrap(terminal.plain(text), WIDTH - len(first), break_on_hyphens=False) or [""]
    return [first + wrapped[0], *(" " * len(first) + line for line in wrapped[1:])]


def _word(label: str, word: str, *, is_colored: bool) -> list[str]:
    lines, start = _field(label, word), len(_INDENT) + _LABEL_WIDTH
    return [line[:start] + terminal.colored(line[start:]) if is_colored else line for line in lines]


def _owner(owner: ownership_status.OwnerStatus) -> str:
    notes = [f"rule {owner.rule}", "active" if owner.active else "finished"]
    if owner.ends_at is not None and owner.active:
        notes.append(f"keeps the group until {reason_texts.time(owner.ends_at)}")
    if not owner.claims:
        notes.append("no claim")
    if not owner.decides:
        notes.append("overruled by another owner")
    return f"{owner.owner} ({', '.join(notes)})"


def _drain(drain: drain_reports.Drain) -> Iterator[str]:
    end = "" if drain.until is None else f", until {reason_texts.time(drain.until)} at the latest"
    yield from _field("draining", f"since {reason_texts.time(drain.since)}{end}")
    for waited_for in (*drain.readers, *(database.name for database in drain.databases)):
        yield from _field("waits for", str(waited_for))


def _time(seconds: float, *, now: float) -> str:
    return f"{reason_texts.time(seconds)}, {age(now - seconds)} ago" if seconds else "never"


def _families(families: dict[str, Json]) -> Iterator[str]:
    for name, family in sorted(families.items()):
        if name in _TIMES:
            continue
        help = f": {family['help']}" if family.get("help") else ""
        yield from _field("family", f"{name} ({str(family.get('type', 'UNTYPED')).lower()}){help}")
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
    """A bucket of a native histogram: a number says which of its limits it includes, as in the API of Prometheus."""
    includes, lower, upper, count = bucket
    return f"{'[' if includes in (1, 3) else '('}{lower}, {upper}{']' if includes in (0, 3) else ')'}: {count}"
