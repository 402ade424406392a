"""The Python host: CPython under the real Workers SDK, over an emulation of Pyodide's foreign-function layer."""
