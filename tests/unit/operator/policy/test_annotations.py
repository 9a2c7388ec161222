"""Annotations of a Job, and the handling of invalid ones."""

from __future__ import annotations

import pytest

from tests.support.operator import object_builders
from tidegate.operator.policy import cleanup_rules, key_patterns


@pytest.mark.parametrize(
    ("text", "keys"),
    [
        pytest.param("job=backup", ["job=backup"], id="one-label"),
        pytest.param("job=backup,instance=db1", ["job=backup,instance=db1"], id="two-labels"),
        pytest.param("job=a;job=b,x=y", ["job=a", "job=b,x=y"], id="two-groups"),
        pytest.param(" job = a , x = y ; job=b ", ["job=a,x=y", "job=b"], id="spaces"),
        pytest.param("job=a,query=b=c", ["job=a,query=b=c"], id="equals-in-a-value"),
        pytest.param("job=a,path=/tmp/x y", ["job=a,path=/tmp/x y"], id="slash-and-space-in-a-value"),
        pytest.param("job=a,path=/data/day=1", ["job=a,path=/data/day=1"], id="path-with-equals-in-a-value"),
        pytest.param("job=team/a", ["job=team/a"], id="slash-in-the-job"),
        pytest.param("job=it's,x='", ["job=it's,x='"], id="quote-in-a-value"),
    ],
)
def test_grouping_keys_are_parsed(text: str, keys: list[str]) -> None:
    assert cleanup_rules.parse_keys(text) == {object_builders.key(key) for key in keys}


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("", "'' is not a label; write name=value, such as job=backup", id="empty"),
        pytest.param("job=a;", "'' is not a label; write name=value, such as job=backup", id="empty-group"),
        pytest.param("backup", "'backup' is not a label; write name=value, such as job=backup", id="no-label"),
        pytest.param("instance=db1", "'instance=db1' has no job label; add job=NAME", id="no-job"),
        pytest.param("job=", "label job has no value; write job=value", id="no-value"),
        pytest.param("job=a,job=b", "label job occurs twice; remove one of them", id="twice"),
        pytest.param("job=a,0x=b", "'0x' is not a valid label name; .*", id="bad-name"),
        pytest.param("job=a,__x=b", "'__x' is not a valid label name; .*", id="reserved-name"),
        pytest.param("job='k14'", "label job: values are not quoted; write job=k14", id="quoted"),
        pytest.param('job=a,x="1"', "label x: values are not quoted; write x=1", id="quoted-twice"),
        pytest.param(
            "job=k19/instance=a",
            "label job: 'k19/instance=a' looks like several labels; separate them by commas: job=k19,instance=a",
            id="as-in-a-url",
        ),
        pytest.param("job=a&x=b", "label job: 'a&x=b' looks like .* job=a,x=b", id="as-in-a-query"),
        pytest.param("job=a x=b", "label job: 'a x=b' looks like .* job=a,x=b", id="a-space-between-labels"),
        pytest.param("job=*", "label job must not be .*", id="any-job"),
        pytest.param(
            "job=a,x=b*", "label x: . matches any value and must be the whole value", id="star-within-a-value"
        ),
    ],
)
def test_invalid_grouping_key_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        cleanup_rules.parse_keys(text)


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("90s", 90.0), ("1h30m", 5400.0), ("1d12h", 129_600.0), ("0s", 0.0), (" 5m ", 300.0)],
)
def test_duration_may_have_space_around_it(text: str, seconds: float) -> None:
    assert cleanup_rules.parse_duration(text) == seconds


@pytest.mark.parametrize("text", ["", "5", "5 m", "-5m"])
def test_text_that_is_not_a_duration_is_rejected(text: str) -> None:
    with pytest.raises(ValueError, match="is not a duration: write 90s"):
        cleanup_rules.parse_duration(text)


@pytest.mark.parametrize(
    ("key", "is_match"),
    [("job=a,x=1", True), ("job=a,x=2", True), ("job=a", False), ("job=a,y=1", False), ("job=b,x=1", False)],
)
def test_star_matches_any_value_of_an_existing_label(key: str, is_match: bool) -> None:
    (pattern,) = cleanup_rules.parse_keys("job=a,x=*")
    assert key_patterns.matches(pattern, object_builders.key(key)) is is_match


def test_object_without_tidegate_annotations_has_the_default_rules() -> None:
    assert cleanup_rules.parse({"example.com/other": "x"}) == cleanup_rules.CleanupRules()


