"""How fast, how cheap, how steady: `make bench` measures what the README promises."""
