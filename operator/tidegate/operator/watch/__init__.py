"""Watches and resyncs: they keep the cache current and put changed groups on the work queue.

Resyncs (complete lists) make the cache correct; watches only make it fast (findings/kopf-missed-deletion.sh). This is
the only package that imports kopf.
"""
