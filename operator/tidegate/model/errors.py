"""What can be wrong with what a client sent; the gateway turns each into a 4xx that says what and where."""

from __future__ import annotations

from tidegate.model import grouping, limits


class BadRequestError(Exception):
    """Base of all that a client got wrong. ``str()`` is fit to be the body of the answer."""


class BadExpositionError(BadRequestError):
    """A pushed body that is not an exposition.

    :param reason: what is wrong, without the place.
    :param line: line of the body, from 1; 0 where the format has no lines (protobuf).
    :param column: byte in that line, from 1; in a format without lines the byte of the body.
    """

    def __init__(self, reason: str, *, line: int, column: int) -> None:
        where = f"line {line}, column {column}" if line else f"byte {column}"
        super().__init__(f"text format parsing error in {where}: {reason}" if line else f"{reason} at {where}")
        self.reason = reason
        self.line = line
        self.column = column


class BadGroupingKeyError(BadRequestError):
    """A path that names no group: no job, a label name that is none, broken base64."""


class InconsistentPushError(BadRequestError):
    """A push that parses but cannot stand beside itself or the other groups: timestamps, duplicates, type clashes.

    :param group: the other group that it clashes with, where there is one: to delete it is a way out, too.
    """

    def __init__(self, reason: str, *, group: grouping.GroupingKey | None = None) -> None:
        super().__init__(reason)
        self.group = group


class StorageError(Exception):
    """The store cannot keep what it is asked to keep, through no fault of who asks: nothing has changed.

    ``str()`` is fit to be the body of the answer.
    """


class LimitError(BadRequestError):
    """A request over a limit: it is answered with the limit's status, counted under its name, and has changed nothing.

    :param reason: which limit it is, what it allows, and the flag that changes it.
    """

    def __init__(self, reason: str, *, limit: limits.Limit) -> None:
        super().__init__(reason)
        self.limit = limit