@pytest.mark.parametrize("policy", [each for each in cleanup_rules.Cleanup if each is not cleanup_rules.Cleanup.AFTER])
def test_each_policy_is_parsed(policy: cleanup_rules.Cleanup) -> None:
    text = "after=10m" if policy is cleanup_rules.Cleanup.AFTER else policy.value
    assert cleanup_rules.parse({cleanup_rules.CLEANUP: text}).cleanup is policy


def test_durations_of_after_and_of_keep_failed_for_are_parsed() -> None:
    rules = cleanup_rules.parse({cleanup_rules.CLEANUP: "after=10m", cleanup_rules.KEEP_FAILED_FOR: "1h"})
    assert (rules.after, rules.keep_failed_for) == (600.0, 3600.0)


@pytest.mark.parametrize(
    "annotations",
    [
        pytest.param({cleanup_rules.CLEANUP: "on-sucess"}, id="policy"),
        pytest.param({cleanup_rules.CLEANUP: "after"}, id="after-what"),
        pytest.param({cleanup_rules.CLEANUP: "after=soon"}, id="after-no-duration"),
        pytest.param({cleanup_rules.CLEANUP: "after=0s"}, id="after-nothing"),
        pytest.param({cleanup_rules.CLEANUP: "on-success=10m"}, id="duration-of-another-policy"),
        pytest.param({cleanup_rules.KEEP_FAILED_FOR: "long"}, id="keep-failed-for"),
        pytest.param({cleanup_rules.GROUPING_KEY: "backup"}, id="grouping-key"),
        pytest.param(
            {cleanup_rules.GROUPING_KEY: "backup", cleanup_rules.CLEANUP: "on-completion"},
            id="key-next-to-a-valid-policy",
        ),
    ],
)
def test_invalid_annotation_keeps_all_groups(annotations: dict[str, str]) -> None:
    rules = cleanup_rules.parse(annotations)
    assert rules.cleanup is cleanup_rules.Cleanup.NEVER
    assert len(rules.problems) == 1


def test_invalid_drain_timeout_is_replaced_by_the_default() -> None:
    rules = cleanup_rules.parse({cleanup_rules.DRAIN_TIMEOUT: "soon", cleanup_rules.CLEANUP: "on-success"})
    assert (rules.cleanup, rules.drain_timeout) == (cleanup_rules.Cleanup.ON_SUCCESS, None)
    assert rules.problems == (
        "tidegate.dev/drain-timeout: 'soon' is not a duration: write 90s, 5m or 1h30m; using the default",
    )


@pytest.mark.parametrize(
    ("name", "suggestion"),
    [
        ("tidegate.dev/clean-up", cleanup_rules.CLEANUP),
        ("tidegate.dev/Cleanup", cleanup_rules.CLEANUP),
        ("tidegate.dev/cleanUp", cleanup_rules.CLEANUP),
        ("tidegate.dev/grouping_key", cleanup_rules.GROUPING_KEY),
        ("tidegate.dev/group-key", cleanup_rules.GROUPING_KEY),
        ("tidegate.dev/keep-failed", cleanup_rules.KEEP_FAILED_FOR),
        ("tidegate.dev/drainTimeout", cleanup_rules.DRAIN_TIMEOUT),
    ],
)
def test_misspelled_annotation_keeps_the_groups_and_suggests_the_correct_name(name: str, suggestion: str) -> None:
    rules = cleanup_rules.parse({name: "x"})
    assert rules.cleanup is cleanup_rules.Cleanup.NEVER
    assert rules.problems == (
        f"{name} is not an annotation of tidegate (did you mean {suggestion}?); {cleanup_rules.KEPT_UNTIL_FIXED}",
    )


def test_unknown_annotation_lists_the_known_ones() -> None:
    rules = cleanup_rules.parse({"tidegate.dev/team": "x", cleanup_rules.CLEANUP: "on-success"})
    assert rules.cleanup is cleanup_rules.Cleanup.NEVER
    [problem] = rules.problems
    assert problem.startswith(
        "tidegate.dev/team is not an annotation of tidegate (known annotations: tidegate.dev/cleanup, "
    )


@pytest.mark.parametrize("name", ["example.com/clean-up", "tidegate.development/cleanup", "cleanup"])
def test_annotations_of_other_tools_are_ignored(name: str) -> None:
    assert cleanup_rules.parse({name: "never"}) == cleanup_rules.CleanupRules()
