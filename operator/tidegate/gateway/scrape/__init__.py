"""``GET /metrics``: format negotiation, the response, and confirmation that the scraper received all of it.

Confirmed scrapes are reported to :mod:`tidegate.draining.scrape_progress`.
"""
