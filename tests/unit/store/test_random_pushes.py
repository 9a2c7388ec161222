"""The store and the reference store accept the same pushes and show the same groups."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from tests.support.store import reference_store, store_builders
from tidegate.aio import clocks
from tidegate.exposition import rendered_series
from tidegate.model import errors, families, grouping

KEYS = [
    store_builders.key(job="a"),
    store_builders.key(job="b"),
    store_builders.key(job="a", instance="i"),
    store_builders.key(job="a", n="1"),
]

NAMES = ["x", "x_sum", "x_bucket", "y"]
HELPS = [None, "One.", "Two."]


@st.composite
def _family(draw: st.DrawFn, name: str) -> families.Family:
    kind = draw(st.sampled_from([families.MetricType.GAUGE, families.MetricType.GAUGE, *families.MetricType]))
    label_sets = st.dictionaries(st.sampled_from(["instance", "n", "job"]), st.sampled_from(["", "i", "1"]), max_size=2)
    metrics = [
        families.Metric(tuple(sorted(labels.items())), _value(kind, number), timestamp_ms=timestamp)
        for number, (labels, timestamp) in enumerate(
            draw(st.lists(st.tuples(label_sets, st.sampled_from([None] * 15 + [1000])), min_size=1, max_size=3))
        )
    ]
    return families.Family(name, kind, draw(st.sampled_from(HELPS)), metrics)


def _value(kind: families.MetricType, number: float) -> families.Value:
    match kind:
        case families.MetricType.SUMMARY:
            return families.Summary(count=number, sum=1.0)
        case families.MetricType.HISTOGRAM | families.MetricType.GAUGE_HISTOGRAM:
            return families.Histogram(count=number, sum=1.0, buckets=(families.Bucket(1.0, number),))
        case _:
            return number


_PUSHES = st.lists(st.sampled_from(NAMES).flatmap(_family), max_size=3).map(
    lambda found: {family.name: family for family in found}
)


class RandomPushes(RuleBasedStateMachine):
    """Pushes, posts and deletes of a few groups that are easily in each other's way."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = clocks.MovableClock()
        self.store = store_builders.store(clock=self.clock)
        self.model = reference_store.Model()

    @rule(key=st.sampled_from(KEYS), pushed=_PUSHES, replace=st.booleans())
    def push(self, key: grouping.GroupingKey, pushed: dict[str, families.Family], replace: bool) -> None:
        self.clock.advance(1)
        revision = self.store.revision
        accepted = True
        try:
            store_builders.done(self.store.push(key, pushed, replace=replace))
        except errors.InconsistentPushError:
            accepted = False
        assert accepted is self.model.push(key, pushed, replace=replace, now=self.clock.wall())
        assert self.store.revision == revision + 1

    @rule(key=st.sampled_from(KEYS))
    def delete(self, key: grouping.GroupingKey) -> None:
        assert store_builders.done(self.store.delete(key)) is self.model.delete(key)

    @invariant()
    def the_snapshot_is_the_models(self) -> None:
        snapshot = store_builders.done(self.store.snapshot())
        wanted = self.model.lines()
        assert [family.name for family in snapshot.families] == sorted(wanted)
        for family in snapshot.families:
            type, lines = wanted[family.name]
            assert b"".join(page.text for page in family.pages) == b"".join(lines)
            assert family.type is type

    @invariant()
    def each_help_text_is_one_that_was_pushed(self) -> None:
        for family in store_builders.done(self.store.snapshot()).families:
            if family.name in NAMES:
                held = [group.families.get(family.name) for group in self.model.groups.values()]
                found = {one.help for one in held if one is not None}
                assert family.help in found
                assert family.help is not None or found == {None}

    @invariant()
    def each_group_is_the_models(self) -> None:
        assert set(self.store.grouping_keys()) == set(self.model.groups)
        for key, group in self.model.groups.items():
            view = self.store.group(key)
            assert view is not None
            assert (view.push_time, view.push_failure_time) == (group.push_time, group.push_failure_time)
            assert set(view.families) == {*group.families, *reference_store.TIMES}
            for name, family in group.families.items():
                assert view.families[name].type is family.type
                assert view.families[name].help == family.help
                assert len(rendered_series.metrics(view.families[name].page, name=name, type=family.type)) == len(
                    family.metrics
                )


TestRandomPushes = RandomPushes.TestCase
TestRandomPushes.settings = settings(max_examples=30, stateful_step_count=25)
