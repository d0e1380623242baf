"""The engine: the child process of a session in which plugins run, and the session's end of the line to it."""
