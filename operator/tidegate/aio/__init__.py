"""asyncio helpers: clocks, tasks, threads and event loops.

This is the lowest layer: it imports nothing of tidegate. Code that waits takes a clock, which tests can advance.
"""
