"""The README's pictures, taken anew from the running program: `make pictures`."""
