"""Which groups somebody on the command line means: a selector, or one group by its key."""

from __future__ import annotations

import argparse
from typing import NamedTuple

from tidegate.model import errors, grouping, selectors


class Choice(NamedTuple):
    """Groups of which ``selector`` selects at least all.

    :param key: the only one, where one was named.
    """

    selector: str
    key: grouping.GroupingKey | None = None

    def has(self, key: grouping.GroupingKey) -> bool:
        """Whether this group is meant."""
        if self.key is not None:
            return key == self.key
        return selectors.parse(self.selector).matches(grouping.labels(key))


def selector(text: str) -> str:
    """A selector such as ``{job="backup"}``; ``argparse.ArgumentTypeError`` for anything else."""
    try:
        selectors.parse(text)
    except errors.BadRequestError as error:
        raise argparse.ArgumentTypeError(f'{text!r} is no selector such as {{job="backup"}}: {error}') from error
    return text


def choice(text: str) -> Choice:
    """A selector, or a key such as ``job=backup,instance=db1``; ``argparse.ArgumentTypeError`` for anything else."""
    if text.lstrip().startswith("{"):
        return Choice(selector(text))
    labels: dict[str, str] = {}
    for part in text.split(","):
        name, equals, value = part.partition("=")
        if not equals or not name.strip() or name.strip() in labels:
            raise argparse.ArgumentTypeError(
                f'{text!r} is neither a key such as job=backup,instance=db1 nor a selector such as {{job=~"b.*"}}'
            )
        labels[name.strip()] = value
    if not labels.get("job"):
        raise argparse.ArgumentTypeError(f"{text!r} names no job, which every group has: job=backup,instance=db1")
    key = grouping.grouping_key(labels)
    return Choice(_selecting(key), key)


def _selecting(key: grouping.GroupingKey) -> str:
    """The selector of this group and of those that have more labels; any name may stand in quotes."""
    return "{" + ",".join(f"{_quoted(name)}={_quoted(value)}" for name, value in key) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'
