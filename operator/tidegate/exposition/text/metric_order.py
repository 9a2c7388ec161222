"""The order in which Pushgateway writes the metrics of a family."""

from __future__ import annotations

from tidegate.model import families


def series_key(labels: families.Labels) -> str:
    """Return the sort key of a label set. Different label sets have different keys, which sort as in Pushgateway.

    Pushgateway compares the number of labels first, then their values in the order of the names. It does not compare
    the names; here they come last, which makes the order total.

    :param labels: sorted by name.
    """
    fields = [value for _, value in labels]
    fields += [name for name, _ in labels]
    key = "\0".join(fields)
    # The separator is the lowest character, so that a value sorts before longer values that start with it. If a value
    # contains it, it and the next character are replaced by pairs that keep the order.
    if "\1" in key or key.count("\0") >= len(fields) > 0:
        key = "\0".join([text.replace("\1", "\1\2").replace("\0", "\1\1") for text in fields])
    count = str(len(labels))
    # The length before the count makes strings sort as numbers.
    return f"{len(count)}{count}\0{key}"


def labels(key: str) -> families.Labels:
    """Return the label set of a :func:`series_key`."""
    fields = key.split("\0")[1:]
    if "\1" in key:
        fields = [text.replace("\1\1", "\0").replace("\1\2", "\1") for text in fields]
    half = len(fields) // 2
    return tuple(zip(fields[half : 2 * half], fields[:half], strict=True))
