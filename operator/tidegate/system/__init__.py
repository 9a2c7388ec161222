"""The machine that the process runs on: memory, file descriptors, network addresses, Python's garbage collector.

This is the lowest layer, next to :mod:`tidegate.aio`: it imports nothing of tidegate.
"""
