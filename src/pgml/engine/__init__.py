"""The engine: the child process of a session in which plugins run."""
