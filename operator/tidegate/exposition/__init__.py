"""Exposition formats: bytes in, families out, and families in, bytes out.

Everything here is a pure function of its arguments: no I/O, no clock, no state between calls. What a client sent wrong
is an :class:`tidegate.model.errors.BadExpositionError` that says where; no other exception leaves a parser, whatever
the bytes. What is accepted, and what is written, follows Pushgateway to the byte.
"""
