"""The command line as click knows it: commands, options, and their words."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from edgelint import __version__
from edgelint.cli import FAILED, FORMATS, INTERRUPTED, SEVERITIES
from edgelint.cli.manual import Manual

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem


class Commands(click.Group):
    """A group that says which command was probably meant."""

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does, with a hint when there is no such command."""
        name = args[0]
        if self.get_command(ctx, name) is None and not name.startswith("-"):
            from difflib import get_close_matches

            meant = get_close_matches(name.lower(), self.commands, n=1)
            hint = f" Did you mean '{meant[0]}'?" if meant else f" There are {', '.join(sorted(self.commands))}."
            if Path(name).exists():
                hint = f" To check that path: edgelint check {name}"
            raise click.UsageError(f"No such command '{name}'.{hint}", ctx)
        return super().resolve_command(ctx, args)


def _listed(_ctx: click.Context, param: click.Parameter, values: tuple[str, ...]) -> tuple[str, ...]:
    """Comma-separated and repeated values as one tuple."""
    items = tuple(item.strip() for value in values for item in value.split(","))
    if not all(items):
        raise click.BadParameter("a rule id or glob is empty", param=param)
    return items


def _outputs(
    _ctx: click.Context, param: click.Parameter, values: tuple[str, ...]
) -> tuple[tuple[str, Path], ...]:
    """``FORMAT=FILE``, each as a pair."""
    pairs = []
    for value in values:
        name, equals, file = value.partition("=")
        if not equals or not file:
            raise click.BadParameter(f"'{value}' is not FORMAT=FILE, such as sarif=report.sarif", param=param)
        if name not in FORMATS:
            raise click.BadParameter(f"there is no format '{name}'; there are {', '.join(FORMATS)}", param=param)
        pairs.append((name, Path(file)))
    return tuple(pairs)


def completed(name: str) -> Callable[[click.Context, click.Parameter, str], list[CompletionItem]]:
    """What a shell completes a value to: the function ``name`` of ``edgelint.cli.completion``, imported when asked."""

    def complete(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        from edgelint.cli import completion

        found: list[CompletionItem] = getattr(completion, name)(ctx, param, incomplete)
        return found

    return complete


_rule_ids = completed("rules")
_config = click.option(
    "--config", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
    help="Settings file to use instead of the project's edgelint.toml or pyproject.toml.",
)
_color = click.option(
    "--color", type=click.Choice(("auto", "always", "never")), default="auto", show_default=True,
    help="When to use colours. auto: at a terminal, unless NO_COLOR is set; FORCE_COLOR sets it everywhere.",
)


@click.group(
    cls=Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit status: 0 nothing found, 1 something found, 2 the job could not be done, 130 stopped by Ctrl-C. "
    "Every option is described in docs/cli.md.",
)
@click.version_option(__version__, "-V", "--version", message="edgelint %(version)s")
def cli() -> None:
    """Find what will go wrong at the edge: a linter for Cloudflare Workers apps."""


@cli.command("check", cls=Manual)
@click.argument("paths", nargs=-1, metavar="[PATH]...", type=click.Path(path_type=Path, allow_dash=True))
@click.option("--select", multiple=True, callback=_listed, metavar="RULES", shell_complete=_rule_ids,
              help="Rules to run, instead of the settings': ids and globs (kv/*), comma-separated, or ALL. Repeatable.")
@click.option("--extend-select", multiple=True, callback=_listed, metavar="RULES", shell_complete=_rule_ids,
              help="Rules to run besides those selected. Repeatable.")
@click.option("--ignore", multiple=True, callback=_listed, metavar="RULES", shell_complete=_rule_ids,
              help="Rules not to run. Repeatable.")
@click.option("--strict", is_flag=True, help="Run the rules of the strict profile too.")
@click.option("--env", metavar="NAME", help="Check this wrangler environment only.")
@click.option("--base", metavar="REV",
              help="A commit whose migrations have been applied: report those that have changed since.")
@click.option("--since", metavar="REV",
              help="Report only what is new since this commit: on lines, or through facts, that have changed.")
@click.option("--baseline", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The baseline to use, instead of edgelint-baseline.json in the project.")
@click.option("--no-baseline", is_flag=True, help="Report what the baseline holds, too.")
@click.option("--allow-stale-baseline", is_flag=True,
              help="Do not fail when the baseline holds findings that are no longer there.")
@_config
@click.option("--min-severity", type=click.Choice(SEVERITIES), help="Leave out findings that are less severe.")
@click.option("--format", "format_", type=click.Choice(FORMATS), default="full", show_default=True,
              help="How to write the findings.")
@click.option("--output-file", "-o", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="Write the report to FILE, not to standard output.")
@click.option("--output", "outputs", multiple=True, metavar="FORMAT=FILE", callback=_outputs,
              shell_complete=completed("outputs"),
              help="Write a report in FORMAT to FILE, besides the one of --format. Repeatable.")
@click.option("--fix", is_flag=True, help="Mend what can be mended safely, then report what is left.")
@click.option("--unsafe-fixes", is_flag=True, help="Take the fixes that may change what the program does, too.")
@click.option("--diff", is_flag=True, help="Show what --fix would change, and change nothing.")
@click.option("--fix-only", is_flag=True, help="Mend as --fix does, and report nothing.")
@click.option("--statistics", is_flag=True, help="Count findings by rule, not list them (full, concise, json).")
@click.option("--watch", is_flag=True, help="Check again whenever a file of the project changes, until Ctrl-C.")
@click.option("--exit-zero", is_flag=True, help="Exit with 0 even when something is found.")
@click.option("--no-cache", is_flag=True, help="Neither read nor write the cache.")
@click.option("--stdin-filename", type=click.Path(path_type=Path), metavar="PATH",
              help="Check standard input (PATH argument -) as though it were this file of the project.")
@click.option("--quiet", "-q", is_flag=True, help="Print findings only: no summary, no notes.")
@click.option("--verbose", "-v", is_flag=True, help="Say what was read, what was not analysed, and why.")
@_color
@click.pass_context
def _check(ctx: click.Context, /, **options: Any) -> None:
    """Check the Workers apps at PATH (default: here).

    The whole project around PATH is read; findings are reported for PATH only.
    """
    from edgelint.cli import check as command

    ctx.exit(command.run(command.Request(**options)))


@cli.command("baseline")
@click.argument("action", type=click.Choice(("create", "update", "prune")))
@click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
@click.option("--file", "file", type=click.Path(path_type=Path, dir_okay=False), metavar="FILE",
              help="The baseline to write, instead of edgelint-baseline.json in the project.")
@click.option("--strict", is_flag=True, help="Count the findings of the strict profile too.")
@_config
@click.pass_context
def _baseline(
    ctx: click.Context, action: str, path: Path, file: Path | None, strict: bool, config: Path | None
) -> None:
    """Keep a baseline of the project around PATH (default: here): findings that 'check' does not report.

    create counts the findings there are, in a new file; update counts them anew; prune takes out what is no longer
    there, and adds nothing.
    """
    from edgelint.cli import baseline as command

    ctx.exit(command.run(action, path, file, strict, config))


@cli.command("explain")
@click.argument("rule", shell_complete=completed("rule"))
@_color
@click.pass_context
def _explain(ctx: click.Context, rule: str, color: str) -> None:
    """Show the document of RULE: why it exists, bad and good examples, when to ignore it."""
    from edgelint.cli import rules as command

    ctx.exit(command.explain(rule, color))


@cli.command("rules")
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True,
              help="How to write the list.")
@_color
@click.pass_context
def _rules(ctx: click.Context, format_: str, color: str) -> None:
    """List all rules."""
    from edgelint.cli import rules as command

    ctx.exit(command.listing(format_, color))


@cli.command("settings")
@click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
@_config
@click.pass_context
def _settings(ctx: click.Context, path: Path, config: Path | None) -> None:
    """Show the settings in effect for PATH (default: here), and where each comes from."""
    from edgelint.cli import settings as command

    ctx.exit(command.show(path, config))


@cli.command("schema")
@click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
@click.option("--database", metavar="NAME", help="Show this database only: by its name or its binding.")
@click.option("--format", "format_", type=click.Choice(("sql", "json", "mermaid")), default="sql", show_default=True,
              help="How to write it.")
@_config
@click.pass_context
def _schema(ctx: click.Context, path: Path, database: str | None, format_: str, config: Path | None) -> None:
    """Show the schema that the migrations of each database at PATH (default: here) make."""
    from edgelint.cli import schema as command

    ctx.exit(command.show(path, database, format_, config))


@cli.command("queries")
@click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True,
              help="How to write the list.")
