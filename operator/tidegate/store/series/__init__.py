"""The series of all groups, by family: rendered once, sorted, and joined into pages for scrapes.

A push costs what it changes, whatever the number of groups. Nothing here knows owners, journals or drains.
"""
