"""What runs in a PostgreSQL backend: the standard library alone, since every connection pays for each import."""
