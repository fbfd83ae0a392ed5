"""Pulls: provider usage and cost reports fetched by API, a day at a time.

Data flow: API -> data/pulled/<source>/<from>_<to>/<pull>/*.json -> data/raw/provider_lines.

A page is saved before the next is asked for, so an interrupted pull goes on where it stopped.
What a page means is told by the source's adapter when the finished pull lands.
"""
