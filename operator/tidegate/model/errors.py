"""Errors of requests and of the store. The gateway responds to each with its status code and its text."""

from __future__ import annotations

from tidegate.model import grouping, limits


class BadRequestError(Exception):
    """Base of the errors in a request. ``str()`` is the body of the response."""


class BadExpositionError(BadRequestError):
    """A pushed body that is not a valid exposition.

    :param reason: the error, without its place.
    :param line: line of the body, from 1; 0 if the format has no lines (protobuf).
    :param column: byte in that line, from 1; in a format without lines the byte of the body.
    """

    def __init__(self, reason: str, *, line: int, column: int) -> None:
        where = f"line {line}, column {column}" if line else f"byte {column}"
        super().__init__(f"text format parsing error in {where}: {reason}" if line else f"{reason} at {where}")
        self.reason = reason
        self.line = line
        self.column = column


class BadGroupingKeyError(BadRequestError):
    """A path without a valid grouping key: no job, an invalid label name, or invalid base64."""


class InconsistentPushError(BadRequestError):
    """A push that is valid text but contradicts itself or other groups: timestamps, duplicate series, other types.

    :param group: the other group that it contradicts, if any; deleting that group is a remedy, too.
    """

    def __init__(self, reason: str, *, group: grouping.GroupingKey | None = None) -> None:
        super().__init__(reason)
        self.group = group


class StorageError(Exception):
    """The store cannot make a change durable; the request is valid. Nothing was changed.

    ``str()`` is the body of the response.
    """


class LimitError(BadRequestError):
    """A request over a limit. Nothing was changed.

    The limit has the status code of the response and the label of the metric that counts it.

    :param reason: names the limit, its value, and its flag.
    """

    def __init__(self, reason: str, *, limit: limits.Limit) -> None:
        super().__init__(reason)
        self.limit = limit


class QueryError(Exception):
    """A database cannot be queried; ``str()`` states the reason without credentials."""


class LargeResultError(QueryError):
    """The result of a query is too large; a query for fewer groups may succeed."""
