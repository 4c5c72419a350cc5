"""The embassy directory: missions.csv and where it came from."""
