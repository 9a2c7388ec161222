"""Ownership: which objects own a group, by which ownership rule, and whether all of them have finished.

All functions are pure functions of the cache.
"""
