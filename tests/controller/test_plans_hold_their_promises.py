"""Properties of the plan over random objects, groups and claims: it settles at once, and it retires nobody's group."""

from __future__ import annotations

import hypothesis
from hypothesis import strategies

from tests.controller import builders
from tidegate import settings
from tidegate.controller import cleanups, ownership, pictures, rosters, views
from tidegate.model import lives, owners, records

_NAMES = ("x", "x-29000000", "y")
_NAMESPACES = ("prod", "dev")
_KEYS = (
    "job=x",
    "job=y",
    "job=x,namespace=prod",
    "job=x,instance=x-29000000-b2c4d",
    "job=z,instance=x-b2c4d,pod=y-c4d6f",
    "job=z,instance=y-1",
)
_PODS = ("x-29000000-b2c4d", "x-b2c4d", "y-c4d6f")
_TIMES = strategies.integers(0, 40).map(lambda step: step * 10.0)


@strategies.composite
def _annotations(draw: strategies.DrawFn) -> dict[str, str]:
    made = {}
    if draw(strategies.booleans()):
        made[cleanups.CLEANUP] = draw(
            strategies.sampled_from([*(policy.value for policy in cleanups.Cleanup), "often"])
        )
    if draw(strategies.integers(0, 3)) == 0:
        made[cleanups.GROUPING_KEY] = draw(strategies.sampled_from([*_KEYS, ";".join(_KEYS[:2]), "nothing"]))
    return made


@strategies.composite
def _objects(draw: strategies.DrawFn) -> list[tuple[views.OwnerView, bool]]:
    """Objects, each with whether it is gone; at most one of a kind, a namespace and a name is not."""
    made: list[tuple[views.OwnerView, bool]] = []
    there: set[tuple[str, str, str]] = set()
    for number in range(draw(strategies.integers(0, 5))):
        view = draw(_object(uid=f"u{number}"))
        gone = draw(strategies.booleans()) or view.owner[:3] in there
        if not gone:
            there.add(view.owner[:3])
        made.append((view, gone))
    return made


@strategies.composite
def _object(draw: strategies.DrawFn, *, uid: str) -> views.OwnerView:
    name, namespace = draw(strategies.sampled_from(_NAMES)), draw(strategies.sampled_from(_NAMESPACES))
    annotations, created = draw(_annotations()), draw(_TIMES)
    if draw(strategies.integers(0, 3)) == 0:
        return builders.cronjob(name, uid=uid, namespace=namespace, created=created, annotations=annotations)
    return builders.job(
        name,
        uid=uid,
        namespace=namespace,
        created=created,
        annotations=annotations,
        finished=draw(strategies.none() | _TIMES.map(lambda later: created + later)),
        succeeded=draw(strategies.booleans()),
        completions=draw(strategies.sampled_from([None, None, 2])),
    )


@strategies.composite
def _scenes(draw: strategies.DrawFn) -> tuple[pictures.Picture, list[records.GroupRecord]]:
    objects = draw(_objects())
    hypothesis.note(f"objects, each with whether it is gone: {objects}")
    stranger = builders.job("x", uid="never-seen")
    claimants = strategies.sampled_from([*(view for view, _ in objects), stranger])
    held = []
    for text in draw(strategies.lists(strategies.sampled_from(_KEYS), unique=True, max_size=4)):
        claims = draw(strategies.lists(claimants, unique_by=lambda view: view.uid, max_size=3))
        drained = draw(strategies.sampled_from([None, 6, 7])) if claims else None
        pushed = draw(strategies.none() | _TIMES)
        held.append(builders.group(text, pushed=pushed, claims=claims, drained=drained))
    picture = builders.picture(
        *(view for view, gone in objects if not gone),
        gone=[view for view, gone in objects if gone],
        gone_at=draw(_TIMES),
        holds=held,
        listed=draw(strategies.booleans()),
    )
    for name in _PODS:
        for namespace in _NAMESPACES:
            uid = draw(strategies.none() | strategies.sampled_from([f"u{number}" for number in range(5)]))
            picture.resolved(pictures.Pod(namespace, name), None if uid is None else owners.Uid(uid))
    return picture, held


