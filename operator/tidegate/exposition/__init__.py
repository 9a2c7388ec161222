"""Exposition formats: parsers and renderers of metric families.

Everything here is a pure function of its arguments: no I/O, no clock, no state between calls. For an invalid body a
parser raises :class:`tidegate.model.errors.BadExpositionError` with the place of the error, and no other exception.
Parsers accept, and renderers write, the same bytes as Pushgateway.
"""
