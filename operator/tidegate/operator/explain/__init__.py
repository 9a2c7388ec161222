"""Explanations: the reasons why a group is or is not deleted, for Events and for the operator's JSON API.

Reasons are decided here and rendered by :mod:`tidegate.model.reason_texts`.
"""
