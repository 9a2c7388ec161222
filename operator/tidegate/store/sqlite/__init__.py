"""The journal in a SQLite file: ``--persistence.file``.

This is the only package that opens SQLite. It turns changes of groups into rows and back, and commits them in batches.
"""
