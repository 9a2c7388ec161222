"""The checker: errors of tidegate that a history proves. Pure, and independent of tidegate's implementation.

**Missed.** A final value is the last acknowledged push of one owner to one group. A scraper should have it if, after
the acknowledgement, it made a successful scrape that began before a further push replaced the value and before the
owner's end plus the drain timeout, and if it was never silent for three of its own intervals until then (a failed
scrape is not silence). If its database does not contain the value at all, the value was missed.

**Deleted.** From an acknowledged push until the end of its owner, which never comes for an unowned group, each
successful scrape must contain the group. A scrape without it that began more than a scrape timeout before that end
proves that a live group was deleted; if the gateway was killed since the group was last seen or pushed, it is lost.

**Left.** After the end of the last owner and the last attempt to push, a group has its drain timeout and a resync
period. Faults extend that: each fault of the gateway, the operator, the API server or the watch adds its duration in
this time and five seconds to recover; ten more seconds are for a busy machine. A later scrape that still contains the
group proves that it was left. If a group was first pushed, and its owner deleted, while the operator was blind (down
or disconnected, until one resync period later), the operator cannot find the owner; these groups count as unknowable.

**Unproven.** If the gateway reports that a group was deleted with proof, and the group was not pushed again, every
database contains its last acknowledged value.

**Lost.** No scrape has an older value than the last push that was acknowledged before the scrape began.

**Ended.** Gateway and operator end only when they are killed, never by themselves.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.soak import histories

SILENCE = 3
"""Intervals of silence after which a scraper may miss values. tidegate waits longer, but a scraper that is stopped
during a response has been sent data that it never reads."""
JITTER = 0.2
"""Share of an interval by which the silence may have begun earlier for the gateway than for the scraper."""
MOMENT = 0.05
"""Seconds; Prometheus shifts the times of scrapes by some milliseconds to align them."""
BUSY = 10.0
RECOVERY = 5.0
CLOCKS = 5.0
"""Seconds by which the gateway's clock may differ, with a reserve."""
TIMEOUT = "timeout"
CLAIM = 1.0
"""Seconds within which a healthy operator has seen a push and claimed its group."""

_CUT_OFF = (histories.Part.OPERATOR, histories.Part.API, histories.Part.WATCH)
_DELAYING = (histories.Part.GATEWAY, *_CUT_OFF)


class Finding(NamedTuple):
    """One proven error."""

    group: histories.Group
    text: str


class Verdicts(NamedTuple):
    """All findings; ``unknowable`` ones are not errors."""

    missed: list[Finding]
    unproven: list[Finding]
    deleted: list[Finding]
    left: list[Finding]
    lost: list[Finding]
    ended: list[histories.Fault]
    unknowable: list[Finding]

    @property
    def good(self) -> bool:
        """Whether no error was found."""
        return not (self.missed or self.unproven or self.deleted or self.left or self.lost or self.ended)


def judge(history: histories.History) -> Verdicts:
    """Check every group."""
    verdicts = Verdicts([], [], [], [], [], [fault for fault in history.faults if fault.by_itself], [])
    for scraper in history.scrapers:
        verdicts.missed.extend(_missed(history, scraper))
        verdicts.unproven.extend(_unproven(history, scraper))
        for finding, lost in _absent(history, scraper):
            (verdicts.lost if lost else verdicts.deleted).append(finding)
        verdicts.lost.extend(_outdated(history, scraper))
        for finding, unknowable in _left(history, scraper):
            (verdicts.unknowable if unknowable else verdicts.left).append(finding)
    return verdicts


def _missed(history: histories.History, scraper: histories.Scraper) -> Iterator[Finding]:
    for group, pushes in history.by_group.items():
        values = set(scraper.samples.get(group, {}).values())
        for push in _finals(pushes):
            if push.value in values:
                continue
            could = _opportunity(history, scraper, push, replaced=_next_sent(pushes, push))
            if could is not None:
                yield Finding(
                    group,
                    f"{scraper.name} has not {push.value:.0f}, pushed {push.acknowledged:.3f}, and scraped {could:.3f}",
                )


def _unproven(history: histories.History, scraper: histories.Scraper) -> Iterator[Finding]:
    for group, deletion in {deletion.group: deletion for deletion in history.deletions}.items():
        pushes = history.by_group.get(group, ())
        last = max(pushes, key=lambda push: push.sent, default=None)
        if deletion.proof == TIMEOUT or last is None or last.acknowledged is None:
            continue
        if last.sent > deletion.at - CLOCKS or last.value in scraper.samples.get(group, {}).values():
            continue
        yield Finding(
            group,
            f"{scraper.name} has not {last.value:.0f}, pushed {last.acknowledged:.3f}; deleted as {deletion.proof}",
        )


def _finals(pushes: Sequence[histories.Push]) -> list[histories.Push]:
    """The last acknowledged push of each owner."""
    last = {push.owner: push for push in pushes if push.acknowledged is not None}
    return list(last.values())


def _next_sent(pushes: Sequence[histories.Push], push: histories.Push) -> float | None:
    return min((other.sent for other in pushes if other.sent > push.sent), default=None)


