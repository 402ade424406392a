"""The language server: the same diagnostics, and what a developer asks of them, while the code is being written."""
