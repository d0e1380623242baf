"""The door from Python: ``pgml.connect()``."""
