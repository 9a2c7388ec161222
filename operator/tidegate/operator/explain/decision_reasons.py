"""The reasons why a group is or is not deleted: pure functions of a decision and of the cache that it was made from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tidegate import settings
from tidegate.model import control_api, owners, reason_texts, reasons
from tidegate.operator.cache import cluster_cache, object_cache
from tidegate.operator.explain import unowned_reasons
from tidegate.operator.objects import owner_kinds
from tidegate.operator.ownership import resolution
from tidegate.operator.planning import drain_planner
from tidegate.operator.policy import cleanup_rules

_Code = reasons.Code

_RULE_CODES = {
    settings.ADDRESS: _Code.RULE_ADDRESS,
    settings.POD: _Code.RULE_POD,
    settings.NAME: _Code.RULE_NAME,
}


def explain(
    decision: drain_planner.Decision,
    *,
    cache: cluster_cache.ClusterCache,
    rules: settings.RuleSettings,
    grace: float | None,
    hold: drain_planner.Hold | None = None,
) -> list[reasons.Reason]:
    """The reasons for a decision, each one sentence.

    :param grace: the grace period of the gateway
        (:attr:`tidegate.operator.gateways.gateway_protocol.Gateway.grace_seconds`).
    :param hold: what keeps the group from draining that is ready to.
    """
    match decision.verdict:
        case drain_planner.Verdict.ACTIVE:
            explained = _active(decision, cache)
        case drain_planner.Verdict.AMBIGUOUS:
            possible = tuple(group_owner.owner for group_owner in _sorted(decision.owners) if group_owner.active)
            explained = [
                reasons.reason(_Code.AMBIGUOUS_OWNERS, owners=possible),
                reasons.reason(_Code.AMBIGUOUS_ADVICE),
            ]
        case drain_planner.Verdict.OWNERS_FINISHED:
            explained = _finished(decision, cache, grace=grace, hold=hold)
        case drain_planner.Verdict.NOT_LAST_PUSHER:
            explained = _not_last_pusher(decision, cache, rules=rules)
        case drain_planner.Verdict.UNOWNED:
            explained = unowned_reasons.unowned(cache, decision.record, rules=rules)
        case drain_planner.Verdict.UNKNOWN:
            claims = decision.record.claims
            unknown = tuple(sorted(claims[uid].owner for uid in decision.ownership.unknown))
            explained = [
                reasons.reason(_Code.OWNERS_UNKNOWN, owners=unknown),
                reasons.reason(_Code.OWNERS_UNKNOWN_ADVICE),
            ]
        case drain_planner.Verdict.LOOKUP_PENDING:
            explained = [reasons.reason(_Code.LOOKUP_PENDING, lookups=lookups(decision))]
    return explained


def lookups(decision: drain_planner.Decision) -> tuple[str, ...]:
    """The pending lookups at the API server, as text."""
    return reason_texts.texts(_lookup(one) for one in decision.ownership.lookups)


def _lookup(lookup: resolution.Lookup) -> reasons.Reason:
    match lookup:
        case cluster_cache.PodLookup(namespace, name):
            return reasons.reason(_Code.LOOKUP_POD, namespace=namespace, name=name)
        case cluster_cache.AddressLookup(address):
            return reasons.reason(_Code.LOOKUP_ADDRESS, address=address)


def _active(decision: drain_planner.Decision, cache: cluster_cache.ClusterCache) -> list[reasons.Reason]:
    active = [group_owner for group_owner in _sorted(decision.owners) if group_owner.active]
    explained: list[reasons.Reason] = []
    for group_owner in active[: reason_texts.NAMED]:
        explained += _keeps_group(group_owner, cache.get_object(group_owner.owner))
    if (more := len(active) - reason_texts.NAMED) > 0:
        explained.append(reasons.reason(_Code.MORE_OWNERS_KEEP, count=more))
    explained.append(_ownership_rule(active[0], cache.get_object(active[0].owner)))
    if decision.record.draining:
        is_claimed = any(group_owner.is_claimable for group_owner in active)
        explained.append(reasons.reason(_Code.DRAIN_CANCELLED if is_claimed else _Code.TTL_EXPIRED))
    return explained


def _ownership_rule(group_owner: resolution.GroupOwner, known: object_cache.CachedObject | None) -> reasons.Reason:
    """How the ownership rule leads from the group to this owner."""
    if group_owner.claim.rule in _RULE_CODES:
        return reasons.reason(_RULE_CODES[group_owner.claim.rule], owner=group_owner.owner)
    source = cleanup_rules.DEFAULT if known is None else known.view.rules.source.keys
    if source == cleanup_rules.DEFAULT:
        # The annotation or the policy that named the group is no longer known.
        source = cleanup_rules.ANNOTATION
    return reasons.reason(
        _Code.RULE_ANNOTATION,
        owner=group_owner.owner,
        source=cleanup_rules.source_name(source, cleanup_rules.GROUPING_KEY),
    )


def _keeps_group(group_owner: resolution.GroupOwner, known: object_cache.CachedObject | None) -> list[reasons.Reason]:
    """Why an active owner keeps the group."""
    if group_owner.waits_until is not None:
        return [_ended(group_owner, known), reasons.reason(_Code.KEPT_FOR_LATE_PUSH, until=group_owner.waits_until)]
    if known is None or known.deleted_at is not None:
        return [_keeps_group_after_deletion(group_owner)]
    if known.view.rules.cleanup is cleanup_rules.Cleanup.NEVER:
        return [_keeps_group_forever(group_owner.owner, known.view.rules)]
    if known.view.finish is not None:
        return [_keeps_group_after_finish(group_owner, known)]
    is_cronjob = group_owner.owner.kind == owner_kinds.CRONJOB.name
    return [reasons.reason(_Code.CRONJOB_EXISTS if is_cronjob else _Code.OWNER_RUNNING, owner=group_owner.owner)]


def _keeps_group_after_deletion(group_owner: resolution.GroupOwner) -> reasons.Reason:
    if group_owner.claim.series is not None:
        return reasons.reason(
            _Code.DELETED_KEPT_UNTIL_NEXT_RUN, owner=group_owner.owner, series=group_owner.claim.series
        )
    return reasons.reason(_Code.DELETED_KEPT_UNTIL, owner=group_owner.owner, ends_at=group_owner.due_at)


def _keeps_group_forever(owner: owners.Owner, rules: cleanup_rules.CleanupRules) -> reasons.Reason:
    if rules.problems:
        return reasons.reason(_Code.RULES_INVALID, owner=owner, problem=rules.problems[0])
    return reasons.reason(_Code.CLEANUP_NEVER, owner=owner, source=_cleanup_source(rules))


def _keeps_group_after_finish(group_owner: resolution.GroupOwner, known: object_cache.CachedObject) -> reasons.Reason:
    rules, source = known.view.rules, _cleanup_source(known.view.rules)
    finished = _finish_fields(group_owner.owner, known)
    if group_owner.claim.series is not None:
        return reasons.reason(
            _Code.FINISHED_KEPT_UNTIL_NEXT_RUN, **finished, series=group_owner.claim.series, source=source
        )
    if group_owner.due_at is not None:
        has_failed = known.view.finish is not None and not known.view.finish.succeeded
        if has_failed and rules.keep_failed_for > rules.after:
            return reasons.reason(
                _Code.FINISHED_KEPT_FAILED,
                **finished,
                ends_at=group_owner.due_at,
                keep_failed_for=rules.keep_failed_for,
                source=cleanup_rules.source_name(rules.source.keep_failed_for, cleanup_rules.KEEP_FAILED_FOR),
            )
        return reasons.reason(
            _Code.FINISHED_KEPT_AFTER, **finished, ends_at=group_owner.due_at, after=rules.after, source=source
        )
    if rules.cleanup is cleanup_rules.Cleanup.SUPERSEDED:
        return reasons.reason(_Code.FINISHED_WITHOUT_SERIES, **finished, source=source)
    return reasons.reason(_Code.FINISHED_KEPT_UNTIL_DELETED, **finished, cleanup=rules.cleanup.value, source=source)


def _cleanup_source(rules: cleanup_rules.CleanupRules) -> str:
    return cleanup_rules.source_name(rules.source.cleanup, cleanup_rules.CLEANUP)


def _finished(
    decision: drain_planner.Decision,
    cache: cluster_cache.ClusterCache,
    *,
    grace: float | None,
    hold: drain_planner.Hold | None,
) -> list[reasons.Reason]:
    finished = _sorted(decision.owners)
    explained = [
        _ended(group_owner, cache.get_object(group_owner.owner)) for group_owner in finished[: reason_texts.NAMED]
    ]
    if (more := len(finished) - reason_texts.NAMED) > 0:
        explained.append(reasons.reason(_Code.MORE_OWNERS_FINISHED, count=more))
    return [*explained, _next_step(decision.record, grace=grace, hold=hold)]


def _ended(group_owner: resolution.GroupOwner, known: object_cache.CachedObject | None) -> reasons.Reason:
    """How an owner ended."""
    if group_owner.claim.series is not None and known is not None and known.deleted_at is None:
        return reasons.reason(_Code.OWNER_SUPERSEDED, owner=group_owner.owner, series=group_owner.claim.series)
    if known is None or known.view.finish is None:
        return reasons.reason(_Code.OWNER_DELETED, owner=group_owner.owner)
    return reasons.reason(_Code.OWNER_FINISHED, **_finish_fields(group_owner.owner, known))


def _finish_fields(owner: owners.Owner, known: object_cache.CachedObject) -> dict[str, reasons.Value]:
    finish = known.view.finish
    assert finish is not None, owner
    return {"owner": owner, "outcome": "succeeded" if finish.succeeded else "failed", "finished_at": finish.at}


def _next_step(
    record: control_api.GroupRecord, *, grace: float | None, hold: drain_planner.Hold | None
) -> reasons.Reason:
    """The next step for a group whose owners have all finished."""
    if record.draining:
        return _draining(record, grace=grace)
    match hold:
        case drain_planner.Hold.DRY_RUN:
            return reasons.reason(_Code.DRAIN_HELD_BY_DRY_RUN)
        case drain_planner.Hold.BREAKER:
            return reasons.reason(_Code.DRAIN_HELD_BY_BREAKER)
        case None:
            return reasons.reason(_Code.DRAIN_STARTS)


def _draining(record: control_api.GroupRecord, *, grace: float | None) -> reasons.Reason:
    if record.drain_pushed_revision != record.pushed_revision:
        return reasons.reason(_Code.DRAIN_UNCONFIRMED)
    timeout = max((claim.drain_timeout for claim in record.claims.values()), default=None)
    if grace is None:
        return reasons.reason(_Code.DRAINING_UNTIL_SCRAPED, drain_timeout=timeout)
    return reasons.reason(_Code.DRAINING_FOR_GRACE_PERIOD, grace=grace, drain_timeout=timeout)


def _not_last_pusher(
    decision: drain_planner.Decision, cache: cluster_cache.ClusterCache, *, rules: settings.RuleSettings
) -> list[reasons.Reason]:
    record, not_last_pushers = decision.record, decision.ownership.not_last_pushers
    before = sorted(
        group_owner.owner
        for group_owner in decision.ownership.group_owners
        if group_owner.owner.uid in not_last_pushers
    )
    return [
        reasons.reason(_Code.NOT_LAST_PUSHER, owners=tuple(before), push_time=record.push_time),
        *unowned_reasons.last_push(cache, record, rules=rules),
        reasons.reason(_Code.UNOWNED_NOW),
    ]


def _sorted(group_owners: Iterable[resolution.GroupOwner]) -> Sequence[resolution.GroupOwner]:
    return sorted(group_owners, key=lambda group_owner: group_owner.owner)
