"""The report that a soak prints at its end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

from tests.soak import checker, histories

_SHOWN = 10
"""Number of findings of a verdict that are shown in detail."""
_ENDS = 3
"""Number of first and last pushes in the history of a group."""
_WIDTH = 34


def table(
    history: histories.History, verdicts: checker.Verdicts, *, jobs: Mapping[str, int], deleted: Mapping[str, int]
) -> str:
    """The whole report.

    :param jobs: number of created Jobs, by kind.
    :param deleted: number of groups that the gateway reports as deleted, by reason.
    """
    acknowledged = sum(push.acknowledged is not None for push in history.pushes)
    rows = [
        ("Jobs", str(sum(jobs.values()))),
        *_inner(jobs),
        ("pushes", str(len(history.pushes))),
        ("  acknowledged", str(acknowledged)),
        ("  of groups", str(len(history.by_group))),
        ("faults", str(len(history.faults))),
        *_inner(Counter(fault.name for fault in history.faults)),
        *_scrapes(history.scrapers),
        ("groups deleted according to the gateway", str(sum(deleted.values()))),
        *_inner(deleted),
        ("final values missed", _count(verdicts.missed)),
        ("groups deleted with proof and missing in a database", _count(verdicts.unproven)),
        *_proofs(history, verdicts),
        ("live groups deleted", _count(verdicts.deleted)),
        ("groups deleted too late or never", _count(verdicts.left)),
        ("acknowledged pushes lost", _count(verdicts.lost)),
        ("processes ended by themselves", str(len(verdicts.ended))),
        ("  (not deleted, owner unknowable)", _count(verdicts.unknowable)),
    ]
    width = max(_WIDTH, *(len(name) for name, _ in rows))
    return "\n".join(f"{name:<{width}}  {value:>9}" for name, value in rows)


def details(history: histories.History, verdicts: checker.Verdicts) -> str:
    """Each finding with the history of its group from all sources; empty if there are no findings."""
    return "\n".join(
        line
        for title, findings in (
            ("final value missed", verdicts.missed),
            ("deleted with proof, but missing", verdicts.unproven),
            ("live group deleted", verdicts.deleted),
            ("deleted too late or never", verdicts.left),
            ("acknowledged push lost", verdicts.lost),
        )
        for finding in findings[:_SHOWN]
        for line in _group_history(history, title, finding)
    )


def _group_history(history: histories.History, title: str, finding: checker.Finding) -> Iterator[str]:
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
    shown = pushes if len(pushes) <= 2 * _ENDS else [*pushes[:_ENDS], *pushes[-_ENDS:]]
    for push in shown:
        acknowledged = "never acknowledged" if push.acknowledged is None else f"acknowledged {push.acknowledged:.3f}"
        yield push.sent, f"{push.value:.0f} sent by {push.owner}, {acknowledged}"
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


def _proofs(history: histories.History, verdicts: checker.Verdicts) -> Iterator[tuple[str, str]]:
    """For each grade of proof: the groups whose last deletion had it, and how many of them a database lacks."""
    last = {deletion.group: deletion.proof for deletion in history.deletions}
    lacking = {finding.group for finding in verdicts.unproven}
    for proof in sorted(set(last.values())):
        groups = {group for group, each in last.items() if each == proof}
        yield f"  {proof}, of them missing", f"{len(groups)}/{len(groups & lacking)}"


def _inner(counted: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for name, number in sorted(counted.items(), key=lambda item: (-item[1], item[0])):
        yield f"  {name}", str(number)


def _count(findings: Iterable[checker.Finding]) -> str:
    """The number of groups, not of findings: both scrapers may have the same finding."""
    return str(len({finding.group for finding in findings}))
