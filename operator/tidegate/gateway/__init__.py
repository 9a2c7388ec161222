"""HTTP for pushers, scrapers, people and the operator: thin endpoints over the store and the scrape tracker.

Each endpoint is one small module that gets what it needs passed in. Nothing here knows of Kubernetes.
"""
