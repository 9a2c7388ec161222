"""Bodies in protobuf: families one after the other, each with its length before it."""

from tidegate.exposition import metrics_pb2 as pb


def families(*sent: pb.MetricFamily) -> bytes:
    """A body of these families."""
    return b"".join(framed(family.SerializeToString()) for family in sent)


def framed(message: bytes) -> bytes:
    """A message with its length before it, spelled seven bits a byte."""
    length, head = len(message), bytearray()
    while length >= 0x80:
        head.append(length % 0x80 + 0x80)
        length //= 0x80
    return bytes(head) + bytes([length]) + message


def label(name: str, value: str) -> pb.LabelPair:
    """A label of a metric."""
    return pb.LabelPair(name=name.encode(), value=value.encode())