@_config
@_color
@click.pass_context
def _queries(ctx: click.Context, path: Path, format_: str, config: Path | None, color: str) -> None:
    """Show every SQL statement of the code at PATH (default: here): its database, its tables, its plan."""
    from edgelint.cli import queries as command

    ctx.exit(command.show(path, format_, config, color))


@cli.command("bindings")
@click.argument("path", default=".", type=click.Path(path_type=Path, exists=True))
@click.option("--format", "format_", type=click.Choice(("text", "json")), default="text", show_default=True,
              help="How to write the matrix.")
@_config
@_color
@click.pass_context
def _bindings(ctx: click.Context, path: Path, format_: str, config: Path | None, color: str) -> None:
    """Show every binding of the apps at PATH (default: here): where it is declared, by environment, and where used."""
    from edgelint.cli import bindings as command

    ctx.exit(command.show(path, format_, config, color))


@cli.command("completion")
@click.argument("shell", type=click.Choice(("bash", "zsh", "fish")))
@click.pass_context
def _completion(ctx: click.Context, shell: str) -> None:
    """Write the script that lets SHELL complete commands, options and rule ids.

    \b
    bash:  edgelint completion bash > ~/.local/share/bash-completion/completions/edgelint
    zsh:   edgelint completion zsh > ~/.zfunc/_edgelint      (with ~/.zfunc in fpath)
    fish:  edgelint completion fish > ~/.config/fish/completions/edgelint.fish
    """
    from edgelint.cli import completion as command

    ctx.exit(command.show(shell))


@cli.command("server")
@click.pass_context
def _server(ctx: click.Context) -> None:
    """Serve an editor: the Language Server Protocol over standard input and output."""
    from edgelint.cli import server as command

    ctx.exit(command.run())


def run(arguments: list[str]) -> int:
    """Run the command that ``arguments`` name; returns the exit status. Says itself what is wrong with them."""
    try:
        return cli.main(args=arguments, prog_name="edgelint", standalone_mode=False) or 0
    except click.ClickException as error:
        error.show()
        return FAILED
    except click.Abort:
        return INTERRUPTED
