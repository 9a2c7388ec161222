"""Why a group is or is not deleted, in one or two sentences: pure functions of a decision and what it was made from."""

from __future__ import annotations

from collections.abc import Iterable

from tidegate import settings
from tidegate.model import control_api
from tidegate.operator.cache import cluster_cache, object_cache
from tidegate.operator.explain import phrases, unowned_reasons
from tidegate.operator.objects import owner_kinds
from tidegate.operator.ownership import resolution
from tidegate.operator.planning import planner
from tidegate.operator.policy import cleanup_rules


def explain(
    decision: planner.Decision,
    *,
    picture: cluster_cache.Picture,
    rules: settings.RuleSettings,
    kept: str,
    hold: planner.Hold | None = None,
) -> tuple[str, ...]:
    """One or two sentences.

    :param kept: how long the gateway keeps what was retired
    (:attr:`tidegate.operator.gateways.gateway_protocol.Gateway.kept`).
    :param hold: what keeps the group from being retired that is to be.
    """
    match decision.verdict:
        case planner.Verdict.ACTIVE:
            return _active(decision, picture)
        case planner.Verdict.AMBIGUOUS:
            return _ambiguous(decision)
        case planner.Verdict.OVER:
            return _over(decision, picture, kept=kept, hold=hold)
        case planner.Verdict.OUTLIVED:
            return _outlived(decision, picture, rules=rules)
        case planner.Verdict.UNOWNED:
            return unowned_reasons.unowned(picture, decision.record, rules=rules)
        case planner.Verdict.UNKNOWN:
            return _unknown(decision)
        case planner.Verdict.ASKING:
            return _asking(decision)


def _active(decision: planner.Decision, picture: cluster_cache.Picture) -> tuple[str, ...]:
    active = [holder for holder in _sorted(decision.owners) if holder.active]
    clauses = phrases.shortened([_keeps(holder, picture.known(holder.owner)) for holder in active])
    first = active[0]
    known = picture.known(first.owner)
    owned = phrases.joined(first.claim.rule, None if known is None else known.view)
    whose = "" if len(active) == 1 else f" of {first.owner}"
    back = ""
    if decision.record.draining:
        taken = any(holder.claims for holder in active)
        back = "; it drained before, and is taken back" if taken else "; but its time to live is over, so it drains"
    return phrases.sentence(*clauses), f"The rule {first.claim.rule} says so{whose}: {owned}{back}."


def _keeps(holder: resolution.Holder, known: object_cache.Known | None) -> str:
    """Why the group stays for the sake of an active owner."""
    owner, series = holder.owner, holder.claim.series
    if holder.waits_until is not None:
        return (
            f"{_ended(holder, known)}, but a Pod that still runs pushes the group: a service would push again, a proxy "
            f"would not, so the group stays until {phrases.moment(holder.waits_until)}"
        )
    if known is None or known.gone_at is not None:
        if series is not None:
            return f"{owner} is gone, and what it pushed stays until a later run of {series} has pushed"
        until = "" if holder.ends_at is None else f" until {phrases.moment(holder.ends_at)}"
        return f"{owner} is gone, and what it pushed is kept{until}, as it said"
    own = known.view.rules
    by = phrases.source(own.source.cleanup, cleanup_rules.CLEANUP)
    if own.cleanup is cleanup_rules.Cleanup.NEVER:
        if own.problems:
            return f"{owner} keeps it, since what is said of its groups cannot be read: {own.problems[0]}"
        return f"{owner} keeps it for good: its cleanup is never ({by})"
    finish = known.view.finish
    if finish is None:
        if owner.kind == owner_kinds.CRONJOB.name:
            return f"{owner} is there, and what is its own stays between its runs"
        return f"{owner} has not ended"
    ended = f"{owner} {'succeeded' if finish.succeeded else 'failed'} at {phrases.moment(finish.at)}"
    if series is not None:
        return f"{ended}, and what it pushed stays until a later run of {series} has pushed (cleanup superseded, {by})"
    if holder.ends_at is not None:
        return f"{ended}, and what it pushed is kept until {phrases.moment(holder.ends_at)} ({_for_time(known)})"
    because = f"cleanup {own.cleanup.value}, {by}"
    if own.cleanup is cleanup_rules.Cleanup.SUPERSEDED:
        because += ", and no CronJob made it that another run could come of"
    return f"{ended}, and what it pushed stays as long as the object is there ({because})"


