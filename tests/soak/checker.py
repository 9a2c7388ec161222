"""The checker: what a history proves against tidegate. Pure, and it knows nothing of how tidegate works inside.

**Missed.** A final value is the last acknowledged push of one owner to one group. A scraper could have had it when,
after the acknowledgement, it made a successful scrape that began before the value was replaced by a further push and
before the owner's end plus the drain timeout, and when it was never silent for three of its own intervals until then
(failed scrapes are no silence). If its database does not have the value at all, the value was missed.

**Deleted.** From an acknowledged push to the end of its owner, which is never for a stranger, each successful scrape
must have the group. One that lacks it, and began more than a scrape's timeout before that end, proves that a live group
was deleted; where the gateway was killed since the group was last seen or pushed, it is counted as lost instead.

**Left.** When the last owner is over and the last push was tried, a group has its drain timeout and a resync period.
Faults add to that: for each one that took the gateway, the operator, the API server or the watch away meanwhile, the
time it took and five seconds to begin again; and ten seconds are for a machine that is busy. A scrape that still has
the group later proves that it was left. What no operator can know is counted apart: where a group was first pushed, and
its owner deleted, while the operator was blind (down or cut off, up to a resync period later), nobody is left to say
whose it was.

**Lost.** A scrape has no older value than that of the last push that was acknowledged before the scrape began.

**Ended.** Gateway and operator end when they are killed, and never by themselves.
"""

from __future__ import annotations

import bisect
import itertools
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from tests.soak import histories

SILENCE = 3
"""Intervals of silence after which a scraper may miss values. tidegate waits longer, but a scraper that is stopped in
the middle of an answer has been sent what it then never reads."""
JITTER = 0.2
"""Of an interval: so much earlier than by its own clock the silence may have begun for the gateway."""
MOMENT = 0.05
"""Seconds; Prometheus moves the time of a scrape by some milliseconds to make them regular."""
BUSY = 10.0
RECOVERY = 5.0
CLAIM = 1.0
"""Seconds within which an operator that is well has seen a push and claimed its group."""

_CUT_OFF = (histories.Part.OPERATOR, histories.Part.API, histories.Part.WATCH)
_DELAYING = (histories.Part.GATEWAY, *_CUT_OFF)


class Finding(NamedTuple):
    """One thing that should not have happened."""

    group: histories.Group
    text: str


class Verdicts(NamedTuple):
    """All findings; ``unknowable`` is no fault of anybody's."""

    missed: list[Finding]
    deleted: list[Finding]
    left: list[Finding]
    lost: list[Finding]
    ended: list[histories.Fault]
    unknowable: list[Finding]

    @property
    def good(self) -> bool:
        """Whether nothing was found."""
        return not (self.missed or self.deleted or self.left or self.lost or self.ended)


def judge(history: histories.History) -> Verdicts:
    """Every verdict on every group."""
    found = Verdicts([], [], [], [], [fault for fault in history.faults if fault.by_itself], [])
    for scraper in history.scrapers:
        found.missed.extend(_missed(history, scraper))
        for finding, lost in _absent(history, scraper):
            (found.lost if lost else found.deleted).append(finding)
        found.lost.extend(_outdated(history, scraper))
        for finding, unknowable in _left(history, scraper):
            (found.unknowable if unknowable else found.left).append(finding)
    return found


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
                    f"{scraper.name} has not {push.value:.0f}, pushed {push.answered:.3f}, and scraped {could:.3f}",
                )


def _finals(pushes: Sequence[histories.Push]) -> list[histories.Push]:
    """The last acknowledged push of each owner."""
    last = {push.owner: push for push in pushes if push.answered is not None}
    return list(last.values())


def _next_sent(pushes: Sequence[histories.Push], push: histories.Push) -> float | None:
    return min((other.sent for other in pushes if other.sent > push.sent), default=None)


def _opportunity(
    history: histories.History, scraper: histories.Scraper, push: histories.Push, *, replaced: float | None
) -> float | None:
    """When this scraper first could have had this push; ``None`` when it could not."""
    assert push.answered is not None
    over = history.over(push)
    limits = [moment for moment in (replaced, None if over is None else over + push.drain) if moment is not None]
    silence = (SILENCE - JITTER) * scraper.interval
    before: float | None = None
    for attempt in scraper.attempts:
        if attempt.at > push.answered + MOMENT:
            if any(attempt.at >= limit for limit in limits):
                return None
            if before is None or attempt.at - before > silence:
                return None
            if attempt.up:
                return attempt.at
        before = attempt.at
    return None


