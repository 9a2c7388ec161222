"""The unit of a family is kept with its groups, and outlives the process."""

from __future__ import annotations

from pathlib import Path

from tests.store import builders, kept
from tests.support import delimited
from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.model import families
from tidegate.store import interface


def _pushed(unit: bytes | None) -> dict[str, families.Family]:
    family = pb.MetricFamily(name=b"m_seconds", type=1, unit=unit, metric=[pb.Metric(gauge=pb.Gauge(value=1))])
    return decoder.parse(delimited.families(family))


def _unit(store: interface.Store) -> str | None:
    (found,) = [one for one in builders.done(store.snapshot()).families if one.name == "m_seconds"]
    return found.unit


def test_the_unit_of_a_family_is_one_that_a_group_has_pushed() -> None:
    store = builders.store()
    for job, unit in (("a", None), ("b", b"seconds"), ("c", b"s")):
        builders.done(store.push(builders.key(job=job), _pushed(unit), replace=True))
    assert _unit(store) == "s"
    builders.done(store.push(builders.key(job="c"), _pushed(None), replace=True))
    assert _unit(store) == "seconds"
    builders.done(store.delete(builders.key(job="b")))
    assert _unit(store) is None


async def test_a_unit_outlives_the_process(tmp_path: Path) -> None:
    async with kept.opened(tmp_path / "groups") as store:
        for job in ("a", "b"):
            await store.push(builders.key(job=job), _pushed(b"seconds"), replace=True)
    async with kept.opened(tmp_path / "groups") as store:
        assert _unit(store) == "seconds"
        await store.delete(builders.key(job="a"))
        assert _unit(store) == "seconds"
