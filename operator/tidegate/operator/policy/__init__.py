"""Cleanup rules: annotations, policies, and which rule applies to an owner.

All functions are pure. An invalid rule is reported with the name of its field or annotation, and all groups
of the object are kept.
"""
