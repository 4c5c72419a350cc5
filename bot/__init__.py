"""Carries: chat platforms, delivery, time, web, command line."""
