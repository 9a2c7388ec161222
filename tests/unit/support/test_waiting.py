"""A wait ends as soon as its condition holds; if it times out, the error shows the last observed value."""

import pytest

from tests.support import waiting


def test_wait_returns_the_observed_value() -> None:
    answers = iter([None, "", "here"])

    assert waiting.eventually(lambda: next(answers), why="an answer", interval=0) == "here"


def test_failed_assertion_is_retried() -> None:
    answers = iter([1, 2, 3])

    def look() -> int:
        answer = next(answers)
        assert answer == 3
        return answer

    assert waiting.eventually(look, why="three", interval=0) == 3


def test_timeout_error_shows_the_last_observed_value() -> None:
    with pytest.raises(waiting.WaitTimeoutError, match=r"waited 0 s in vain for a group; seen last: \[\]"):
        waiting.eventually(list[int], why="a group", timeout=0)


def test_unexpected_error_is_raised_immediately() -> None:
    with pytest.raises(ZeroDivisionError):
        waiting.eventually(lambda: 1 / 0, why="a quotient")


def test_error_in_retry_on_is_retried() -> None:
    with pytest.raises(waiting.WaitTimeoutError, match="seen last: ZeroDivisionError"):
        waiting.eventually(lambda: 1 / 0, why="a quotient", timeout=0, retry_on=(ZeroDivisionError,))


async def test_async_wait_behaves_like_the_synchronous_one() -> None:
    answers = iter([0, 7])

    async def look() -> int:
        return next(answers)

    assert await waiting.eventually_async(look, why="seven", interval=0) == 7
