"""The names that Kubernetes and others give to pods, and what they say about who made them.

A pod's name is ``<job>-`` (of an Indexed Job ``<job>-<index>-``), cut so that five random characters fit behind it
into 63. The host name of an Indexed Job's pod is ``<job>-<index>``. Other controllers name their pods as
they like; most begin with the name of their object: ``<workflow>-<template>-<number>``, ``<taskrun>-pod``.
"""

from __future__ import annotations

import re

_NAME_LIMIT = 63
_RANDOM_LENGTH = 5
_PREFIX_LIMIT = _NAME_LIMIT - _RANDOM_LENGTH
_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{0,251}[a-z0-9]")
_RANDOM = re.compile(r"[bcdfghjklmnpqrstvwxz2456789]{5}")
"""Kubernetes leaves out vowels and what looks like them, so that no name says a word."""
_INDEX = re.compile(r"-(0|[1-9][0-9]{0,5})-?")

INDEX_NAME_LIMIT = 48
"""What is left of a name when it is cut for a pod's name with the longest index, and a little less."""


def is_pod_name(value: str, *, job: str, completions: int | None) -> bool:
    """Whether this may be the name of a pod of that Job. ``completions`` is of an Indexed Job, else ``None``."""
    prefix = _prefix(value)
    if prefix is None:
        return False
    if completions is None:
        return prefix == f"{job}-"[:_PREFIX_LIMIT]
    index = _index(prefix)
    return index is not None and index < completions and prefix == _indexed_prefix(job, index)


def is_hostname(value: str, *, job: str, completions: int | None) -> bool:
    """Whether this is the host name that an Indexed Job gives to one of its pods."""
    if completions is None or not value.startswith(f"{job}-"):
        return False
    index = _index(value)
    return index is not None and index < completions and value == f"{job}-{index}"


def prefixes(value: str) -> list[str]:
    """The names with which this begins, if it may be the name of a pod: what others make begins with their own."""
    if not _NAME.fullmatch(value):
        return []
    return [value[:place] for place, sign in enumerate(value) if sign == "-"]


def index_names(value: str) -> frozenset[str]:
    """Under which words to look for the Jobs that this label value may be about: their names, cut by :func:`word`.

    Every Job for which :func:`is_pod_name` or :func:`is_hostname` is true, or whose name it is, is among them.
    """
    found = {value, _without_index(value)}
    if (prefix := _prefix(value)) is not None:
        found |= {prefix, prefix.removesuffix("-"), _without_index(prefix)}
    return frozenset(index_name(text) for text in found if text)


def index_name(name: str) -> str:
    """A Job's own word: its name, cut so that no pod name cuts it shorter."""
    return name[:INDEX_NAME_LIMIT]


def _prefix(value: str) -> str | None:
    """A pod's name without its random part, ``None`` where the value is no such name."""
    prefix, random = value[:-_RANDOM_LENGTH], value[-_RANDOM_LENGTH:]
    if not _RANDOM.fullmatch(random) or not (prefix.endswith("-") or len(prefix) == _PREFIX_LIMIT):
        return None
    return prefix


def _indexed_prefix(job: str, index: int) -> str:
    tail = f"-{index}-"
    return job[: _PREFIX_LIMIT - len(tail)] + tail


def _index(text: str) -> int | None:
    """The index at the end of a host name, or of a pod name's prefix."""
    found = _INDEX.fullmatch(text, text.rstrip("-").rfind("-"))
    return int(found[1]) if found else None


def _without_index(text: str) -> str:
    return text.rstrip("-").rpartition("-")[0] if _index(text) is not None else ""
