"""Small asyncio tools that know nothing of groups, scrapes or Kubernetes. The lowest layer: it imports none of ours."""