def _opportunity(
    history: histories.History, scraper: histories.Scraper, push: histories.Push, *, replaced: float | None
) -> float | None:
    """The first time at which this scraper could have scraped this push; ``None`` if it could not."""
    assert push.acknowledged is not None
    owner_end = history.owner_end(push)
    limits = [
        moment for moment in (replaced, None if owner_end is None else owner_end + push.drain) if moment is not None
    ]
    silence = (SILENCE - JITTER) * scraper.interval
    before: float | None = None
    for attempt in scraper.attempts:
        if attempt.at > push.acknowledged + MOMENT:
            if any(attempt.at >= limit for limit in limits):
                return None
            if before is None or attempt.at - before > silence:
                return None
            if attempt.up:
                return attempt.at
        before = attempt.at
    return None


def _absent(history: histories.History, scraper: histories.Scraper) -> Iterator[tuple[Finding, bool]]:
    """The first scrape after each push that lacks the group although it should not; and whether it was lost."""
    scrapes = [attempt.at for attempt in scraper.attempts if attempt.up]
    kills = [fault.began for fault in history.faults if histories.Part.GATEWAY in fault.parts]
    for group, pushes in history.by_group.items():
        samples = scraper.samples.get(group, {})
        for push in _finals(pushes):
            # All pushes of an owner belong to the same lifetime of the group, which the first one begins.
            began = min(
                each.acknowledged for each in pushes if each.owner == push.owner and each.acknowledged is not None
            )
            owner_end = history.owner_end(push)
            for at in _between(scrapes, began + MOMENT, None if owner_end is None else owner_end - scraper.interval):
                if at not in samples:
                    since = max([began, *(seen for seen in samples if seen < at)])
                    end = "never" if owner_end is None else f"{owner_end:.3f}"
                    text = f"{scraper.name} scraped {at:.3f} without it; pushed since {began:.3f}, owner over {end}"
                    yield Finding(group, text), any(since <= kill <= at for kill in kills)
                    break


def _outdated(history: histories.History, scraper: histories.Scraper) -> Iterator[Finding]:
    """For each group, the first scrape with a value older than the last push acknowledged by then."""
    for group, pushes in history.by_group.items():
        by_value = {push.value: push for push in pushes}
        for at, value in sorted(scraper.samples.get(group, {}).items()):
            newest = max(
                (each for each in pushes if each.acknowledged is not None and each.acknowledged + MOMENT < at),
                key=lambda each: each.sent,
                default=None,
            )
            push = by_value.get(value)
            if push is None:
                yield Finding(group, f"{scraper.name} scraped {value:.0f} at {at:.3f}, which nobody pushed")
                break
            if newest is not None and push.acknowledged is not None and push.acknowledged < newest.sent:
                text = f"{scraper.name} scraped {value:.0f} at {at:.3f}, after {newest.value:.0f} was acknowledged"
                yield Finding(group, text)
                break


def _left(history: histories.History, scraper: histories.Scraper) -> Iterator[tuple[Finding, bool]]:
    """Groups that existed too long, and whether the operator could not know their owner."""
    for group, pushes in history.by_group.items():
        owner_ends = [history.owner_end(push) for push in pushes]
        since = max((owner_end for owner_end in owner_ends if owner_end is not None), default=0.0)
        if None in owner_ends or not scraper.samples.get(group):
            continue
        since = max(since, *(push.acknowledged or push.sent for push in pushes))
        last = max(scraper.samples[group])
        bound = max(push.drain for push in pushes) + history.resync + BUSY
        faults = _overlaps(history.faults, since, last)
        if last <= since + bound + faults:
            continue
        text = (
            f"{scraper.name} scraped it {last:.3f}, {last - since:.1f} s after the last owner and push; "
            f"the bound is {bound:.1f} s and {faults:.1f} s for faults"
        )
        yield Finding(group, text), _was_unseen(history, pushes)


def _overlaps(faults: Sequence[histories.Fault], since: float, until: float) -> float:
    """The time by which faults extend the limit between these moments."""
    seconds = 0.0
    for fault in faults:
        shared = min(fault.ended, until) - max(fault.began, since)
        if shared > 0 and any(part in _DELAYING for part in fault.parts):
            seconds += shared + RECOVERY
    return seconds


def _was_unseen(history: histories.History, pushes: Sequence[histories.Push]) -> bool:
    deleted = max(history.lives[push.owner].deleted or float("inf") for push in pushes)
    first = min(push.sent for push in pushes)
    return any(began <= first and deleted <= ended for began, ended in _blind(history))


def _blind(history: histories.History) -> list[tuple[float, float]]:
    """The periods in which the operator may miss objects; a fault before it has caught up extends a period."""
    periods: list[tuple[float, float]] = []
    for fault in sorted(history.faults, key=lambda fault: fault.began):
        if any(part in _CUT_OFF for part in fault.parts):
            began, ended = fault.began - CLAIM, fault.ended + history.resync
            if periods and began <= periods[-1][1]:
                began, ended = periods[-1][0], max(periods.pop()[1], ended)
            periods.append((began, ended))
    return periods


def _between(scrapes: Sequence[float], after: float, before: float | None) -> Iterator[float]:
    begin = bisect.bisect_right(scrapes, after)
    end = len(scrapes) if before is None else bisect.bisect_left(scrapes, before)
    return itertools.islice(scrapes, begin, end)
