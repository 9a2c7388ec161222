"""The words of the project as values: grouping keys, families, owners, claims, lives.

Nothing here does I/O, reads a clock or starts a task; everything here can be compared, hashed or printed.
"""
