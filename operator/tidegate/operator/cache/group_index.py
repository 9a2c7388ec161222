"""The groups as they were last told of, found by whatever may lead to them."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tidegate.model import control_api, grouping, owners
from tidegate.operator.cache import multimaps
from tidegate.operator.objects import pod_names

POD_LABELS = ("instance", "pod")
"""Grouping labels whose value may name the pod that pushed."""


class GroupIndex:
    """All groups.

    :ivar by_word: by what may be a name of their owners (:mod:`pod_names`).
    :ivar by_claim: by those that claim them.
    :ivar by_pusher: by the addresses that they were pushed from.
    """

    def __init__(self) -> None:
        self._records: dict[grouping.GroupingKey, control_api.GroupRecord] = {}
        self.by_word: multimaps.Multimap[str, grouping.GroupingKey] = multimaps.Multimap()
        self.by_claim: multimaps.Multimap[owners.Owner, grouping.GroupingKey] = multimaps.Multimap()
        self.by_pusher: multimaps.Multimap[str, grouping.GroupingKey] = multimaps.Multimap()
        self._runs: multimaps.Multimap[owners.Owner, owners.Owner] = multimaps.Multimap()
        self._claimed_since: dict[owners.Owner, float] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def get(self, key: grouping.GroupingKey) -> control_api.GroupRecord | None:
        """A group as it was last told of."""
        return self._records.get(key)

    def __iter__(self) -> Iterator[grouping.GroupingKey]:
        return iter(self._records)

    def put(self, record: control_api.GroupRecord, *, steady: float) -> control_api.GroupRecord | None:
        """A group as it is now; returns it as it was before."""
        before = self._records.get(record.key)
        if before is None:
            for word in words(record.key):
                self.by_word.add(word, record.key)
        else:
            self._forget_claims(before, keep=record.claims)
            for address in set(before.pushers) - set(record.pushers):
                self.by_pusher.discard(address, record.key)
        self._records[record.key] = record
        for address in record.pushers:
            self.by_pusher.add(address, record.key)
        for claim in record.claims.values():
            self.by_claim.add(claim.owner, record.key)
            self._claimed_since.setdefault(claim.owner, steady)
            if claim.series is not None:
                self._runs.add(claim.series, claim.owner)
        return before

    def pop(self, key: grouping.GroupingKey) -> control_api.GroupRecord | None:
        """Take a group out; returns it as it was."""
        record = self._records.pop(key, None)
        if record is None:
            return None
        self._forget_claims(record, keep=())
        for word in words(key):
            self.by_word.discard(word, key)
        for address in record.pushers:
            self.by_pusher.discard(address, key)
        return record

    def claimants(self) -> dict[owners.Owner, float]:
        """All that claim a group, each with the steady time at which that was first seen."""
        return self._claimed_since

    def of_pod(self, value: str) -> set[grouping.GroupingKey]:
        """The groups that name this pod."""
        return {key for key in self.by_word[pod_names.word(value)] if value in pod_values(key)}

    def of_other_runs(
        self, series: owners.Owner, run: owners.Owner
    ) -> Iterator[tuple[owners.Owner, control_api.GroupRecord]]:
        """The other runs of a series, each with every group that it claims and this one does not."""
        for other in self._runs[series]:
            if other.uid != run.uid:
                for key in self.by_claim[other]:
                    record = self._records[key]
                    if run.uid not in record.claims:
                        yield other, record

    def _forget_claims(self, record: control_api.GroupRecord, *, keep: Collection[owners.Uid]) -> None:
        for uid, claim in record.claims.items():
            if uid not in keep:
                self.by_claim.discard(claim.owner, record.key)
                if claim.owner not in self.by_claim:
                    self._claimed_since.pop(claim.owner, None)
                    if claim.series is not None:
                        self._runs.discard(claim.series, claim.owner)


def pod_values(key: grouping.GroupingKey) -> list[str]:
    """What the group says its pod is: the values of ``instance`` and ``pod``."""
    return [value for name, value in key if name in POD_LABELS]


def words(key: grouping.GroupingKey) -> set[str]:
    """Under which words the objects stand that this group may be about."""
    found = {pod_names.word(value) for name, value in key if name == "job"}
    for value in pod_values(key):
        found |= pod_names.words(value)
    return found