def _absent(history: histories.History, scraper: histories.Scraper) -> Iterator[tuple[Finding, bool]]:
    """Successful scrapes without a group that they should have had, the first of each push; and whether it was lost."""
    scrapes = [attempt.at for attempt in scraper.attempts if attempt.up]
    kills = [fault.began for fault in history.faults if histories.Part.GATEWAY in fault.parts]
    for group, pushes in history.by_group.items():
        samples = scraper.samples.get(group, {})
        for push in _finals(pushes):
            # An owner's earlier pushes are of the same life: the first of them begins it.
            began = min(each.answered for each in pushes if each.owner == push.owner and each.answered is not None)
            over = history.over(push)
            for at in _between(scrapes, began + MOMENT, None if over is None else over - scraper.interval):
                if at not in samples:
                    since = max([began, *(seen for seen in samples if seen < at)])
                    end = "never" if over is None else f"{over:.3f}"
                    text = f"{scraper.name} scraped {at:.3f} without it; pushed since {began:.3f}, owner over {end}"
                    yield Finding(group, text), any(since <= kill <= at for kill in kills)
                    break


def _outdated(history: histories.History, scraper: histories.Scraper) -> Iterator[Finding]:
    """Scrapes with a value from before the last push that was acknowledged by then, the first of each group."""
    for group, pushes in history.by_group.items():
        by_value = {push.value: push for push in pushes}
        for at, value in sorted(scraper.samples.get(group, {}).items()):
            newest = max(
                (each for each in pushes if each.answered is not None and each.answered + MOMENT < at),
                key=lambda each: each.sent,
                default=None,
            )
            push = by_value.get(value)
            if push is None:
                yield Finding(group, f"{scraper.name} scraped {value:.0f} at {at:.3f}, which nobody pushed")
                break
            if newest is not None and push.answered is not None and push.answered < newest.sent:
                text = f"{scraper.name} scraped {value:.0f} at {at:.3f}, after {newest.value:.0f} was acknowledged"
                yield Finding(group, text)
                break


def _left(history: histories.History, scraper: histories.Scraper) -> Iterator[tuple[Finding, bool]]:
    """Groups that were there too long, and whether nobody could know better."""
    for group, pushes in history.by_group.items():
        overs = [history.over(push) for push in pushes]
        since = max((over for over in overs if over is not None), default=0.0)
        if None in overs or not scraper.samples.get(group):
            continue
        since = max(since, *(push.answered or push.sent for push in pushes))
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
    """What faults add to the bound, for the time between these moments."""
    found = 0.0
    for fault in faults:
        shared = min(fault.ended, until) - max(fault.began, since)
        if shared > 0 and any(part in _DELAYING for part in fault.parts):
            found += shared + RECOVERY
    return found


def _was_unseen(history: histories.History, pushes: Sequence[histories.Push]) -> bool:
    gone = max(history.lives[push.owner].gone or float("inf") for push in pushes)
    first = min(push.sent for push in pushes)
    return any(began <= first and gone <= ended for began, ended in _blind(history))


def _blind(history: histories.History) -> list[tuple[float, float]]:
    """When the operator may have seen nothing; a fault that follows before it has seen all again prolongs that."""
    found: list[tuple[float, float]] = []
    for fault in sorted(history.faults, key=lambda fault: fault.began):
        if any(part in _CUT_OFF for part in fault.parts):
            began, ended = fault.began - CLAIM, fault.ended + history.resync
            if found and began <= found[-1][1]:
                began, ended = found[-1][0], max(found.pop()[1], ended)
            found.append((began, ended))
    return found


def _between(scrapes: Sequence[float], after: float, before: float | None) -> Iterator[float]:
    begin = bisect.bisect_right(scrapes, after)
    end = len(scrapes) if before is None else bisect.bisect_left(scrapes, before)
    return itertools.islice(scrapes, begin, end)
