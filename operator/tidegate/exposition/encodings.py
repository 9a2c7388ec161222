"""What a reader gets: the families of a scrape in the format, and with the names, that it asked for.

Series are called the same in every format, to the label, so that a reader that changes its mind loses none. Hence
OpenMetrics has a counter as ``unknown`` unless its name ends in ``_total``, and spells bounds as the text format does.
Apart from names that are not plain and exemplars, its lines of samples are those of the text format, so a page serves
both.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from tidegate.exposition import metrics_pb2, names, pages, pieces, protobuf, render, specials
from tidegate.model import families

_TOTAL = "_total"
_OPENMETRICS_END = b"# EOF\n"
_MAX_COUNT = 2**64 - 1


class Format(enum.Enum):
    """The formats; the value is the content type."""

    TEXT = "text/plain; version=0.0.4; charset=utf-8"
    OPENMETRICS_0 = "application/openmetrics-text; version=0.0.1; charset=utf-8"
    OPENMETRICS_1 = "application/openmetrics-text; version=1.0.0; charset=utf-8"
    PROTOBUF = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"


_OPENMETRICS = frozenset({Format.OPENMETRICS_0, Format.OPENMETRICS_1})


class Encoding(NamedTuple):
    """A format, and what names may look like in it."""

    format: Format = Format.TEXT
    escaping: names.Escaping = names.Escaping.UNDERSCORES

    @property
    def content_type(self) -> str:
        return f"{self.format.value}; escaping={self.escaping.value}"


_PLAIN = Encoding()


class RenderedFamily(NamedTuple):
    """One family over all groups; its ``pages`` one after the other hold its series, in order."""

    name: str
    type: families.MetricType
    help: str | None
    pages: Sequence[pages.Page]


def encode(rendered: Sequence[RenderedFamily], encoding: Encoding) -> Iterator[pieces.Piece]:
    """The answer to a scrape, in pieces: families in the order given. Those of pages are made once and kept."""
    if encoding.format is Format.PROTOBUF:
        for family in rendered:
            yield from _delimited(family, encoding.escaping)
        return
    taken = {family.name for family in rendered} if encoding.format in _OPENMETRICS else frozenset()
    for family in rendered:
        if encoding.format in _OPENMETRICS:
            yield pieces.Piece(_openmetrics_header(family, encoding.escaping, taken=taken))
        else:
            spelled = specials.spelled(names.escape(family.name, encoding.escaping))
            yield pieces.Piece(render.header(spelled, type=family.type, help=family.help))
        for page in family.pages:
            yield _lines(family, page, encoding)
    if encoding.format in _OPENMETRICS:
        yield pieces.Piece(_OPENMETRICS_END)


def _openmetrics_header(family: RenderedFamily, escaping: names.Escaping, *, taken: Collection[str]) -> bytes:
    name = names.escape(family.name, escaping)
    word = "histogram" if family.type in families.HISTOGRAMS else family.type.value
    if family.type is families.MetricType.UNTYPED:
        word = "unknown"
    if family.type is families.MetricType.COUNTER:
        # A counter is called without its suffix here, which another family may be called already.
        if name.endswith(_TOTAL) and len(name) > len(_TOTAL) and family.name.removesuffix(_TOTAL) not in taken:
            name = name.removesuffix(_TOTAL)
        else:
            word = "unknown"
    spelled = specials.spelled(name)
    help_line = "" if family.help is None else f"# HELP {spelled} {render.quoted(family.help)[1:-1]}\n"
    return f"{help_line}# TYPE {spelled} {word}\n".encode()


def _lines(family: RenderedFamily, page: pages.Page, encoding: Encoding) -> pieces.Piece:
    """The page's lines, with those of its special metrics as this reader takes them."""
    key = encoding if page.specials else _PLAIN
    made = page.forms.get(key)
    if made is None:
        text = page.text if key == _PLAIN else _special_lines(family, page, encoding)
        made = page.forms[key] = pieces.Piece(text)
    return made


def _special_lines(family: RenderedFamily, page: pages.Page, encoding: Encoding) -> bytes:
    first, *rest = pages.around(page)
    parts = [first]
    for special, after in zip(page.specials, rest, strict=True):
        exemplars = encoding.format in _OPENMETRICS
        lines = specials.lines(
            family.name, special.metric, type=family.type, escaping=encoding.escaping, exemplars=exemplars
        )
        parts += [lines, after]
    return b"".join(parts)


def _delimited(family: RenderedFamily, escaping: names.Escaping) -> Iterator[pieces.Piece]:
    head = metrics_pb2.MetricFamily(
        name=names.escape(family.name, escaping).encode(),
        help=None if family.help is None else family.help.encode(),
        type=protobuf.TYPES.index(family.type),
    ).SerializeToString()
    made = [_metrics(family, page, escaping) for page in family.pages]
    yield pieces.Piece(_varint(len(head) + sum(len(piece.data) for piece in made)) + head)
    yield from made


def _metrics(family: RenderedFamily, page: pages.Page, escaping: names.Escaping) -> pieces.Piece:
    """The page as the field ``metric`` of a family, again and again."""
    key = Encoding(Format.PROTOBUF, escaping if page.specials else names.Escaping.UNDERSCORES)
    made = page.forms.get(key)
    if made is None:
        found = pages.metrics(page, name=family.name, type=family.type)
        message = metrics_pb2.MetricFamily()
        for metric in found:
            _add_metric(message, family.type, metric, escaping)
        made = page.forms[key] = pieces.Piece(message.SerializeToString())
    return made


def _add_metric(
    message: metrics_pb2.MetricFamily, type: families.MetricType, metric: families.Metric, escaping: names.Escaping
) -> None:
    added = message.metric.add()
    for name, value in metric.labels:
        added.label.add(name=names.escape(name, escaping, label=True).encode(), value=value.encode())
    field = getattr(added, protobuf.FIELDS[type])
    match metric.value:
        case _ if metric.original:
            field.ParseFromString(metric.original)
        case families.Summary(count=count, sum=total, quantiles=quantiles):
            field.sample_count = min(int(count or 0), _MAX_COUNT)
            field.sample_sum = total or 0.0
            for at, number in quantiles:
                field.quantile.add(quantile=at, value=number)
        case families.Histogram() as histogram:
            _set_histogram(field, histogram)
        case number:
            field.value = number


def _set_histogram(field: metrics_pb2.Histogram, value: families.Histogram) -> None:
    """One count that is no whole number makes it a float histogram in all its counts, as Pushgateway has it."""
    field.sample_sum = value.sum or 0.0
    count = value.count or 0.0
    if all(_is_whole(number) for number in (count, *(bucket.cumulative_count for bucket in value.buckets))):
        field.sample_count = int(count)
        for bound, population in value.buckets:
            field.bucket.add(upper_bound=bound, cumulative_count=int(population))
    else:
        field.sample_count_float = count
        for bound, population in value.buckets:
            field.bucket.add(upper_bound=bound, cumulative_count_float=population)


def _is_whole(count: float) -> bool:
    return count.is_integer() and count <= _MAX_COUNT


def _varint(number: int) -> bytes:
    spelled = bytearray()
    while number > 0x7F:
        spelled.append(number & 0x7F | 0x80)
        number >>= 7
    spelled.append(number)
    return bytes(spelled)
