"""The web page: its files, and what it may do that nobody else may ask for.

What it shows it reads from the API (:mod:`tidegate.gateway.browsing`, :mod:`tidegate.gateway.streams`), as anybody may.
"""
