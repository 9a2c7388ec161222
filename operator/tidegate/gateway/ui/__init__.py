"""The web page: its static files, and the one endpoint that only the page may call.

The page reads everything it shows from the public API (:mod:`tidegate.gateway.api`).
"""
