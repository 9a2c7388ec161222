"""Colors are for terminals only, respect $NO_COLOR, and do not change the widths of columns."""

from __future__ import annotations

import io
import os
import re
from collections.abc import AsyncIterator, Mapping

import pytest

from tests.support.cli import command_runs, groups_runs
from tidegate.cli import group_printer, terminal
from tidegate.client import api_calls
from tidegate.model import grouping, lifecycle, ownership_status
from tidegate.operator.planning import drain_planner

NOW = 1_700_000_000.0
_ESCAPE = re.compile(r"\x1b\[\d+m")


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def _group(job: str, *, state: str = "live", verdict: str = "active") -> ownership_status.GroupStatus:
    return ownership_status.GroupStatus(
        key=grouping.grouping_key({"job": job}), state=state, verdict=verdict, rule="name", push_time=NOW - 5
    )


@pytest.mark.parametrize(
    ("choice", "is_terminal", "environment", "is_colored"),
    [
        pytest.param("auto", True, {"TERM": "xterm"}, True, id="a-terminal"),
        pytest.param("auto", True, {"TERM": "xterm", "NO_COLOR": ""}, True, id="an-empty-no-color"),
        pytest.param("auto", True, {"TERM": "xterm", "NO_COLOR": "1"}, False, id="no-color"),
        pytest.param("auto", True, {"TERM": "dumb"}, False, id="a-dumb-terminal"),
        pytest.param("auto", True, {}, False, id="a-terminal-without-a-name"),
        pytest.param("auto", False, {"TERM": "xterm"}, False, id="a-pipe"),
        pytest.param("always", False, {"NO_COLOR": "1"}, True, id="always"),
        pytest.param("never", True, {"TERM": "xterm"}, False, id="never"),
    ],
)
def test_only_a_terminal_has_colors_unless_the_flag_or_the_environment_says_otherwise(
    choice: str, is_terminal: bool, environment: Mapping[str, str], is_colored: bool
) -> None:
    assert terminal.has_color(choice, _Terminal() if is_terminal else io.StringIO(), environment) is is_colored


@pytest.mark.parametrize("word", [each.value for kind in (lifecycle.State, drain_planner.Verdict) for each in kind])
def test_every_state_and_verdict_has_a_color(word: str) -> None:
    assert terminal.colored(word) != word
    assert _ESCAPE.sub("", terminal.colored(word)) == word


def test_colors_do_not_change_the_text_of_a_table() -> None:
    standings_ = [_group("a"), _group("b" * 200, state="draining", verdict="over"), _group("c", verdict="")]
    plain = group_printer.table(standings_, now=NOW, header=True)
    colored = group_printer.table(standings_, now=NOW, header=True, is_colored=True)
    assert _ESCAPE.sub("", colored) == plain
    assert "\x1b[32mlive\x1b[0m      \x1b[32mactive\x1b[0m" in colored
    assert colored.startswith("\x1b[1mGROUP")


def test_colors_do_not_change_the_text_of_a_group() -> None:
    pushed = api_calls.PushedGroup(grouping.grouping_key({"job": "a"}), {}, NOW, last_push_successful=True)
    plain = group_printer.details(pushed, _group("a"), now=NOW)
    colored = group_printer.details(pushed, _group("a"), now=NOW, is_colored=True)
    assert _ESCAPE.sub("", colored) == plain
    assert "  state      \x1b[32mlive\x1b[0m\n" in colored


@pytest.fixture
async def stage() -> AsyncIterator[groups_runs.Stage]:
    async with groups_runs.opened() as made:
        yield made


@pytest.mark.parametrize(
    ("arguments", "is_colored"),
    [
        (["list"], True),
        (["show", "job=x"], True),
        (["list", "--color=never"], False),
        (["list", "--output=json"], False),
    ],
    ids=["list", "show", "never", "json"],
)
async def test_a_terminal_shows_colors_in_tables_only(
    stage: groups_runs.Stage, arguments: list[str], is_colored: bool
) -> None:
    await stage.push("job/x")
    ours, theirs = os.openpty()
    try:
        env = {"TERM": "xterm", "NO_COLOR": ""}
        ran = await command_runs.run("groups", *arguments, stage.gateway, stage.operator, stdout=theirs, env=env)
        shown = os.read(ours, 65_536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.status == 0
    assert "live" in shown
    assert ("\x1b[32mlive\x1b[0m" in shown) is is_colored
    assert ("\x1b" in shown) is is_colored


async def test_a_pipe_has_no_colors_unless_the_flag_says_always(stage: groups_runs.Stage) -> None:
    await stage.push("job/x")
    assert "\x1b" not in (await stage.run("list")).out
    assert "\x1b[32mlive\x1b[0m" in (await stage.run("list", "--color=always")).out
