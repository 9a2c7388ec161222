"""Names and hostnames of the pods of a Job, and the index that leads from them to the Job."""

from __future__ import annotations

import hypothesis
import pytest
from hypothesis import strategies

from tidegate.operator.objects import pod_names

_SUFFIX = strategies.text(alphabet="bcdfghjklmnpqrstvwxz2456789", min_size=5, max_size=5)
_NAME = strategies.from_regex(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?", fullmatch=True)


@pytest.mark.parametrize(
    ("value", "job", "completions", "is_match"),
    [
        pytest.param("backup-x7k2p", "backup", None, True, id="plain"),
        pytest.param("backup-x7k2p", "back", None, False, id="longer-name"),
        pytest.param("backup-x7k2", "backup", None, False, id="four-characters"),
        pytest.param("backup-x7k2a", "backup", None, False, id="a-vowel"),
        pytest.param("backup-3-x7k2p", "backup", None, False, id="index-of-a-job-without-indexes"),
        pytest.param("backup-3-x7k2p", "backup", 4, True, id="index"),
        pytest.param("backup-4-x7k2p", "backup", 4, False, id="index-too-high"),
        pytest.param("backup-03-x7k2p", "backup", 4, False, id="index-with-a-zero"),
        pytest.param("backup-x7k2p", "backup", 4, False, id="no-index-of-an-indexed-job"),
        pytest.param("a" * 58 + "x7k2p", "a" * 60, None, True, id="cut"),
        pytest.param("a" * 55 + "-1-x7k2p", "a" * 60, 2, True, id="cut-before-the-index"),
        pytest.param("x7k2p", "", None, False, id="no-name"),
    ],
)
def test_pod_name_is_recognized_by_the_name_of_its_job(
    value: str, job: str, completions: int | None, is_match: bool
) -> None:
    assert pod_names.is_pod_name(value, job=job, completions=completions) is is_match


@pytest.mark.parametrize(
    ("value", "completions", "is_match"),
    [
        pytest.param("train-0", 2, True, id="first"),
        pytest.param("train-1", 2, True, id="last"),
        pytest.param("train-2", 2, False, id="too-high"),
        pytest.param("train-01", 2, False, id="leading-zero"),
        pytest.param("train", 2, False, id="no-index"),
        pytest.param("train-0", None, False, id="not-indexed"),
        pytest.param("other-0", 2, False, id="another-job"),
        pytest.param("train-0-", 2, False, id="trailing-dash"),
    ],
)
def test_hostname_is_recognized_by_its_indexed_job(value: str, completions: int | None, is_match: bool) -> None:
    assert pod_names.is_hostname(value, job="train", completions=completions) is is_match


@hypothesis.given(name=_NAME, suffix=_SUFFIX)
def test_index_names_of_a_pod_name_include_its_job(name: str, suffix: str) -> None:
    pod = f"{name}-"[:58] + suffix
    assert pod_names.is_pod_name(pod, job=name, completions=None)
    assert pod_names.index_name(name) in pod_names.index_names(pod)


@hypothesis.given(name=_NAME, suffix=_SUFFIX, index=strategies.integers(0, 99_999))
def test_index_names_of_an_indexed_pod_name_and_hostname_include_the_job(name: str, suffix: str, index: int) -> None:
    tail = f"-{index}-"
    pod = name[: 58 - len(tail)] + tail + suffix
    assert pod_names.is_pod_name(pod, job=name, completions=100_000)
    assert pod_names.index_name(name) in pod_names.index_names(pod)
    assert pod_names.index_name(name) in pod_names.index_names(f"{name}-{index}")


@hypothesis.given(value=strategies.text(max_size=80))
def test_every_label_value_has_index_names(value: str) -> None:
    assert pod_names.index_names(value) or not value


@pytest.mark.parametrize(
    ("value", "names"),
    [
        pytest.param("fetch-all-4027", ["fetch", "fetch-all"], id="of-a-workflow"),
        pytest.param("build-pod", ["build"], id="of-a-taskrun"),
        pytest.param("v1.2-pod", ["v1.2"], id="dotted"),
        pytest.param("alone", [], id="one-word"),
        pytest.param("host-1:9100", [], id="with-a-port"),
        pytest.param("Build-pod", [], id="capitals"),
        pytest.param("", [], id="empty"),
    ],
)
def test_prefixes_of_a_pod_name_are_possible_names_of_its_creator(value: str, names: list[str]) -> None:
    assert pod_names.prefixes(value) == names
