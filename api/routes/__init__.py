"""The routes, one file a noun."""

PREFIX = "/api/v1"
"""Of every route whose answers front ends rely on."""