@hypothesis.given(scene=_scenes())
def test_what_was_done_needs_nothing_more(scene: tuple[pictures.Picture, list[records.GroupRecord]]) -> None:
    picture, _ = scene
    builders.planned(picture)  # It plans twice, and says if the second plan is not empty or an action is refused.


@hypothesis.given(scene=_scenes())
def test_only_owners_that_are_over_are_said_to_be_over(
    scene: tuple[pictures.Picture, list[records.GroupRecord]],
) -> None:
    picture, held = scene
    for record, action in _retirements(picture, held):
        for claim in record.claims.values():
            known = picture.known(claim.owner)
            assert known is not None or picture.gone_at(claim.owner) is not None, f"{claim.owner} may be there"
            assert claim.owner.uid not in action.over or known is None or _is_over(known), claim.owner


@hypothesis.given(scene=_scenes())
def test_a_group_with_an_active_owner_is_retired_only_when_it_names_the_pod_of_another_that_is_over(
    scene: tuple[pictures.Picture, list[records.GroupRecord]],
) -> None:
    picture, held = scene
    for record, _ in _retirements(picture, held):
        found = ownership.holding(picture, record, rules=builders.RULES, now=builders.NOW)
        holders = [holder for holder in found.holders if holder.owner.uid not in found.outlived]
        strongest = min(_rank(holder) for holder in holders if not holder.active)
        for holder in holders:
            assert not holder.active or (holder.claim.rule == settings.NAME and strongest < _rank(holder)), holder


@hypothesis.given(scene=_scenes())
def test_a_group_without_any_claim_is_retired_only_with_a_claim_by_who_pushed_it(
    scene: tuple[pictures.Picture, list[records.GroupRecord]],
) -> None:
    picture, held = scene
    actions = builders.plan(picture).actions
    for record in held:
        if not record.claims:
            mine = [action for action in actions if action.key == record.key]
            if any(isinstance(action, records.RetireGroup) for action in mine):
                assert any(isinstance(action, records.ClaimGroup) for action in mine)


@hypothesis.given(scene=_scenes())
def test_after_the_plan_every_claimed_group_with_only_owners_that_are_over_drains(
    scene: tuple[pictures.Picture, list[records.GroupRecord]],
) -> None:
    picture, _ = scene
    builders.planned(picture)
    for key in picture.group_keys():
        record = picture.group(key)
        assert record is not None
        life = lives.Life(pushed_revision=record.pushed_revision, claims=record.claims)
        gone = [claim.owner for claim in life.claims.values() if picture.gone_at(claim.owner) is not None]
        if life.claims and len(gone) == len(life.claims) and not _held(picture, record):
            assert record.drain_pushed_revision == record.pushed_revision


def _retirements(
    picture: pictures.Picture, held: list[records.GroupRecord]
) -> list[tuple[records.GroupRecord, records.RetireGroup]]:
    by_key = {record.key: record for record in held}
    actions = builders.plan(picture).actions
    return [(by_key[action.key], action) for action in actions if isinstance(action, records.RetireGroup)]


def _held(picture: pictures.Picture, record: records.GroupRecord) -> bool:
    found = ownership.holding(picture, record, rules=builders.RULES, now=builders.NOW)
    left = [holder for holder in found.holders if holder.owner.uid not in found.outlived]
    return bool(found.lookups) or any(holder.active for holder in ownership.answer(left, rules=builders.RULES))


def _rank(holder: ownership.Holder) -> int:
    return builders.RULES.ownership.index(holder.claim.rule)


def _is_over(known: rosters.Known) -> bool:
    """Whether this object is over by its own cleanup policy, long after everything."""
    if known.gone_at is not None:
        return True
    finish = known.view.finish
    match known.view.rules.cleanup:
        case cleanups.Cleanup.ON_COMPLETION | cleanups.Cleanup.AFTER:
            return finish is not None
        case cleanups.Cleanup.ON_SUCCESS:
            return finish is not None and finish.succeeded
        case _:
            return False
