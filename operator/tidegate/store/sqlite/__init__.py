"""The journal in a SQLite file: ``--persistence.file``.

This is the only package that opens SQLite. It commits the rows of :mod:`tidegate.store.rows` in batches.
"""
