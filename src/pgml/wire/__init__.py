"""What a backend and its engine have in common: the line between them, and how rows are packed for it."""
