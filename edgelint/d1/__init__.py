"""A SQLite in memory that wears D1's limits: what D1 accepts, refuses and answers, without D1.

Nothing here is imported by a run that has no SQL to look at: apsw costs what README's benchmarks say.
"""
