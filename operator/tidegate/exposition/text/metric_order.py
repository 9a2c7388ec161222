"""The order in which Pushgateway writes the metrics of a family."""

from __future__ import annotations

from tidegate.model import families


def series_key(labels: families.Labels) -> str:
    """A string for one label set: equal for equal sets only, and in plain string order it sorts as Pushgateway does.

    There the number of labels comes first, then their values one by one in the order of the names. The names
    themselves are not compared there; here they come last, which makes the order total.

    :param labels: sorted by name.
    """
    fields = [value for _, value in labels]
    fields += [name for name, _ in labels]
    key = "\0".join(fields)
    # The separator is the lowest character, so that a value comes before those that go on after it. Where it is also
    # within a value, it and the next one give way to pairs that keep the order.
    if "\1" in key or key.count("\0") >= len(fields) > 0:
        key = "\0".join([text.replace("\1", "\1\2").replace("\0", "\1\1") for text in fields])
    count = str(len(labels))
    # A longer count is a larger one: its length in front makes the order of strings that of numbers.
    return f"{len(count)}{count}\0{key}"


def labels(key: str) -> families.Labels:
    """The label set of a :func:`series_key`."""
    fields = key.split("\0")[1:]
    if "\1" in key:
        fields = [text.replace("\1\1", "\0").replace("\1\2", "\1") for text in fields]
    half = len(fields) // 2
    return tuple(zip(fields[half : 2 * half], fields[:half], strict=True))
