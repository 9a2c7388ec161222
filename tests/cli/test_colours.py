"""Colours: on a terminal alone, where nobody minds them, and never in the way of the widths."""

from __future__ import annotations

import io
import os
import re
from collections.abc import AsyncIterator, Mapping

import pytest

from tests.cli import groupruns
from tidegate.cli import colours, tables
from tidegate.client import api_calls
from tidegate.model import grouping, lifecycle, ownership_status
from tidegate.operator.planning import planner

NOW = 1_700_000_000.0
_ESCAPE = re.compile(r"\x1b\[\d+m")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _group(job: str, *, state: str = "live", verdict: str = "active") -> ownership_status.GroupStanding:
    return ownership_status.GroupStanding(
        key=grouping.grouping_key({"job": job}), state=state, verdict=verdict, rule="name", push_time=NOW - 5
    )


@pytest.mark.parametrize(
    ("choice", "terminal", "environment", "coloured"),
    [
        pytest.param("auto", True, {"TERM": "xterm"}, True, id="a-terminal"),
        pytest.param("auto", True, {"TERM": "xterm", "NO_COLOR": ""}, True, id="an-empty-no-color"),
        pytest.param("auto", True, {"TERM": "xterm", "NO_COLOR": "1"}, False, id="no-color"),
        pytest.param("auto", True, {"TERM": "dumb"}, False, id="a-dumb-terminal"),
        pytest.param("auto", True, {}, False, id="a-terminal-of-no-name"),
        pytest.param("auto", False, {"TERM": "xterm"}, False, id="a-pipe"),
        pytest.param("always", False, {"NO_COLOR": "1"}, True, id="always"),
        pytest.param("never", True, {"TERM": "xterm"}, False, id="never"),
    ],
)
def test_who_gets_them(choice: str, terminal: bool, environment: Mapping[str, str], coloured: bool) -> None:
    assert colours.wanted(choice, _Terminal() if terminal else io.StringIO(), environment) is coloured


@pytest.mark.parametrize("word", [each.value for kind in (lifecycle.State, planner.Verdict) for each in kind])
def test_every_state_and_verdict_has_one(word: str) -> None:
    assert colours.word(word) != word
    assert _ESCAPE.sub("", colours.word(word)) == word


def test_a_table_without_its_colours_is_the_one_that_has_none() -> None:
    found = [_group("a"), _group("b" * 200, state="draining", verdict="over"), _group("c", verdict="")]
    plain = tables.table(found, now=NOW, header=True)
    coloured = tables.table(found, now=NOW, header=True, coloured=True)
    assert _ESCAPE.sub("", coloured) == plain
    assert "\x1b[32mlive\x1b[0m      \x1b[32mactive\x1b[0m" in coloured
    assert coloured.startswith("\x1b[1mGROUP")


def test_a_group_without_its_colours_is_the_one_that_has_none() -> None:
    pushed = api_calls.PushedGroup(grouping.grouping_key({"job": "a"}), {}, NOW, last_push_successful=True)
    plain = tables.details(pushed, _group("a"), now=NOW)
    coloured = tables.details(pushed, _group("a"), now=NOW, coloured=True)
    assert _ESCAPE.sub("", coloured) == plain
    assert "  state     \x1b[32mlive\x1b[0m\n" in coloured


@pytest.fixture
async def stage() -> AsyncIterator[groupruns.Stage]:
    async with groupruns.opened() as made:
        yield made


@pytest.mark.parametrize(
    ("arguments", "coloured"),
    [
        (["list"], True),
        (["show", "job=x"], True),
        (["list", "--color=never"], False),
        (["list", "--output=json"], False),
    ],
    ids=["list", "show", "never", "json"],
)
async def test_a_terminal_shows_them(stage: groupruns.Stage, arguments: list[str], coloured: bool) -> None:
    await stage.push("job/x")
    ours, theirs = os.openpty()
    try:
        env = {"TERM": "xterm", "NO_COLOR": ""}
        ran = await groupruns.run(*arguments, stage.gateway, stage.operator, stdout=theirs, env=env)
        shown = os.read(ours, 65_536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.status == 0
    assert "live" in shown
    assert ("\x1b[32mlive\x1b[0m" in shown) is coloured
    assert ("\x1b" in shown) is coloured


async def test_a_pipe_has_none_unless_that_is_said(stage: groupruns.Stage) -> None:
    await stage.push("job/x")
    assert "\x1b" not in (await stage.run("list")).out
    assert "\x1b[32mlive\x1b[0m" in (await stage.run("list", "--color=always")).out
