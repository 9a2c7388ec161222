"""Bodies in protobuf: a sequence of metric families, each prefixed with its length."""

from tidegate.exposition.protobuf import decoder
from tidegate.exposition.protobuf import metrics_pb2 as pb
from tidegate.exposition.text import parser
from tidegate.model import families as model


def families(*sent: pb.MetricFamily) -> bytes:
    """A body of these families."""
    return b"".join(framed(family.SerializeToString()) for family in sent)


def framed(message: bytes) -> bytes:
    """A message prefixed with its length as a varint (seven bits per byte)."""
    length, head = len(message), bytearray()
    while length >= 0x80:
        head.append(length % 0x80 + 0x80)
        length //= 0x80
    return bytes(head) + bytes([length]) + message


def label(name: str, value: str) -> pb.LabelPair:
    """A label of a metric."""
    return pb.LabelPair(name=name.encode(), value=value.encode())


def of_text(body: bytes) -> bytes:
    """Convert a body in the text format to protobuf; supports numbers and histograms only."""
    return families(*(_family(family) for family in parser.parse(body).values()))


def _family(family: model.Family) -> pb.MetricFamily:
    kind = decoder.TYPES.index(family.type)
    help_text = None if family.help is None else family.help.encode()
    metrics = [_metric(decoder.FIELDS[family.type], metric) for metric in family.metrics]
    return pb.MetricFamily(name=family.name.encode(), type=kind, help=help_text, metric=metrics)


def _metric(field: str, metric: model.Metric) -> pb.Metric:
    labels = [label(name, value) for name, value in metric.labels]
    match metric.value:
        case model.Histogram(count=observed, sum=total, buckets=buckets):
            points = [pb.Bucket(upper_bound=limit, cumulative_count=int(count)) for limit, count in buckets]

            histogram = pb.Histogram(sample_count=int(observed or 0), sample_sum=total, bucket=points)
            return pb.Metric(label=labels, histogram=histogram)
        case float(number):
            value = {"counter": pb.Counter, "gauge": pb.Gauge, "untyped": pb.Untyped}[field](value=number)
            return pb.Metric(label=labels, **{field: value})
        case other:
            raise ValueError(f"no number and no histogram: {other}")
