"""``--help`` as a manual page: options under headings, examples, exit statuses."""

from __future__ import annotations

import click

GROUPS: dict[str, tuple[str, ...]] = {
    "Which rules": ("select", "extend_select", "ignore", "strict", "min_severity", "config"),
    "Which findings": ("env", "base", "since", "baseline", "no_baseline", "allow_stale_baseline"),
    "How they are written": (
        "format_", "output_file", "outputs", "statistics", "color", "quiet", "verbose", "watch",
    ),
    "Mending": ("fix", "unsafe_fixes", "fix_only", "diff"),
    "The rest": ("exit_zero", "no_cache", "stdin_filename", "help"),
}  # fmt: skip
"""The options of ``check`` by heading, under click's names for them."""

EXAMPLES = (
    ("edgelint check", "the project here"),
    ("edgelint check src/index.ts", "one file, with the facts of its whole app"),
    ("edgelint check --select 'd1/*,sql/*'", "two families of rules"),
    ("edgelint check --since origin/main", "what a branch brings"),
    ("edgelint check --format sarif -o edgelint.sarif --exit-zero", "for code scanning"),
    ("edgelint check --watch", "again after each change"),
)
STATUSES = (
    ("0", "nothing was found"),
    ("1", "something was found"),
    ("2", "the job could not be done"),
    ("130", "stopped by Ctrl-C"),
)
FILES = (
    ("edgelint.toml, pyproject.toml", "settings (the table [tool.edgelint])"),
    ("edgelint-baseline.json", "the findings that are known"),
    (".edgelint_cache", "the last outcome; it may be deleted at any time"),
)


class Manual(click.Command):
    """A command whose ``--help`` has its options under headings, and examples after them."""

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Each group of options under its heading; what is in no group comes last."""
        left = {
            name_of(param): record
            for param in self.get_params(ctx)
            if isinstance(param, click.Option) and (record := param.get_help_record(ctx))
        }
        for heading, names in GROUPS.items():
            records = [left.pop(name) for name in names if name in left]
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
        if left:
            with formatter.section("Others"):
                formatter.write_dl(list(left.values()))

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Examples, exit statuses and files."""
        with formatter.section("Examples"):
            for command, why in EXAMPLES:
                formatter.write_text(command)
                with formatter.indentation():
                    formatter.write_text(why)
        for heading, rows in (("Exit status", STATUSES), ("Files", FILES)):
            with formatter.section(heading):
                formatter.write_dl(rows)


def name_of(option: click.Option) -> str:
    """How ``GROUPS`` calls an option: by click's name for it, which for --help differs between versions of click."""
    return "help" if "--help" in option.opts else str(option.name)
