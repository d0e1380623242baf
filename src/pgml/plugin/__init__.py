"""What authors of plugins import; most of it is in ``pgml`` itself too."""
