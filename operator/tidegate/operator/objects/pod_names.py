"""The names of pods, and what they tell about the object that created the pod.

A pod's name is ``<job>-`` (of an Indexed Job ``<job>-<index>-``), truncated so that five random characters fit into 63.
The hostname of an Indexed Job's pod is ``<job>-<index>``. Other controllers choose other names; most start with the
name of their object: ``<workflow>-<template>-<number>``, ``<taskrun>-pod``.
"""

from __future__ import annotations

import re

_NAME_LIMIT = 63
_RANDOM_LENGTH = 5
_PREFIX_LIMIT = _NAME_LIMIT - _RANDOM_LENGTH
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]")
_RANDOM = re.compile(r"[bcdfghjklmnpqrstvwxz2456789]{5}")
"""Kubernetes uses no vowels and no similar characters, so that no name contains a word."""
_INDEX = re.compile(r"-(0|[1-9][0-9]{0,5})-?")

INDEX_NAME_LIMIT = 48
"""Slightly less than what remains of a Job's name in the name of a pod with the longest index."""


def is_pod_name(value: str, *, job: str, completions: int | None) -> bool:
    """Whether this may be the name of a pod of that Job.

    :param completions: the number of indexes of an Indexed Job; ``None`` for other Jobs.
    """
    prefix = _prefix(value)
    if prefix is None:
        return False
    if completions is None:
        return prefix == f"{job}-"[:_PREFIX_LIMIT]
    index = _index(prefix)
    return index is not None and index < completions and prefix == _indexed_prefix(job, index)


def is_hostname(value: str, *, job: str, completions: int | None) -> bool:
    """Whether this is the hostname of a pod of an Indexed Job."""
    if completions is None or not value.startswith(f"{job}-"):
        return False
    index = _index(value)
    return index is not None and index < completions and value == f"{job}-{index}"


def prefixes(value: str) -> list[str]:
    """The prefixes of a pod's name that may be the name of its owner; empty if this is not a pod's name."""
    if not _NAME.fullmatch(value):
        return []
    return [value[:place] for place, sign in enumerate(value) if sign == "-"]


def index_names(value: str) -> frozenset[str]:
    """The truncated names (:func:`index_name`) of the Jobs that this label value may refer to.

    They include every Job for which :func:`is_pod_name` or :func:`is_hostname` is true, and the Job of this name.
    """
    names = {value, _without_index(value)}
    if (prefix := _prefix(value)) is not None:
        names |= {prefix, prefix.removesuffix("-"), _without_index(prefix)}
    return frozenset(index_name(text) for text in names if text)


def index_name(name: str) -> str:
    """A Job's name, truncated so that no pod name contains less of it."""
    return name[:INDEX_NAME_LIMIT]


def _prefix(value: str) -> str | None:
    """A pod's name without its random part; ``None`` if the value is not a pod's name."""
    prefix, random = value[:-_RANDOM_LENGTH], value[-_RANDOM_LENGTH:]
    if not _RANDOM.fullmatch(random) or not (prefix.endswith("-") or len(prefix) == _PREFIX_LIMIT):
        return None
    return prefix


def _indexed_prefix(job: str, index: int) -> str:
    tail = f"-{index}-"
    return job[: _PREFIX_LIMIT - len(tail)] + tail


def _index(text: str) -> int | None:
    """The index at the end of a hostname, or of a pod name's prefix."""
    match = _INDEX.fullmatch(text, text.rstrip("-").rfind("-"))
    return int(match[1]) if match else None


def _without_index(text: str) -> str:
    return text.rstrip("-").rpartition("-")[0] if _index(text) is not None else ""
