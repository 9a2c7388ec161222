"""Why a group is or is not deleted, in one or two sentences: pure functions of a decision and what it was made from."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate import settings
from tidegate.controller import cleanups, kinds, ownership, pictures, plans, rosters, sentences, strangers
from tidegate.model import records


def explain(
    decision: plans.Decision,
    *,
    picture: pictures.Picture,
    rules: settings.RuleSettings,
    kept: str,
    hold: plans.Hold | None = None,
) -> tuple[str, ...]:
    """One or two sentences.

    :param kept: how long the gateway keeps what was retired (:attr:`tidegate.controller.gateways.Gateway.kept`).
    :param hold: what keeps the group from being retired that is to be.
    """
    match decision.verdict:
        case plans.Verdict.ACTIVE:
            return _active(decision, picture)
        case plans.Verdict.AMBIGUOUS:
            return _ambiguous(decision)
        case plans.Verdict.OVER:
            return _over(decision, picture, kept=kept, hold=hold)
        case plans.Verdict.OUTLIVED:
            return _outlived(decision, picture, rules=rules)
        case plans.Verdict.UNOWNED:
            return strangers.unowned(picture, decision.record, rules=rules)
        case plans.Verdict.UNKNOWN:
            return _unknown(decision)
        case plans.Verdict.ASKING:
            return _asking(decision)


def _active(decision: plans.Decision, picture: pictures.Picture) -> tuple[str, ...]:
    active = [holder for holder in _sorted(decision.owners) if holder.active]
    clauses = sentences.shortened([_keeps(holder, picture.known(holder.owner)) for holder in active])
    first = active[0]
    known = picture.known(first.owner)
    owned = sentences.joined(first.claim.rule, None if known is None else known.view)
    whose = "" if len(active) == 1 else f" of {first.owner}"
    back = ""
    if decision.record.draining:
        taken = any(holder.claims for holder in active)
        back = "; it drained before, and is taken back" if taken else "; but its time to live is over, so it drains"
    return sentences.sentence(*clauses), f"The rule {first.claim.rule} says so{whose}: {owned}{back}."


def _keeps(holder: ownership.Holder, known: rosters.Known | None) -> str:
    """Why the group stays for the sake of an active owner."""
    owner, series = holder.owner, holder.claim.series
    if holder.waits_until is not None:
        return (
            f"{_ended(holder, known)}, but a Pod that still runs pushes the group: a service would push again, a proxy "
            f"would not, so the group stays until {sentences.moment(holder.waits_until)}"
        )
    if known is None or known.gone_at is not None:
        if series is not None:
            return f"{owner} is gone, and what it pushed stays until a later run of {series} has pushed"
        until = "" if holder.ends_at is None else f" until {sentences.moment(holder.ends_at)}"
        return f"{owner} is gone, and what it pushed is kept{until}, as it said"
    own = known.view.rules
    by = sentences.source(own.source.cleanup, cleanups.CLEANUP)
    if own.cleanup is cleanups.Cleanup.NEVER:
        if own.problems:
            return f"{owner} keeps it, since what is said of its groups cannot be read: {own.problems[0]}"
        return f"{owner} keeps it for good: its cleanup is never ({by})"
    finish = known.view.finish
    if finish is None:
        if owner.kind == kinds.CRONJOB.name:
            return f"{owner} is there, and what is its own stays between its runs"
        return f"{owner} has not ended"
    ended = f"{owner} {'succeeded' if finish.succeeded else 'failed'} at {sentences.moment(finish.at)}"
    if series is not None:
        return f"{ended}, and what it pushed stays until a later run of {series} has pushed (cleanup superseded, {by})"
    if holder.ends_at is not None:
        return f"{ended}, and what it pushed is kept until {sentences.moment(holder.ends_at)} ({_for_time(known)})"
    because = f"cleanup {own.cleanup.value}, {by}"
    if own.cleanup is cleanups.Cleanup.SUPERSEDED:
        because += ", and no CronJob made it that another run could come of"
    return f"{ended}, and what it pushed stays as long as the object is there ({because})"


def _for_time(known: rosters.Known) -> str:
    """What keeps the groups of an owner that has ended for some time, and who said so."""
    own, finish = known.view.rules, known.view.finish
    failed = finish is not None and not finish.succeeded
    if failed and own.keep_failed_for > own.after:
        by = sentences.source(own.source.keep_failed_for, cleanups.KEEP_FAILED_FOR)
        return f"kept for {sentences.duration(own.keep_failed_for)} since it failed, {by}"
    by = sentences.source(own.source.cleanup, cleanups.CLEANUP)
    return f"cleanup after={sentences.duration(own.after)}, {by}"


def _ambiguous(decision: plans.Decision) -> tuple[str, ...]:
    names = sentences.enumerated(holder.owner for holder in _sorted(decision.owners) if holder.active)
    return (
        f"It may belong to each of {names}, which are in different namespaces, so it stays until only one is left.",
        "A namespace label, or an annotation tidegate.dev/grouping-key, would say whose it is.",
    )


def _over(
    decision: plans.Decision, picture: pictures.Picture, *, kept: str, hold: plans.Hold | None
) -> tuple[str, ...]:
    ends = sentences.shortened([_ended(holder, picture.known(holder.owner)) for holder in _sorted(decision.owners)])
    return sentences.sentence(*ends), _what_comes(decision.record, kept=kept, hold=hold)


def _ended(holder: ownership.Holder, known: rosters.Known | None) -> str:
    owner, series = holder.owner, holder.claim.series
    finish = None if known is None else known.view.finish
    if series is not None and known is not None and known.gone_at is None:
        return f"a later run of {series} than {owner} has pushed"
    if finish is None:
        return f"{owner} is gone"
    return f"{owner} {'succeeded' if finish.succeeded else 'failed'} at {sentences.moment(finish.at)}"


def _what_comes(record: records.GroupRecord, *, kept: str, hold: plans.Hold | None) -> str:
    if record.draining:
        if record.drain_pushed_revision != record.pushed_revision:
            return "It drains, was pushed again, and waits for the operator's word on that push, which is on its way."
        claims = [claim.drain_timeout for claim in record.claims.values()]
        timeout = f" (drain timeout {sentences.duration(max(claims))})" if claims else ""
        return f"It was retired, and is kept {kept}{timeout}; then it is deleted."
    match hold:
        case plans.Hold.DRY_RUN:
            return "It would be retired now, but --dry-run holds it back."
        case plans.Hold.BREAKER:
            return "It is to be retired, but the breaker has tripped: too many are at once (--breaker.limit)."
        case None:
            return "So the gateway is being told that it may go."


def _outlived(decision: plans.Decision, picture: pictures.Picture, *, rules: settings.RuleSettings) -> tuple[str, ...]:
    gone = sorted(holder.owner for holder in decision.holding.holders if holder.owner.uid in decision.holding.outlived)
    made = strangers.last_push(picture, decision.record, rules=rules)
    return (
        f"{sentences.enumerated(gone)} had ended, or pushes it no more, when somebody else made the last push at "
        f"{sentences.moment(decision.record.push_time)}{made}.",
        "So it is nobody's now, and stays until it has an owner again or somebody deletes it.",
    )


def _unknown(decision: plans.Decision) -> tuple[str, ...]:
    claims = decision.record.claims
    names = sentences.enumerated(sorted(claims[uid].owner for uid in decision.holding.unknown))
    return (
        f"Nobody can tell whether {names} is still there: the operator does not look at that kind or namespace, or "
        "has not listed it since.",
        "So it stays; a claim of what is gone for good ends once the operator may look.",
    )


def _asking(decision: plans.Decision) -> tuple[str, ...]:
    wanted = sentences.enumerated(lookup(one) for one in decision.holding.lookups)
    return (f"The API server is being asked about {wanted}, and until it answers nothing is decided.",)


def _sorted(holders: Iterable[ownership.Holder]) -> list[ownership.Holder]:
    return sorted(holders, key=lambda holder: holder.owner)


def lookup(one: ownership.Lookup) -> str:
    """What is asked about, in words."""
    match one:
        case pictures.Pod(namespace, name):
            return f"Pod {namespace}/{name}"
        case pictures.Address(text):
            return f"the pods of {text}"
