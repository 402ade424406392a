"""``python -m edgelint``."""

from edgelint.cli import main

if __name__ == "__main__":
    main()
