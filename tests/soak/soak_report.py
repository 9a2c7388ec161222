"""What a soak prints at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.soak import checker, histories

_SHOWN = 10
"""Findings of a verdict that are told in full."""
_ENDS = 3
"""Pushes at the beginning of a group's story and at its end that are told."""
_WIDTH = 34


def table(
    history: histories.History, found: checker.Verdicts, *, jobs: Mapping[str, int], deleted: Mapping[str, int]
) -> str:
    """The whole report.

    :param jobs: how many were created, by kind.
    :param deleted: how many groups the gateway says it deleted, by reason.
    """
    answered = sum(push.answered is not None for push in history.pushes)
    rows = [
        ("Jobs", str(sum(jobs.values()))),
        *_inner(jobs),
        ("pushes", str(len(history.pushes))),
        ("  acknowledged", str(answered)),
        ("  of groups", str(len(history.by_group))),
        ("faults", str(len(history.faults))),
        *_inner(Counter(fault.name for fault in history.faults)),
        *_scrapes(history.scrapers),
        ("groups deleted, by the gateway's count", str(sum(deleted.values()))),
        *_inner(deleted),
        ("final values missed", _count(found.missed)),
        ("live groups deleted", _count(found.deleted)),
        ("groups left past the bound", _count(found.left)),
        ("acknowledged pushes lost", _count(found.lost)),
        ("processes ended by themselves", str(len(found.ended))),
        ("  (left, but nobody could know)", _count(found.unknowable)),
    ]
    width = max(_WIDTH, *(len(name) for name, _ in rows))
    return "\n".join(f"{name:<{width}}  {value:>9}" for name, value in rows)


def details(history: histories.History, found: checker.Verdicts) -> str:
    """Each finding with all that the witnesses say of its group; empty where nothing was found."""
    return "\n".join(
        line
        for title, findings in (
            ("final value missed", found.missed),
            ("live group deleted", found.deleted),
            ("left past the bound", found.left),
            ("acknowledged push lost", found.lost),
        )
        for finding in findings[:_SHOWN]
        for line in _story(history, title, finding)
    )


def _story(history: histories.History, title: str, finding: checker.Finding) -> Iterator[str]:
    group = finding.group
    yield f"{title}: {','.join(f'{name}={value}' for name, value in group)}: {finding.text}"
    moments = sorted(_moments(history, group))
    begin, end = moments[0][0] - 5.0, moments[-1][0] + 5.0
    moments += [
        moment
        for fault in history.faults
        if fault.began < end and fault.ended > begin
        for moment in ((fault.began, f"fault: {fault.name} {fault.detail}"), (fault.ended, f"well again: {fault.name}"))
    ]
    for at, text in sorted(moments):
        yield f"    {at:.3f}  {text}"


def _moments(history: histories.History, group: histories.Group) -> Iterator[tuple[float, str]]:
    pushes = history.by_group[group]
    told = pushes if len(pushes) <= 2 * _ENDS else [*pushes[:_ENDS], *pushes[-_ENDS:]]
    for push in told:
        answered = "never acknowledged" if push.answered is None else f"acknowledged {push.answered:.3f}"
        yield push.sent, f"{push.value:.0f} sent by {push.owner}, {answered}"
    for owner in {push.owner for push in pushes} & history.lives.keys():
        for name, value in history.lives[owner]._asdict().items():
            if isinstance(value, float):
                yield value, f"owner {owner} {name}"
    for scraper in history.scrapers:
        if samples := scraper.samples.get(group):
            yield min(samples), f"{scraper.name} has it first"
            yield max(samples), f"{scraper.name} has it last, {samples[max(samples)]:.0f}"


def _scrapes(scrapers: Sequence[histories.Scraper]) -> Iterator[tuple[str, str]]:
    yield "scrapes", str(sum(len(scraper.attempts) for scraper in scrapers))
    for scraper in scrapers:
        up = sum(attempt.up for attempt in scraper.attempts)
        yield f"  {scraper.name}, of them failed", f"{len(scraper.attempts)}/{len(scraper.attempts) - up}"


def _inner(counted: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for name, number in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {name}", str(number)


def _count(findings: Iterable[checker.Finding]) -> str:
    """Groups, not findings: both scrapers may have seen it."""
    return str(len({finding.group for finding in findings}))
