"""The unit of a family is stored with its groups, and survives a restart."""

from __future__ import annotations

from pathlib import Path

from tests.support.formats import delimited_protobuf
from tests.support.store import persistent_stores, store_builders
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.model import families
from tidegate.store import interface


def _pushed(unit: bytes | None) -> dict[str, families.Family]:
    family = pb.MetricFamily(name=b"m_seconds", type=1, unit=unit, metric=[pb.Metric(gauge=pb.Gauge(value=1))])
    return decoder.parse(delimited_protobuf.families(family))


def _unit(store: interface.Store) -> str | None:
    (found,) = [one for one in store_builders.done(store.snapshot()).families if one.name == "m_seconds"]
    return found.unit


def test_unit_of_a_family_is_one_that_a_group_has_pushed() -> None:
    store = store_builders.store()
    for job, unit in (("a", None), ("b", b"seconds"), ("c", b"s")):
        store_builders.done(store.push(store_builders.key(job=job), _pushed(unit), replace=True))
    assert _unit(store) == "s"
    store_builders.done(store.push(store_builders.key(job="c"), _pushed(None), replace=True))
    assert _unit(store) == "seconds"
    store_builders.done(store.delete(store_builders.key(job="b")))
    assert _unit(store) is None


async def test_unit_survives_a_restart(tmp_path: Path) -> None:
    async with persistent_stores.opened(tmp_path / "groups") as store:
        for job in ("a", "b"):
            await store.push(store_builders.key(job=job), _pushed(b"seconds"), replace=True)
    async with persistent_stores.opened(tmp_path / "groups") as store:
        assert _unit(store) == "seconds"
        await store.delete(store_builders.key(job="a"))
        assert _unit(store) == "seconds"
