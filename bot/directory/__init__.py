"""Refreshing the embassy directory from public sources, and showing what it covers."""
