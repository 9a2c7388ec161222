"""The web page: its static files, and the deletion endpoint that only the page may call.

The page reads everything it shows from the public API (:mod:`tidegate.gateway.api`).
"""
