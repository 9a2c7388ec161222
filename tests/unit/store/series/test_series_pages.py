"""Pages are a sorted map, and their text is the joined values, after any insertions and deletions."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tidegate.store.series import series_pages

PAGE_SIZE = 8
"""Small, so that a few keys make pages split and merge."""

KEYS = [f"{number:03}" for number in range(120)]


@pytest.fixture(autouse=True, scope="module")
def small_pages() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(series_pages, "PAGE_SIZE", PAGE_SIZE)
        yield


def _filled(keys: list[str]) -> series_pages.SeriesPages:
    made = series_pages.SeriesPages()
    for key in keys:
        made[key] = f"{key}\n".encode()
    return made


def _expect_same(made: series_pages.SeriesPages, model: dict[str, bytes]) -> None:
    wanted = sorted(model)
    assert list(made) == wanted
    assert len(made) == len(model)
    assert b"".join(page.text for page in made.render()) == b"".join(model[key] for key in wanted)
    assert all(made[key] == lines for key, lines in model.items())


@settings(max_examples=150)
@given(
    st.lists(
        st.tuples(st.sampled_from(["put", "put", "delete"]), st.sampled_from(KEYS), st.binary(max_size=3)),
        max_size=200,
    )
)
def test_series_pages_are_a_sorted_map(steps: list[tuple[str, str, bytes]]) -> None:
    made, model = series_pages.SeriesPages(), dict[str, bytes]()
    for step, key, lines in steps:
        if step == "put":
            made[key] = model[key] = lines
        elif key in model:
            del made[key], model[key]
        assert (key in made) is (key in model)
    _expect_same(made, model)


@settings(max_examples=50)
@given(st.permutations(KEYS), st.permutations(KEYS))
def test_number_of_pages_stays_small_during_insertions_and_deletions_in_any_order(
    into: list[str], out: list[str]
) -> None:
    made, model = series_pages.SeriesPages(), dict[str, bytes]()
    for key in into:
        made[key] = model[key] = f"{key}\n".encode()
    _expect_same(made, model)
    for number, key in enumerate(out):
        del made[key], model[key]
        left = len(KEYS) - number - 1
        # Two neighbours always hold more than half a page between them.
        assert len(made.render()) <= 2 * left / (PAGE_SIZE // 2) + 1
    assert made.render() == []


@pytest.mark.parametrize("out", [KEYS, KEYS[::-1]], ids=["from the front", "from the back"])
def test_scattered_remaining_series_share_pages(out: list[str]) -> None:
    made = _filled(KEYS)
    survivors = set(KEYS[::PAGE_SIZE])
    for key in out:
        if key not in survivors:
            del made[key]
    assert list(made) == sorted(survivors)
    assert len(made.render()) <= 2 * len(survivors) / (PAGE_SIZE // 2) + 1


def test_change_renders_only_its_own_page_again() -> None:
    made = _filled(KEYS)
    before = made.render()
    made[KEYS[50]] = b"other\n"
    after = made.render()
    assert sum(new is not old for new, old in zip(after, before, strict=True)) == 1


def test_later_changes_do_not_alter_rendered_pages() -> None:
    made = _filled(KEYS)
    rendered = made.render()
    text = b"".join(page.text for page in rendered)
    for key in KEYS[::2]:
        del made[key]
    assert b"".join(page.text for page in rendered) == text


@pytest.mark.parametrize("key", ["", "0005", "999"], ids=["before all", "between", "after all"])
def test_missing_key_raises_key_error(key: str) -> None:
    made = _filled(KEYS)
    assert key not in made
    with pytest.raises(KeyError):
        made[key]
    with pytest.raises(KeyError):
        del made[key]
