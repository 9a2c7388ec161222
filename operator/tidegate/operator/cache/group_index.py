"""The gateway's groups, indexed by everything that may lead from an object to a group."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from tidegate.model import control_api, grouping, owners
from tidegate.operator.cache import multimaps
from tidegate.operator.objects import pod_names

POD_LABELS = ("instance", "pod")
"""Grouping labels whose value may name the pod that pushed."""


class GroupIndex:
    """All groups.

    :ivar by_name: groups by the possible names of their owners, truncated by :func:`pod_names.index_name`.
    :ivar by_claim: groups by the owners that claim them.
    :ivar by_address: groups by the addresses that pushed them.
    """

    def __init__(self) -> None:
        self._records: dict[grouping.GroupingKey, control_api.GroupRecord] = {}
        self.by_name: multimaps.Multimap[str, grouping.GroupingKey] = multimaps.Multimap()
        self.by_claim: multimaps.Multimap[owners.Owner, grouping.GroupingKey] = multimaps.Multimap()
        self.by_address: multimaps.Multimap[str, grouping.GroupingKey] = multimaps.Multimap()
        self._runs: multimaps.Multimap[owners.Owner, owners.Owner] = multimaps.Multimap()
        self._claimed_since: dict[owners.Owner, float] = {}

    def __len__(self) -> int:
        return len(self._records)

    def __contains__(self, key: object) -> bool:
        return key in self._records

    def get(self, key: grouping.GroupingKey) -> control_api.GroupRecord | None:
        """A group as the gateway last reported it."""
        return self._records.get(key)

    def __iter__(self) -> Iterator[grouping.GroupingKey]:
        return iter(self._records)

    def put(self, record: control_api.GroupRecord, *, monotonic: float) -> control_api.GroupRecord | None:
        """Store a group. Returns the previous record."""
        previous = self._records.get(record.key)
        if previous is None:
            for name in index_names(record.key):
                self.by_name.add(name, record.key)
        else:
            self._remove_claims(previous, keep=record.claims)
            for address in set(previous.pushers) - set(record.pushers):
                self.by_address.discard(address, record.key)
        self._records[record.key] = record
        for address in record.pushers:
            self.by_address.add(address, record.key)
        for claim in record.claims.values():
            self.by_claim.add(claim.owner, record.key)
            self._claimed_since.setdefault(claim.owner, monotonic)
            if claim.series is not None:
                self._runs.add(claim.series, claim.owner)
        return previous

    def pop(self, key: grouping.GroupingKey) -> control_api.GroupRecord | None:
        """Remove a group. Returns its record."""
        record = self._records.pop(key, None)
        if record is None:
            return None
        self._remove_claims(record, keep=())
        for name in index_names(key):
            self.by_name.discard(name, key)
        for address in record.pushers:
            self.by_address.discard(address, key)
        return record

    def claimants(self) -> dict[owners.Owner, float]:
        """All owners that claim a group, with the monotonic time at which the claim was first seen."""
        return self._claimed_since

    def of_pod(self, value: str) -> set[grouping.GroupingKey]:
        """The groups whose ``instance`` or ``pod`` label has this value."""
        return {key for key in self.by_name[pod_names.index_name(value)] if value in pod_values(key)}

    def of_other_runs(
        self, series: owners.Owner, run: owners.Owner
    ) -> Iterator[tuple[owners.Owner, control_api.GroupRecord]]:
        """The other runs of a series, each with every group that it claims and ``run`` does not."""
        for other in self._runs[series]:
            if other.uid != run.uid:
                for key in self.by_claim[other]:
                    record = self._records[key]
                    if run.uid not in record.claims:
                        yield other, record

    def _remove_claims(self, record: control_api.GroupRecord, *, keep: Collection[owners.Uid]) -> None:
        for uid, claim in record.claims.items():
            if uid not in keep:
                self.by_claim.discard(claim.owner, record.key)
                if claim.owner not in self.by_claim:
                    self._claimed_since.pop(claim.owner, None)
                    if claim.series is not None:
                        self._runs.discard(claim.series, claim.owner)


def pod_values(key: grouping.GroupingKey) -> list[str]:
    """The values of the labels ``instance`` and ``pod``, which may name the pod that pushed."""
    return [value for name, value in key if name in POD_LABELS]


def index_names(key: grouping.GroupingKey) -> set[str]:
    """The truncated names (:func:`pod_names.index_name`) of the objects that this group may belong to."""
    names = {pod_names.index_name(value) for name, value in key if name == "job"}
    for value in pod_values(key):
        names |= pod_names.index_names(value)
    return names
