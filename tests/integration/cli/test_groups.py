"""``tidegate groups``: what it prints, deletes and rejects."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncIterator

import pytest

from tests.support.cli import command_runs, groups_runs


@pytest.fixture
async def stage() -> AsyncIterator[groups_runs.Stage]:
    async with groups_runs.opened() as made:
        yield made


async def _nightly(stage: groups_runs.Stage) -> None:
    stage.scene.api_server.put(stage.scene.running("nightly"))
    await stage.push("job/nightly/shard/1", "# HELP rows How many.\n# TYPE rows gauge\nrows 7\n")
    key = stage.scene.gateway.store.grouping_keys()[0]
    await stage.scene.until("live Job prod/nightly", key=key)
    await stage.push("job/stray")


async def test_list_prints_a_table_of_groups_with_their_owners(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("list")
    assert (ran.status, ran.err) == (0, "")
    lines = [re.sub(r"\b\d+s$", "AGO", line) for line in ran.out.splitlines()]
    assert lines == [
        "GROUP                      STATE  VERDICT  RULE  OWNERS            PUSHED",
        '{job="nightly",shard="1"}  live   active   name  Job prod/nightly  AGO',
        '{job="stray"}              live   unowned  -     -                 AGO',
    ]


async def test_list_prints_the_groups_of_a_selector_without_a_header(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("list", '--match={job="stray"}', "--no-headers")
    assert [line.split()[0] for line in ran.out.splitlines()] == ['{job="stray"}']


async def test_list_reports_that_there_are_more_groups(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("list", "--limit=1", "--no-headers")
    assert len(ran.out.splitlines()) == 1
    assert ran.err == "tidegate: there are more groups: select fewer, or raise --limit\n"


async def test_without_a_verb_groups_are_listed(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    assert (await stage.run("--output=json")).out == (await stage.run("list", "--output=json")).out


async def test_json_has_all_fields_of_the_operator(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("list", "--output=json")
    nightly, stray = json.loads(ran.out)["groups"]
    assert (nightly["labels"], stray["labels"]) == ({"job": "nightly", "shard": "1"}, {"job": "stray"})
    assert (nightly["verdict"], nightly["owners"][0]["name"]) == ("active", "nightly")
    assert nightly["why"][0] == "Job prod/nightly has not finished."


async def test_without_an_operator_list_shows_what_the_gateway_knows(stage: groups_runs.Stage) -> None:
    await stage.push("job/x")
    ran = await groups_runs.run("list", stage.gateway, stage.no_operator, "--no-headers")
    assert ran.status == 0
    assert ran.out.split()[:5] == ['{job="x"}', "-", "-", "-", "-"]
    assert "cannot be reached: " in ran.err
    assert "without the operator, owners and verdicts are unknown" in ran.err


async def test_no_group_to_list_is_not_an_error(stage: groups_runs.Stage) -> None:
    await stage.push("job/x")
    ran = await stage.run("list", '--match={job="y"}')
    assert ran == command_runs.Ran(0, "", "no group matches the selectors\n")


async def test_show_prints_owners_samples_and_times(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("show", "job=nightly,shard=1")
    assert ran.status == 0
    details = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ, \d+s", "TIME, AGE", ran.out)
    assert details == (
        '{job="nightly",shard="1"}\n'
        "  pushed     TIME, AGE ago\n"
        "  pushed by  127.0.0.1\n"
        "  state      live\n"
        "  verdict    active\n"
        "  owner      Job prod/nightly (rule name, active)\n"
        "  why        Job prod/nightly has not finished. Ownership rule name: the job label is the name of Job "
        "prod/nightly.\n"
        "  family     rows (gauge): How many.\n"
        '             {job="nightly",instance="",shard="1"} 7\n'
    )


async def test_show_prints_the_families_as_json(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("show", '{job="nightly"}', "--output=json")
    [group] = json.loads(ran.out)["groups"]
    assert (group["verdict"], group["families"]["rows"]["metrics"][0]["value"]) == ("active", "7")


async def test_without_an_operator_show_prints_what_the_gateway_knows(stage: groups_runs.Stage) -> None:
    await stage.push("job/x")
    ran = await groups_runs.run("show", "job=x", stage.gateway, stage.no_operator)
    assert ran.status == 0
    assert "family     a (untyped)" in ran.out
    assert "why        The group has no owner and no TTL." in ran.out
    assert "verdict" not in ran.out
    assert "showing the gateway's data only" in ran.err


async def test_explain_prints_a_paragraph_for_each_group(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("explain", "job=nightly,shard=1")
    assert " ".join(ran.out.split()) == (
        '{job="nightly",shard="1"} is live; verdict active by rule name. Job prod/nightly has not finished. '
        "Ownership rule name: the job label is the name of Job prod/nightly."
    )


async def test_a_key_selects_no_group_with_more_labels(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("explain", "job=nightly")
    assert ran == command_runs.Ran(1, "", "no group matches\n")


async def test_without_an_operator_explain_prints_what_the_gateway_knows(stage: groups_runs.Stage) -> None:
    await stage.push("job/x")
    ran = await groups_runs.run("explain", "job=x", stage.gateway, stage.no_operator)
    assert (ran.status, " ".join(ran.out.split())) == (
        0,
        '{job="x"} is live. The group has no owner and no TTL. It is kept until you delete it.',
    )
    assert "cannot be reached: " in ran.err
    assert "showing the gateway's data only" in ran.err


async def test_the_error_names_gateway_and_operator_if_neither_responds(stage: groups_runs.Stage) -> None:
    ran = await groups_runs.run("list", stage.no_operator, stage.no_operator.replace("operator", "gateway"))
    assert ran.status == 1
    assert "; check --gateway.url" in ran.err
    assert "; check --operator.url" in ran.err


async def test_a_dry_run_prints_the_groups_and_deletes_nothing(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("delete", '--match={job=~"n.*"}', "--dry-run")
    assert ran == command_runs.Ran(0, '{job="nightly",shard="1"}\n', "1 group would be deleted\n")
    assert len(stage.scene.gateway.store.grouping_keys()) == 2


async def test_delete_prints_the_deleted_groups(stage: groups_runs.Stage) -> None:
    await _nightly(stage)
    ran = await stage.run("delete", '--match={job="stray"}', '--match={shard="1"}', "--yes", "--output=json")
    labels = [{"job": "nightly", "shard": "1"}, {"job": "stray"}]
    assert json.loads(ran.out) == {"dry_run": False, "deleted": 2, "groups": labels}
    assert stage.scene.gateway.store.grouping_keys() == []


async def test_without_a_terminal_delete_requires_the_flag_yes(stage: groups_runs.Stage) -> None:
    await stage.push("job/x")
    ran = await stage.run("delete", '--match={job="x"}')
    assert (ran.status, ran.out) == (2, "")
    assert "set --yes, or --dry-run to see the groups" in ran.err
    assert len(stage.scene.gateway.store.grouping_keys()) == 1


@pytest.mark.parametrize(("reply", "status", "left"), [("y\n", 0, 0), ("n\n", 1, 1), ("\n", 1, 1)])
async def test_on_a_terminal_delete_asks_for_confirmation(
    stage: groups_runs.Stage, reply: str, status: int, left: int
) -> None:
    await stage.push("job/x")
    ours, theirs = os.openpty()
    try:
        os.write(ours, reply.encode())
        ran = await stage.run("delete", '--match={job="x"}', stdin=theirs)
    finally:
        os.close(ours)
        os.close(theirs)
    assert ran.status == status
    assert "Delete this group now, even if Prometheus has not scraped the last push? [y/N]" in ran.err
    assert len(stage.scene.gateway.store.grouping_keys()) == left


async def test_control_characters_of_labels_are_escaped(stage: groups_runs.Stage) -> None:
    await stage.push("job@base64/G1szMW1yZWQ")  # ESC [31m red
    ran = await stage.run("list", "--no-headers")
    assert ran.out.startswith('{job="\\x1b[31mred"}')


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        pytest.param(["list", "--pod=p"], "--pod needs --namespace", id="a-pod-of-no-namespace"),
        pytest.param(
            ["list", "--namespace=n", "--gateway.url=http://a:secret@h"],
            "the API server forwards no password",
            id="a-password-for-the-api-server",
        ),
        pytest.param(["list", "--gateway.url=ftp://a:secret@h"], "not a URL such as http://", id="no-url"),
        pytest.param(["list", "--match=job"], "is not a selector such as", id="no-selector"),
        pytest.param(["show", "nightly"], "is neither a grouping key such as job=backup,instance=db1 nor", id="no-key"),
        pytest.param(["delete"], "missing flag --match", id="delete-what"),
        pytest.param(
            ["list", "--output=yaml"],
            "invalid value for --output: 'yaml' is not one of 'table', 'json'",
            id="no-output",
        ),
    ],
)
async def test_invalid_flags_are_usage_errors(arguments: list[str], error: str) -> None:
    ran = await groups_runs.run(*arguments)
    assert (ran.status, ran.out) == (2, "")
    assert error in ran.err
    assert "secret" not in ran.err


async def test_connection_flags_can_be_written_before_the_verb(stage: groups_runs.Stage) -> None:
    await stage.push("job/x")
    ran = await groups_runs.run(stage.gateway, stage.operator, "list", "--no-headers")
    assert ran.out.startswith('{job="x"}')


async def test_a_closed_pipe_is_not_an_error(stage: groups_runs.Stage) -> None:
    await stage.push("job/x")
    theirs, ours = os.pipe()
    os.close(theirs)
    try:
        ran = await command_runs.run("groups", "list", stage.gateway, stage.operator, stdout=ours)
    finally:
        os.close(ours)
    assert ran == command_runs.Ran(0, "", "")
