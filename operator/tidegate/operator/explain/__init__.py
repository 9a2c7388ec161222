"""Explanations for people: why a group is or is not deleted, as Events, log lines and the operator's JSON API.

Texts are rendered here and nowhere else in the operator.
"""
