"""``GET /metrics``: format negotiation, the response, and proof that the scraper received all of it.

Each scrape that a scraper received completely is reported to :mod:`tidegate.draining.scrape_progress`.
"""
