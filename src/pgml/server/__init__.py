"""Setting up a server: a private one, or pgml in one that exists."""
