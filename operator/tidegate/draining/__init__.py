"""Draining: the scrape progress of each scraper, and the deletion of groups that all active scrapers have read.

This layer is above the store and below HTTP: the gateway reports each delivered scrape to it.
"""
