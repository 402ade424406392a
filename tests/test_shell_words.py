"""Shell texts as simple commands."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edgelint.project.shell_words import SimpleCommand, commands, folder


def read(text: str, directory: str | None = "") -> list[SimpleCommand]:
    return list(commands(text, directory))


def words(text: str) -> list[list[str]]:
    return [[word.text for word in command.words] for command in read(text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a b && c || d; e | f & g\nh", [["a", "b"], ["c"], ["d"], ["e"], ["f"], ["g"], ["h"]]),
        ("a 'b c' \"d e\"f g\\ h", [["a", "b c", "d ef", "g h"]]),
        ("a \\\n  b\\\r\n c", [["a", "b", "c"]]),
        ("# no\na b#c # no; no\nd", [["a", "b#c"], ["d"]]),
        ("X=$(a --b \"c ${D}\" 2>&1)\ne", [["X="], ["a", "--b", "c ${D}", "2>"], ["1"], ["e"]]),
        ("cat <<EOF > w.toml\nrm x\n  EOF\na", [["cat", ">", "w.toml"], ["a"]]),
        ("cat <<-'E' <<F\nx\nE\ny\nF\na", [["cat"], ["a"]]),
        ("cat <<EOF\nnever closed", [["cat"]]),
        ("a ${{ b && 'c' || \"d\" }} e", [["a", "${{ b && 'c' || \"d\" }}", "e"]]),
        ("a 'open", [["a", "open"]]),
        ("a \\", [["a"]]),
        ("", []),
    ],
)
def test_words(text: str, expected: list[list[str]]) -> None:
    assert words(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("cd a && x", ["a"]),
        ("cd a; cd b\nx; cd ..\ny", ["a/b", "a"]),
        ("(cd a && x); y", ["a", ""]),
        ("z=$(cd a; x)\ny", ["", "a", ""]),
        ("cd $A && x", [None]),
        ("cd a b && x", [None]),
        ("cd ..; x", [None]),
        ("pushd a; x; popd; y", ["a", None]),
        ("x; cd a", [""]),
        ("x )", [""]),
    ],
)
def test_where_commands_run(text: str, expected: list[str | None]) -> None:
    assert [command.directory for command in read(text)] == expected


def test_what_the_shell_puts_in() -> None:
    [command] = read("a $B \"$C\" '$D' e$F ${{ g }} --h=$I \"j*\" k*")
    assert [word.text for word in command.words if word.open] == ["$B", "$C", "e$F", "${{ g }}", "--h=$I", "j*", "k*"]
    assert [word.text for word in command.words if word.loose] == ["$B", "${{ g }}"]


def test_folders() -> None:
    assert folder("a", "b/../c") == "a/c"
    assert folder("a", "..") == ""
    assert folder("", "./") == ""
    assert folder(None, "a") is None
    assert [folder("", to) for to in ("/a", "~/a", "-", "${{ a }}", "..")] == [None] * 5


@given(st.text(alphabet="ab \n\\'\"$(){};|&#<E", max_size=50))
def test_places_are_those_of_the_words(text: str) -> None:
    last = 0
    for command in read(text):
        assert command.words
        for word in command.words:
            assert last <= word.start < word.end <= len(text)
            last = word.end
