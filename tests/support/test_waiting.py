"""A wait ends as soon as its condition holds, and says what it saw when it does not."""

import pytest

from tests.support import waiting


def test_what_is_seen_is_returned() -> None:
    answers = iter([None, "", "here"])

    assert waiting.eventually(lambda: next(answers), why="an answer", interval=0) == "here"


def test_a_failed_assertion_is_not_yet() -> None:
    answers = iter([1, 2, 3])

    def look() -> int:
        answer = next(answers)
        assert answer == 3
        return answer

    assert waiting.eventually(look, why="three", interval=0) == 3


def test_a_vain_wait_says_what_it_saw_last() -> None:
    with pytest.raises(waiting.WaitTimeoutError, match=r"waited 0 s in vain for a group; seen last: \[\]"):
        waiting.eventually(list[int], why="a group", timeout=0)


def test_another_error_goes_straight_up() -> None:
    with pytest.raises(ZeroDivisionError):
        waiting.eventually(lambda: 1 / 0, why="a quotient")


def test_a_named_error_is_not_yet() -> None:
    with pytest.raises(waiting.WaitTimeoutError, match="seen last: ZeroDivisionError"):
        waiting.eventually(lambda: 1 / 0, why="a quotient", timeout=0, retry_on=(ZeroDivisionError,))


async def test_a_look_that_is_awaited_waits_in_the_same_way() -> None:
    answers = iter([0, 7])

    async def look() -> int:
        return next(answers)

    assert await waiting.eventually_async(look, why="seven", interval=0) == 7
