"""``python -m edgelint``, and what the ``edgelint`` command runs.

Nothing is imported here but ``sys``: from the first import on, Ctrl-C ends the run with its status and without a word.
"""

import sys


def main() -> None:
    """Run the command; exits with its status."""
    try:
        from edgelint import cli

        cli.main()
    except KeyboardInterrupt:
        sys.exit(130)  # cli.INTERRUPTED, which may not be there yet


if __name__ == "__main__":
    main()
