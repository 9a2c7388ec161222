"""The values of the project: grouping keys, families, owners, claims, lives of groups.

Nothing here does I/O, reads a clock or starts a task. All values can be compared and printed.
"""
