"""The web listener: built-in chat and health."""
