"""A push that is recognised by its template has the same result as a parsed push."""

from __future__ import annotations

import string
from typing import TypeAlias

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.store import store_builders, templated_bodies
from tidegate.aio import clocks
from tidegate.exposition.text import parser, repeated_bodies
from tidegate.model import errors, grouping
from tidegate.store import group_store


class Pair:
    """A store that receives each body, and one that receives only the parsed families."""

    def __init__(self) -> None:
        self.clock = clocks.MovableClock()
        self.known = store_builders.store(clock=self.clock)
        self.read = store_builders.store(clock=self.clock)
        self.repeats = 0

    def push(self, key: grouping.GroupingKey, body: bytes, *, replace: bool) -> None:
        self.clock.advance(1.0)
        outcomes = [_outcome(self._push_known, key, body, replace), _outcome(self._push_read, key, body, replace)]
        assert outcomes[0] == outcomes[1]

    def _push_known(self, key: grouping.GroupingKey, body: bytes, replace: bool) -> None:
        split_body = repeated_bodies.split(body)
        assert split_body is not None
        if store_builders.done(self.known.repeat(key, split_body, replace=replace)):
            self.repeats += 1
        else:
            store_builders.done(self.known.push(key, parser.parse(body), replace=replace, split_body=split_body))

    def _push_read(self, key: grouping.GroupingKey, body: bytes, replace: bool) -> None:
        store_builders.done(self.read.push(key, parser.parse(body), replace=replace))

    def expect_alike(self) -> None:
        assert _shown(self.known) == _shown(self.read)
        assert self.known.revision == self.read.revision
        for key in self.read.grouping_keys():
            assert repr(self.known.group(key)) == repr(self.read.group(key))


def _outcome(push: object, key: grouping.GroupingKey, body: bytes, replace: bool) -> str:
    assert callable(push)
    try:
        push(key, body, replace)
    except (errors.BadExpositionError, errors.InconsistentPushError) as error:
        return str(error)
    return "accepted"


def _shown(store: group_store.GroupStore) -> list[tuple[object, ...]]:
    shown = store_builders.done(store.snapshot()).families
    return [
        (family.name, family.type, family.help, b"".join(page.text for page in family.pages), _specials(family.pages))
        for family in shown
    ]


def _specials(pages: object) -> list[object]:
    assert isinstance(pages, list)
    return [repr(page.specials) for page in pages]  # NaN is not equal to itself


_PUSHES = st.tuples(
    st.sampled_from(templated_bodies.KEYS),
    st.sampled_from(templated_bodies.TEMPLATES),
    st.lists(
        st.sampled_from(templated_bodies.NUMBERS[:4]) | st.sampled_from(templated_bodies.NUMBERS),
        min_size=9,
        max_size=9,
    ),
    st.booleans(),
    st.booleans(),
)


_Pushes: TypeAlias = list[tuple[grouping.GroupingKey, str, list[str], bool, bool]]


@settings(max_examples=80)
@given(st.lists(_PUSHES, max_size=25))
def test_repeated_push_has_the_same_result_as_a_parsed_push(pushed: _Pushes) -> None:
    _compare(pushed)


@pytest.mark.long
@pytest.mark.timeout(1_800)
@settings(max_examples=3_000)
@given(st.lists(_PUSHES, max_size=25))
def test_many_repeated_pushes_have_the_same_result_as_parsed_pushes(pushed: _Pushes) -> None:
    _compare(pushed)


def _compare(pushed: _Pushes) -> None:
    pair = Pair()
    for key, template, numbers, replace, look in pushed:
        pair.push(key, templated_bodies.spell(template, numbers), replace=replace)
        if look:
            pair.expect_alike()
    pair.expect_alike()


@pytest.mark.parametrize("template", templated_bodies.TEMPLATES[:8], ids=lambda template: template.split("\n")[0])
def test_third_push_with_a_template_is_recognised(template: str) -> None:
    pair = Pair()
    for number in "123":
        pair.push(
            templated_bodies.KEYS[0],
            templated_bodies.spell(template, [number if "Of" not in template else "1"] * 9),
            replace=True,
        )
    assert pair.repeats == 1
    pair.expect_alike()


def test_template_of_another_group_is_recognised_at_the_second_push() -> None:
    pair = Pair()
    for number in "12":
        pair.push(
            templated_bodies.KEYS[0], templated_bodies.spell(templated_bodies.TEMPLATES[0], [number] * 9), replace=True
        )
    for number in "34":
        pair.push(
            templated_bodies.KEYS[1], templated_bodies.spell(templated_bodies.TEMPLATES[0], [number] * 9), replace=True
        )
    assert pair.repeats == 1
    pair.expect_alike()


@pytest.mark.parametrize(
    ("first", "second"),
    [
        pytest.param("u $\n", "w $\n", id="another name"),
        pytest.param("u $\n", "u{a=\"1\"} $\n", id="another label"),
        pytest.param("u $\n", "u $", id="no line feed at the end"),
        pytest.param("u $\n", "u  $\n", id="another space"),
        pytest.param("u $\n", "u $\nw $\n", id="more"),
    ],
)  # fmt: skip
def test_body_with_another_template_is_parsed(first: str, second: str) -> None:
    pair = Pair()
    for number in "12":
        pair.push(templated_bodies.KEYS[0], templated_bodies.spell(first, [number] * 9), replace=True)
    pair.push(templated_bodies.KEYS[0], templated_bodies.spell(second, ["3"] * 9), replace=True)
    assert pair.repeats == 0
    pair.expect_alike()


def test_put_after_a_post_with_another_template_replaces_everything() -> None:
    pair = Pair()
    for template in (
        templated_bodies.TEMPLATES[0],
        templated_bodies.TEMPLATES[0],
        templated_bodies.TEMPLATES[7],
        templated_bodies.TEMPLATES[0],
        templated_bodies.TEMPLATES[0],
    ):
        pair.push(
            templated_bodies.KEYS[0],
            templated_bodies.spell(template, list(string.digits)),
            replace=template == templated_bodies.TEMPLATES[0],
        )
        pair.expect_alike()


def test_group_pushed_again_after_its_deletion_starts_from_nothing() -> None:
    pair = Pair()
    for _ in range(2):
        for number in "123":
            pair.push(
                templated_bodies.KEYS[0],
                templated_bodies.spell(templated_bodies.TEMPLATES[0], [number] * 9),
                replace=True,
            )
        for store in (pair.known, pair.read):
            store_builders.done(store.delete(templated_bodies.KEYS[0]))
    pair.expect_alike()
