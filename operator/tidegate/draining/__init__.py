"""Draining: which scrapers are active, how far each has read, and the deletion of groups that all of them have read.

This layer is above the store and below HTTP: the gateway reports each complete scrape to it.
"""
