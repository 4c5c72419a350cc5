"""Long runs, started by make and not by pytest."""
