"""Decides: what each command does and how everything reads. No network, no SQL."""
