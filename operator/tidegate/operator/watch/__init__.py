"""Watches and resyncs: they keep the cache current and put changed groups on the work queue.

Resyncs (complete lists) make the cache correct; watches only make it fast. This is the only package that imports kopf.
"""
