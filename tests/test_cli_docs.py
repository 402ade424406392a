"""docs/cli.md names every command and every option that --help shows, and no other."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from edgelint.cli import FORMATS, manual
from edgelint.cli.commands import cli

ROOT = Path(__file__).parents[1]
PAGE = (ROOT / "docs/cli.md").read_text(encoding="utf-8")
_OPTION = re.compile(r"(?<![\w-])--?[a-zA-Z][a-z-]*(?![\w-])")


def sections() -> dict[str, str]:
    """Command -> what the page says of it; "" is what stands before the first."""
    parts = re.split(r"^## edgelint (\w+)\n", PAGE, flags=re.MULTILINE)
    return {"": parts[0], **dict(zip(parts[1::2], parts[2::2], strict=True))}


def options_of(command: click.Command) -> set[str]:
    """Every spelling of every option, but for --help, which all have."""
    own = [param for param in command.params if isinstance(param, click.Option)]
    return {name for param in own for name in (*param.opts, *param.secondary_opts)}


def documented(text: str) -> set[str]:
    """The options that the page says a command has: those at the head of a list's item."""
    heads = re.findall(r"^- (`-.*?)(?::|$)|(?<=\. )(`--[\w-]+[^`]*`):", text, re.MULTILINE)
    return {name for pair in heads for quoted in re.findall(r"`([^`]*)`", " ".join(pair)) for name in
            _OPTION.findall(quoted)}  # fmt: skip


def test_the_page_has_every_command_and_no_other() -> None:
    assert set(sections()) - {""} == set(cli.commands)


@pytest.mark.parametrize("name", sorted(cli.commands))
def test_the_page_names_every_option_and_no_other(name: str) -> None:
    command = cli.commands[name]
    text = sections()[name]
    named = set(_OPTION.findall(" ".join(re.findall(r"`([^`]+)`", text))))
    assert options_of(command) <= named
    if name == "check":
        assert documented(text) == options_of(command)
    everyones = {option for other in cli.commands.values() for option in options_of(other)}
    assert named <= options_of(command) | everyones | {"-h", "--help", "-"}, "an option that no command has"
    assert f"    edgelint {name}" in text or f"`edgelint {name}" in text


def test_the_page_names_the_options_of_edgelint_itself() -> None:
    assert options_of(cli) | {"-h", "--help"} <= set(_OPTION.findall(sections()[""]))


def test_the_page_names_every_format() -> None:
    listed = re.findall(r"^  - `([a-z-]+)`", sections()["check"], re.MULTILINE)
    assert listed == list(FORMATS)


def test_every_option_of_check_stands_under_a_heading_of_its_help() -> None:
    context = click.Context(cli.commands["check"])
    own = [param for param in cli.commands["check"].get_params(context) if isinstance(param, click.Option)]
    names = [manual.name_of(option) for option in own]
    grouped = [name for group in manual.GROUPS.values() for name in group]
    assert sorted(names) == sorted(grouped)
    shown = CliRunner().invoke(cli, ["check", "--help"]).output
    assert "Others" not in shown
    for heading in (*manual.GROUPS, "Examples", "Exit status", "Files"):
        assert f"\n{heading}:\n" in shown
    for option in options_of(cli.commands["check"]):
        assert re.search(rf"(?<![\w-]){option}(?![\w-])", shown), option


def test_an_option_of_no_group_is_shown_all_the_same() -> None:
    command = manual.Manual("x", params=[click.Option(["--new"], help="What is new.")])
    shown = CliRunner().invoke(command, ["--help"]).output
    assert "Others:\n  --new TEXT  What is new." in shown


@pytest.mark.parametrize(("example", "_why"), manual.EXAMPLES)
def test_the_examples_of_the_help_are_command_lines(example: str, _why: str) -> None:
    import shlex

    words = shlex.split(example)[1:]
    with cli.make_context("edgelint", list(words)) as context:
        name, command, rest = cli.resolve_command(context, words)
    assert command is not None
    command.make_context(name, rest)  # raises for what is no option
