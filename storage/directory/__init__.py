"""The embassy directory: missions.csv, where it came from, and the code that reads it."""

from storage.directory.directory import Directory, DirectoryError, Mission

__all__ = ["Directory", "DirectoryError", "Mission"]
