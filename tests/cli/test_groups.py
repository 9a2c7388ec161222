"""``tidegate groups`` as people run it."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator

import pytest

from tests.cli import groupruns, runs


@pytest.fixture
async def stage() -> AsyncIterator[groupruns.Stage]:
    async with groupruns.opened() as made:
        yield made


async def _nightly(stage: groupruns.Stage) -> None:
    stage.scene.api_server.put(stage.scene.running("nightly"))
    await stage.push("job/nightly/shard/1", "# HELP rows How many.\n# TYPE rows gauge\nrows 7\n")
    key = stage.scene.gateway.store.grouping_keys()[0]
    await stage.scene.until("live Job prod/nightly", key=key)
    await stage.push("job/stray")


async def test_list_is_a_table_of_whose_the_groups_are(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("list")
    assert (ran.status, ran.err) == (0, "")
    lines = [re.sub(r"\b\d+s$", "AGO", line) for line in ran.out.splitlines()]
    assert lines == [
        "GROUP                      STATE  VERDICT  RULE  OWNERS            PUSHED",
        '{job="nightly",shard="1"}  live   active   name  Job prod/nightly  AGO',
        '{job="stray"}              live   unowned  -     -                 AGO',
    ]


async def test_list_takes_selectors_and_leaves_the_header_out(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("list", '--match={job="stray"}', "--no-headers")
    assert [line.split()[0] for line in ran.out.splitlines()] == ['{job="stray"}']


async def test_list_says_that_there_is_more(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("list", "--limit=1", "--no-headers")
    assert len(ran.out.splitlines()) == 1
    assert ran.err == "tidegate: there are more groups: choose fewer, or raise --limit\n"


async def test_without_a_verb_it_lists(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    assert (await stage.run("--output=json")).out == (await stage.run("list", "--output=json")).out


async def test_json_has_all_that_the_operator_says(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("list", "--output=json")
    nightly, stray = json.loads(ran.out)["groups"]
    assert (nightly["labels"], stray["labels"]) == ({"job": "nightly", "shard": "1"}, {"job": "stray"})
    assert (nightly["verdict"], nightly["owners"][0]["name"]) == ("active", "nightly")
    assert nightly["why"][0] == "Job prod/nightly has not finished."


async def test_without_an_operator_list_says_what_the_gateway_knows(stage: groupruns.Stage) -> None:
    await stage.push("job/x")
    ran = await groupruns.run("list", stage.gateway, stage.no_operator, "--no-headers")
    assert ran.status == 0
    assert ran.out.split()[:5] == ['{job="x"}', "-", "-", "-", "-"]
    assert "cannot be reached: " in ran.err
    assert "without the operator nobody knows whose groups are" in ran.err


async def test_nothing_to_list_is_said_and_no_error(stage: groupruns.Stage) -> None:
    await stage.push("job/x")
    ran = await stage.run("list", '--match={job="y"}')
    assert ran == runs.Ran(0, "", "no group is selected\n")


async def test_show_has_owners_samples_and_times(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("show", "job=nightly,shard=1")
    assert ran.status == 0
    told = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, \d+s", "TIME, AGE", ran.out)
    assert told == (
        '{job="nightly",shard="1"}\n'
        "  pushed    TIME, AGE ago\n"
        "  from      127.0.0.1\n"
        "  state     live\n"
        "  verdict   active\n"
        "  owner     Job prod/nightly (rule name, active)\n"
        "  why       Job prod/nightly has not finished. Ownership rule name: the job label is the name of Job "
        "prod/nightly.\n"
        "  family    rows (gauge): How many.\n"
        '            {job="nightly",instance="",shard="1"} 7\n'
    )


async def test_show_in_json_has_the_families(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("show", '{job="nightly"}', "--output=json")
    [group] = json.loads(ran.out)["groups"]
    assert (group["verdict"], group["families"]["rows"]["metrics"][0]["value"]) == ("active", "7")


async def test_without_an_operator_show_has_the_samples_and_what_the_gateway_says(stage: groupruns.Stage) -> None:
    await stage.push("job/x")
    ran = await groupruns.run("show", "job=x", stage.gateway, stage.no_operator)
    assert ran.status == 0
    assert "family    a (untyped)" in ran.out
    assert "why       The group has no owner and no TTL." in ran.out
    assert "verdict" not in ran.out
    assert "this is what the gateway says" in ran.err


async def test_explain_is_a_paragraph_a_group(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("explain", "job=nightly,shard=1")
    assert " ".join(ran.out.split()) == (
        '{job="nightly",shard="1"} is live; active, by the rule name. Job prod/nightly has not finished. '
        "Ownership rule name: the job label is the name of Job prod/nightly."
    )


async def test_a_key_means_that_group_and_none_with_more_labels(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("explain", "job=nightly")
    assert ran == runs.Ran(1, "", "no group is selected\n")


async def test_without_an_operator_the_gateway_explains(stage: groupruns.Stage) -> None:
    await stage.push("job/x")
    ran = await groupruns.run("explain", "job=x", stage.gateway, stage.no_operator)
    assert (ran.status, " ".join(ran.out.split())) == (
        0,
        '{job="x"} is live. The group has no owner and no TTL. It is kept until you delete it.',
    )
    assert "cannot be reached: " in ran.err
    assert "this is what the gateway says" in ran.err


async def test_where_nobody_answers_both_are_named(stage: groupruns.Stage) -> None:
    ran = await groupruns.run("list", stage.no_operator, stage.no_operator.replace("operator", "gateway"))
    assert ran.status == 1
    assert "is --gateway.url right?" in ran.err
    assert "is --operator.url right?" in ran.err


async def test_a_dry_run_deletes_nothing_and_says_what_it_would(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("delete", '--match={job=~"n.*"}', "--dry-run")
    assert ran == runs.Ran(0, '{job="nightly",shard="1"}\n', "1 group would be deleted\n")
    assert len(stage.scene.gateway.store.grouping_keys()) == 2


async def test_delete_deletes_and_says_what(stage: groupruns.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("delete", '--match={job="stray"}', '--match={shard="1"}', "--yes", "--output=json")
    labels = [{"job": "nightly", "shard": "1"}, {"job": "stray"}]
    assert json.loads(ran.out) == {"dry_run": False, "deleted": 2, "groups": labels}
    assert stage.scene.gateway.store.grouping_keys() == []


async def test_without_a_terminal_delete_must_be_told_twice(stage: groupruns.Stage) -> None:
    await stage.push("job/x")
    ran = await stage.run("delete", '--match={job="x"}')
    assert (ran.status, ran.out) == (2, "")
    assert "give --yes, or --dry-run to see which" in ran.err
    assert len(stage.scene.gateway.store.grouping_keys()) == 1


@pytest.mark.parametrize(("said", "status", "left"), [("y\n", 0, 0), ("n\n", 1, 1), ("\n", 1, 1)])
async def test_on_a_terminal_delete_asks(stage: groupruns.Stage, said: str, status: int, left: int) -> None:
    await stage.push("job/x")
    ours, theirs = os.openpty()
    try:
        os.write(ours, said.encode())
        ran = await stage.run("delete", '--match={job="x"}', stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.status == status
    assert "Delete this group at once, read by Prometheus or not? [y/N]" in ran.err
    assert len(stage.scene.gateway.store.grouping_keys()) == left


async def test_what_a_pusher_says_does_not_steer_a_terminal(stage: groupruns.Stage) -> None:
    await stage.push("job@base64/G1szMW1yZWQ")  # ESC [31m red
    ran = await stage.run("list", "--no-headers")
    assert ran.out.startswith('{job="\\x1b[31mred"}')


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        pytest.param(["list", "--pod=p"], "--pod needs --namespace", id="a-pod-of-no-namespace"),
        pytest.param(
            ["list", "--namespace=n", "--gateway.url=http://a:secret@h"],
            "no password goes through the API server",
            id="a-password-for-the-api-server",
        ),
        pytest.param(["list", "--gateway.url=ftp://a:secret@h"], "not a URL such as http://", id="no-url"),
        pytest.param(["list", "--match=job"], "is no selector such as", id="no-selector"),
        pytest.param(["show", "nightly"], "is neither a key such as job=backup,instance=db1 nor", id="no-key"),
        pytest.param(["delete"], "the following arguments are required: --match", id="delete-what"),
        pytest.param(["list", "--output=yaml"], "invalid choice: 'yaml'", id="no-output"),
    ],
)
async def test_flags_that_make_no_sense_are_refused_in_words(arguments: list[str], said: str) -> None:
    ran = await groupruns.run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert said in ran.err
    assert "secret" not in ran.err


async def test_where_to_ask_may_stand_before_the_verb(stage: groupruns.Stage) -> None:
    await stage.push("job/x")
    ran = await groupruns.run(stage.gateway, stage.operator, "list", "--no-headers")
    assert ran.out.startswith('{job="x"}')


async def test_whoever_reads_may_have_had_enough(stage: groupruns.Stage) -> None:
    await stage.push("job/x")
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        ran = await groupruns.run("list", stage.gateway, stage.operator, stdout=ours)
    finally:
        os.close(ours)
    assert ran == runs.Ran(0, "", "")
