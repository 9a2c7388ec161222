"""The output of ``tidegate groups`` fits into 120 columns, whatever the names of the groups."""

from __future__ import annotations

import pytest

from tidegate.cli import group_printer, terminal
from tidegate.client import api_calls
from tidegate.model import grouping, owners, ownership_status

NOW = 1_700_000_000.0


def _group(
    job: str = "x", *, owner: str = "x", push_time: float = NOW - 5, why: tuple[str, ...] = ("So it is.",)
) -> ownership_status.GroupStatus:
    owner_standing = ownership_status.OwnerStatus(
        owners.Owner("Job", "prod", owner, owners.Uid("u")), rule="name", active=True, decides=True, claims=True
    )
    return ownership_status.GroupStatus(
        key=grouping.grouping_key({"job": job}),
        state="live",
        verdict="active",
        rule="name",
        push_time=push_time,
        owners=(owner_standing,),
        why=why,
    )


def test_groups_are_sorted_by_name() -> None:
    text = group_printer.table([_group("b"), _group("a")], now=NOW, header=False)
    assert [line.split()[0] for line in text.splitlines()] == ['{job="a"}', '{job="b"}']


@pytest.mark.parametrize(
    ("job", "owner"), [("j" * 300, "o" * 253), ("j" * 300, "x"), ("x", "o" * 253)], ids=["both", "job", "owner"]
)
def test_long_names_are_cut_to_fit(job: str, owner: str) -> None:
    text = group_printer.table([_group(job, owner=owner), _group()], now=NOW, header=True).splitlines()
    assert max(map(len, text)) <= group_printer.WIDTH
    assert "…" in "".join(text)
    assert [line.split()[-1] for line in text] == ["PUSHED", "5s", "5s"]


def test_short_names_are_not_cut() -> None:
    assert "…" not in group_printer.table([_group("j" * 50)], now=NOW, header=True)


def test_a_group_without_a_successful_push_was_never_pushed() -> None:
    assert group_printer.table([_group(push_time=0.0)], now=NOW, header=False).split()[-1] == "never"


def test_paragraphs_are_wrapped() -> None:
    text = group_printer.explanations([_group(why=("word " * 100,))])
    assert max(map(len, text.splitlines())) <= group_printer.WIDTH


@pytest.mark.parametrize(
    ("seconds", "age"),
    [(0, "0s"), (59.9, "59s"), (60, "1m"), (3_599, "59m59s"), (11_520, "3h12m"), (187_200, "2d4h"), (-3, "0s")],
)
def test_an_age_has_two_units_at_most(seconds: float, age: str) -> None:
    assert group_printer.age(seconds) == age


@pytest.mark.parametrize("text", ["\x1b[31m", "a\nb", "\u202egpj", "\x00"])
def test_control_characters_are_escaped(text: str) -> None:
    assert terminal.plain(f"a {text} b").isprintable()


@pytest.mark.parametrize(
    ("type", "metric", "line"),
    [
        pytest.param("COUNTER", {"value": "7"}, '{job="x"} 7', id="counter"),
        pytest.param(
            "SUMMARY",
            {"quantiles": {"0.5": "1", "0.9": "2"}, "count": "3", "sum": "4"},
            '{job="x"} count 3, sum 4; 0.5: 1, 0.9: 2',
            id="summary",
        ),
        pytest.param(
            "HISTOGRAM", {"buckets": {"+Inf": "3"}, "count": "3", "sum": "4"}, "count 3, sum 4; +Inf: 3", id="histogram"
        ),
        pytest.param(
            "HISTOGRAM",
            {"buckets": [[0, "1", "2", "3"], [3, "-1", "1", "1"]], "count": "4", "sum": "4"},
            "count 4, sum 4; (1, 2]: 3, [-1, 1]: 1",
            id="native-histogram",
        ),
        pytest.param("SUMMARY", {"quantiles": {}, "count": "0", "sum": "0"}, '{job="x"} count 0, sum 0', id="empty"),
    ],
)
def test_samples_of_each_type_are_shown(type: str, metric: api_calls.Json, line: str) -> None:
    family = {"type": type, "metrics": [{"labels": {"job": "x"}, **metric}]}
    pushed = api_calls.PushedGroup(_group().key, {"f": family}, NOW, last_push_successful=False)
    text = group_printer.details(pushed, None, now=NOW)
    assert f"f ({type.lower()})" in text
    assert text.splitlines()[-1].endswith(line)
    assert "; the last push was rejected" in text
