"""Which groups an argument selects: those of a selector, or the one group of a grouping key."""

from __future__ import annotations

from typing import NamedTuple

from tidegate.model import errors, grouping, selectors


class Selection(NamedTuple):
    """Some groups.

    :param selector: selects all of them, and perhaps others.
    :param key: of the only group, if one was named.
    """

    selector: str
    key: grouping.GroupingKey | None = None

    def has(self, key: grouping.GroupingKey) -> bool:
        """Whether this group is selected."""
        if self.key is not None:
            return key == self.key
        return selectors.parse(self.selector).matches(grouping.labels(key))


def selector(text: str) -> str:
    """Check a selector such as ``{job="backup"}``.

    :raises ValueError: the text is not one.
    """
    try:
        selectors.parse(text)
    except errors.BadRequestError as error:
        raise ValueError(f'{text!r} is not a selector such as {{job="backup"}}: {error}') from error
    return text


def selection(text: str) -> Selection:
    """Parse a selector, or a grouping key such as ``job=backup,instance=db1``.

    :raises ValueError: the text is neither.
    """
    if text.lstrip().startswith("{"):
        return Selection(selector(text))
    try:
        labels = grouping.parse_labels(text)
    except ValueError as error:
        raise ValueError(
            f"{text!r} is neither a grouping key such as job=backup,instance=db1 nor a selector such as "
            f'{{job=~"b.*"}}: {error}'
        ) from error
    if not labels["job"]:
        raise ValueError(f"{text!r}: label job is empty; write job=backup")
    key = grouping.grouping_key(labels)
    return Selection(_selector_of(key), key)


def _selector_of(key: grouping.GroupingKey) -> str:
    """The selector of this group and of those with more labels. Every name is quoted: it may be any UTF-8."""
    return "{" + ",".join(f"{_quoted(name)}={_quoted(value)}" for name, value in key) + "}"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
    return f'"{escaped}"'
