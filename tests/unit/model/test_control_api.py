"""Messages of the control API are encoded to JSON and decoded unchanged."""

from __future__ import annotations

import dataclasses
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tidegate.model import control_api, grouping, lifecycle, owners, pushers

_TEXTS = st.text(max_size=5)
_REVISIONS = st.integers(0, 2**53)
_KEYS = st.dictionaries(_TEXTS, _TEXTS, min_size=1, max_size=3).map(grouping.grouping_key)
_UIDS = _TEXTS.map(owners.Uid)
_OWNERS = st.builds(owners.Owner, kind=_TEXTS, namespace=_TEXTS, name=_TEXTS, uid=_UIDS)
_CLAIM = st.builds(
    owners.Claim,
    owner=_OWNERS,
    drain_timeout=st.floats(0, 1e6),
    rule=_TEXTS,
    kept_for=st.floats(0, 1e6),
    kept_until=st.none() | st.floats(0, 1e10),
    series=st.none() | _OWNERS,
)
_CLAIMS = st.lists(_CLAIM, max_size=3).map(lambda found: {claim.owner.uid: claim for claim in found})
_GROUPS = st.builds(
    control_api.GroupRecord,
    key=_KEYS,
    revision=_REVISIONS,
    pushed_revision=_REVISIONS,
    push_time=st.floats(0, 1e10),
    claims=_CLAIMS,
    drain_pushed_revision=st.none() | _REVISIONS,
    sources=st.lists(st.builds(pushers.Source, _TEXTS, st.floats(0, 1e10)), max_size=4).map(tuple),
)
_DELETED = st.builds(
    control_api.DeletedRecord,
    key=_KEYS,
    revision=_REVISIONS,
    reason=st.sampled_from(lifecycle.DeletionReason),
    claims=_CLAIMS,
)
_CHANGES = st.builds(
    control_api.Changes,
    epoch=_TEXTS,
    revision=_REVISIONS,
    more=st.booleans(),
    began=_REVISIONS,
    groups=st.lists(_GROUPS, max_size=2).map(tuple),
    deleted=st.lists(_DELETED, max_size=2).map(tuple),
    now=st.floats(0, 1e10),
)
_ACTIONS = st.one_of(
    st.builds(control_api.ClaimGroup, key=_KEYS, claim=_CLAIM),
    st.builds(control_api.ReleaseGroup, key=_KEYS, uid=_UIDS),
    st.builds(
        control_api.StartDrain,
        key=_KEYS,
        finished=st.lists(_UIDS, max_size=3).map(tuple),
        pushed_revision=_REVISIONS,
        drain_timeout=st.floats(0, 1e6),
    ),
)


def test_claim_of_an_older_operator_has_the_defaults() -> None:
    owner = {"kind": "Job", "namespace": "prod", "name": "x", "uid": "u"}
    (claim,) = control_api.claims_from_json([{"owner": owner, "drain_timeout": 5.0}]).values()
    assert claim == owners.Claim(owners.Owner("Job", "prod", "x", owners.Uid("u")), 5.0, rule="name")


@given(_CHANGES)
def test_page_of_changes_is_decoded_into_itself(changes: control_api.Changes) -> None:
    assert control_api.Changes.from_json(json.loads(json.dumps(changes.to_json()))) == changes


@given(_ACTIONS)
def test_action_is_decoded_into_itself(action: control_api.Action) -> None:
    assert control_api.action_from_json(json.loads(json.dumps(action.to_json()))) == action


@given(_CHANGES)
def test_page_without_pushers_and_time_is_decoded(changes: control_api.Changes) -> None:
    encoded = changes.to_json()
    del encoded["now"]
    for group in encoded["groups"]:
        del group["sources"]
    groups = tuple(dataclasses.replace(group, sources=()) for group in changes.groups)
    assert control_api.Changes.from_json(encoded) == dataclasses.replace(changes, groups=groups, now=0.0)


def test_claim_with_unknown_fields_is_decoded() -> None:
    claim = owners.Claim(owners.Owner("Job", "default", "a", owners.Uid("u")), drain_timeout=9.0)
    (encoded,) = control_api.claims_to_json({claim.owner.uid: claim})
    assert control_api.claims_from_json([{**encoded, "more": 1}]) == {claim.owner.uid: claim}


def test_an_unknown_action_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown action 'dance'"):
        control_api.action_from_json({"do": "dance", "labels": {"job": "a"}})


@pytest.mark.parametrize("number", ["1e400", "-1e400", "NaN"])
@pytest.mark.parametrize(
    "action",
    [
        '{"do": "retire", "labels": {"job": "a"}, "over": [], "pushed_revision": 1, "drain_timeout": NUMBER}',
        '{"do": "claim", "labels": {"job": "a"}, "owner": OWNER, "drain_timeout": NUMBER}',
        '{"do": "claim", "labels": {"job": "a"}, "owner": OWNER, "drain_timeout": 1, "kept_for": NUMBER}',
        '{"do": "claim", "labels": {"job": "a"}, "owner": OWNER, "drain_timeout": 1, "kept_until": NUMBER}',
    ],
)
def test_action_with_a_time_that_is_not_finite_is_an_error(action: str, number: str) -> None:
    owner = '{"kind": "Job", "namespace": "n", "name": "a", "uid": "u"}'
    with pytest.raises(ValueError, match="is not a number of seconds"):
        control_api.action_from_json(json.loads(action.replace("NUMBER", number).replace("OWNER", owner)))
