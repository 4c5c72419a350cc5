"""Tests: flat, one file a subject; fakes are servers."""
