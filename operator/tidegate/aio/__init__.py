"""asyncio helpers: clocks, tasks, threads and event loops.

This is the lowest layer: it imports nothing of tidegate. Everything that waits takes a clock, so that tests can move
it.
"""
