"""Cleanup rules: annotations, policies, and which rule applies to an owner.

All functions are pure. Invalid rules are reported with the name of the field or annotation and are otherwise ignored.
"""
