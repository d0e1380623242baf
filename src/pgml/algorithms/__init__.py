"""The built-in algorithms: plugins like any other, one family a module, found because they are here."""