def _for_time(known: object_cache.Known) -> str:
    """What keeps the groups of an owner that has ended for some time, and who said so."""
    own, finish = known.view.rules, known.view.finish
    failed = finish is not None and not finish.succeeded
    if failed and own.keep_failed_for > own.after:
        by = phrases.source(own.source.keep_failed_for, cleanup_rules.KEEP_FAILED_FOR)
        return f"kept for {phrases.duration(own.keep_failed_for)} since it failed, {by}"
    by = phrases.source(own.source.cleanup, cleanup_rules.CLEANUP)
    return f"cleanup after={phrases.duration(own.after)}, {by}"


def _ambiguous(decision: planner.Decision) -> tuple[str, ...]:
    names = phrases.enumerated(holder.owner for holder in _sorted(decision.owners) if holder.active)
    return (
        f"It may belong to each of {names}, which are in different namespaces, so it stays until only one is left.",
        "A namespace label, or an annotation tidegate.dev/grouping-key, would say whose it is.",
    )


def _over(
    decision: planner.Decision, picture: cluster_cache.Picture, *, kept: str, hold: planner.Hold | None
) -> tuple[str, ...]:
    ends = phrases.shortened([_ended(holder, picture.known(holder.owner)) for holder in _sorted(decision.owners)])
    return phrases.sentence(*ends), _what_comes(decision.record, kept=kept, hold=hold)


def _ended(holder: resolution.Holder, known: object_cache.Known | None) -> str:
    owner, series = holder.owner, holder.claim.series
    finish = None if known is None else known.view.finish
    if series is not None and known is not None and known.gone_at is None:
        return f"a later run of {series} than {owner} has pushed"
    if finish is None:
        return f"{owner} is gone"
    return f"{owner} {'succeeded' if finish.succeeded else 'failed'} at {phrases.moment(finish.at)}"


def _what_comes(record: control_api.GroupRecord, *, kept: str, hold: planner.Hold | None) -> str:
    if record.draining:
        if record.drain_pushed_revision != record.pushed_revision:
            return "It drains, was pushed again, and waits for the operator's word on that push, which is on its way."
        claims = [claim.drain_timeout for claim in record.claims.values()]
        timeout = f" (drain timeout {phrases.duration(max(claims))})" if claims else ""
        return f"It was retired, and is kept {kept}{timeout}; then it is deleted."
    match hold:
        case planner.Hold.DRY_RUN:
            return "It would be retired now, but --dry-run holds it back."
        case planner.Hold.BREAKER:
            return "It is to be retired, but the breaker has tripped: too many are at once (--breaker.limit)."
        case None:
            return "So the gateway is being told that it may go."


def _outlived(
    decision: planner.Decision, picture: cluster_cache.Picture, *, rules: settings.RuleSettings
) -> tuple[str, ...]:
    gone = sorted(holder.owner for holder in decision.holding.holders if holder.owner.uid in decision.holding.outlived)
    made = unowned_reasons.last_push(picture, decision.record, rules=rules)
    return (
        f"{phrases.enumerated(gone)} had ended, or pushes it no more, when somebody else made the last push at "
        f"{phrases.moment(decision.record.push_time)}{made}.",
        "So it is nobody's now, and stays until it has an owner again or somebody deletes it.",
    )


def _unknown(decision: planner.Decision) -> tuple[str, ...]:
    claims = decision.record.claims
    names = phrases.enumerated(sorted(claims[uid].owner for uid in decision.holding.unknown))
    return (
        f"Nobody can tell whether {names} is still there: the operator does not look at that kind or namespace, or "
        "has not listed it since.",
        "So it stays; a claim of what is gone for good ends once the operator may look.",
    )


def _asking(decision: planner.Decision) -> tuple[str, ...]:
    wanted = phrases.enumerated(lookup(one) for one in decision.holding.lookups)
    return (f"The API server is being asked about {wanted}, and until it answers nothing is decided.",)


def _sorted(holders: Iterable[resolution.Holder]) -> list[resolution.Holder]:
    return sorted(holders, key=lambda holder: holder.owner)


def lookup(one: resolution.Lookup) -> str:
    """What is asked about, in words."""
    match one:
        case cluster_cache.Pod(namespace, name):
            return f"Pod {namespace}/{name}"
        case cluster_cache.Address(text):
            return f"the pods of {text}"
