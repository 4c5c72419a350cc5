"""Remembers: the only place that builds SQL."""
