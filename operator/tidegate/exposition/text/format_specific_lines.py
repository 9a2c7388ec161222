"""Render metrics whose lines depend on the request: names that are not plain, and exemplars."""

from __future__ import annotations

from collections.abc import Sequence

from tidegate.exposition import gzip_chunks, name_escaping, rendered_series
from tidegate.exposition.protobuf import metrics_pb2
from tidegate.exposition.text import numbers, renderer
from tidegate.model import families

_UNCHANGED = "unchanged text"
_MAX_EXEMPLAR_CHARACTERS = 128
"""Characters in the names and values of its labels. OpenMetrics has this limit, and strict parsers reject a scrape
that exceeds it."""


def lines(
    name: str,
    metric: families.Metric,
    *,
    type: families.MetricType,
    escaping: name_escaping.Escaping = name_escaping.Escaping.UNDERSCORES,
    exemplars: bool = False,
) -> bytes:
    """Return the lines of a metric.

    :param exemplars: whether to show exemplars, which only OpenMetrics can.
    """
    name = name_escaping.escape(name, escaping)
    labels = [(name_escaping.escape(label, escaping, label=True), value) for label, value in metric.labels]
    before = [f"{_spelled_label(label)}={renderer.quoted(value)}" for label, value in labels]
    samples = renderer.samples(type, metric.value)
    shown = _exemplars(type, metric.original) if exemplars else ()
    written = []
    for place, (suffix, pair, number) in enumerate(samples):
        exemplar = shown[place] if place < len(shown) else ""
        series = _series(name + suffix, [*before, pair] if pair else before)
        written.append(f"{series} {numbers.format_float(number)}{exemplar}\n")
    return "".join(written).encode()


def chunk(
    page: rendered_series.Page,
    *,
    name: str,
    type: families.MetricType,
    escaping: name_escaping.Escaping = name_escaping.Escaping.UNDERSCORES,
    exemplars: bool = False,
) -> gzip_chunks.Chunk:
    """Return the lines of a page for this escaping, cached in the page.

    :param name: of the family, already escaped if necessary.
    """
    key = (name, escaping, exemplars) if page.specials else _UNCHANGED
    chunk = page.forms.get(key)
    if chunk is None:
        text = page.text
        if page.specials:
            between = rendered_series.around(page)
            parts = [
                lines(name, special.metric, type=type, escaping=escaping, exemplars=exemplars) + after
                for special, after in zip(page.specials, between[1:], strict=True)
            ]
            text = b"".join([between[0], *parts])
        chunk = page.forms[key] = gzip_chunks.Chunk(text)
    return chunk


def quoted_if_needed(name: str) -> str:
    """Return a metric name as it is written in a line: in quotes if it is not plain."""
    return name if name_escaping.is_plain(name) else renderer.quoted(name)


def _spelled_label(name: str) -> str:
    return name if name_escaping.is_plain_label(name) else renderer.quoted(name)


def _series(name: str, pairs: list[str]) -> str:
    if name_escaping.is_plain(name):
        return f"{name}{{{','.join(pairs)}}}" if pairs else name
    return f"{{{','.join([renderer.quoted(name), *pairs])}}}"


def _exemplars(type: families.MetricType, original: bytes) -> Sequence[str]:
    """Return the exemplars of the first samples of a metric, one for each sample; empty for none."""
    if not original:
        return ()
    if type is families.MetricType.COUNTER:
        counter = metrics_pb2.Counter.FromString(original)
        return [_exemplar(counter.exemplar)]
    if type is families.MetricType.HISTOGRAM:
        histogram = metrics_pb2.Histogram.FromString(original)
        return [_exemplar(bucket.exemplar) for bucket in histogram.bucket]
    return ()


def _exemplar(exemplar: metrics_pb2.Exemplar) -> str:
    labels = [(pair.name.decode(), pair.value.decode()) for pair in exemplar.label]
    if not 0 < sum(len(name) + len(value) for name, value in labels) <= _MAX_EXEMPLAR_CHARACTERS:
        return ""
    pairs = [f"{_spelled_label(name)}={renderer.quoted(value)}" for name, value in labels]
    text = f" # {{{','.join(pairs)}}} {numbers.format_float(exemplar.value)}"
    if not exemplar.HasField("timestamp"):
        return text
    seconds = exemplar.timestamp.seconds + exemplar.timestamp.nanos / 1e9
    return f"{text} {seconds:.9f}".rstrip("0").rstrip(".")
