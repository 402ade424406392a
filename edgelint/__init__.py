"""edgelint: what will go wrong at the edge, said before you deploy."""

__version__ = "0.1.0"
