"""Code frames, as golden text."""

from __future__ import annotations

import re
from pathlib import Path
from textwrap import dedent

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edgelint.diagnostics import Span
from edgelint.report import full
from edgelint.report.escape import cells, lines_visible, picture, unicode, visible
from edgelint.report.line import lay_out
from edgelint.report.model import Text
from tests.reporting import Desk, error, report


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def golden(text: str) -> str:
    return dedent(text).lstrip("\n").rstrip(" ")


def test_one_span(desk: Desk) -> None:
    desk.write("src/a.ts", 'one();\nawait env.KV.put("k", "v", { expirationTtl: 30 });\n')
    assert desk.frame(desk.span("src/a.ts", "30")) == golden(
        """
         --> src/a.ts:2:45
          |
        2 | await env.KV.put("k", "v", { expirationTtl: 30 });
          |                                             ^^
          |
        """
    )


def test_related_spans_of_the_same_file_share_the_frame(desk: Desk) -> None:
    desk.write("a.ts", "const n = await env.KV.get(key);\nlog(n);\nif (n) {\n}\nawait env.KV.put(key, n);\n")
    assert desk.frame(
        desk.span("a.ts", "env.KV.put(key, n)"),
        (desk.span("a.ts", "env.KV.get(key)"), "read here"),
    ) == golden(
        """
         --> a.ts:5:7
          |
        1 | const n = await env.KV.get(key);
          |                 --------------- read here
        ...
        5 | await env.KV.put(key, n);
          |       ^^^^^^^^^^^^^^^^^^
          |
        """
    )


def test_a_gap_of_one_line_is_shown(desk: Desk) -> None:
    desk.write("a.ts", "aa\nbb\ncc\n")
    assert desk.frame(desk.span("a.ts", "aa"), (desk.span("a.ts", "cc"), "end")) == golden(
        """
         --> a.ts:1:1
          |
        1 | aa
          | ^^
        2 | bb
        3 | cc
          | -- end
          |
        """
    )


def test_several_labels_on_one_line_hang_rightmost_first(desk: Desk) -> None:
    desk.write("a.ts", "put(get(a), get(b), get(c))\n")
    assert desk.frame(
        desk.span("a.ts", "put"),
        (desk.span("a.ts", "get(a)"), "first read"),
        (desk.span("a.ts", "get(b)"), "second read"),
        (desk.span("a.ts", "get(c)"), "third read"),
    ) == golden(
        """
         --> a.ts:1:1
          |
        1 | put(get(a), get(b), get(c))
          | ^^^ ------  ------  ------ third read
          |     |       |
          |     |       second read
          |     first read
          |
        """
    )


def test_a_label_inside_a_longer_span_hangs(desk: Desk) -> None:
    desk.write("a.ts", "put(get(a))\n")
    assert desk.frame(desk.span("a.ts", "put(get(a))"), (desk.span("a.ts", "get(a)"), "read")) == golden(
        """
         --> a.ts:1:1
          |
        1 | put(get(a))
          | ^^^^^^^^^^^
          |     |
          |     read
          |
        """
    )


def test_other_files_have_frames_of_their_own(desk: Desk) -> None:
    desk.write("src/a.ts", "\n" * 11 + "env.CACHE.get(1)\n")
    desk.write("wrangler.toml", '[[kv_namespaces]]\nbinding = "KV"\n')
    assert desk.frame(
        desk.span("src/a.ts", "CACHE"), (desk.span("wrangler.toml", '"KV"'), "the nearest name declared here")
    ) == golden(
        """
          --> src/a.ts:12:5
           |
        12 | env.CACHE.get(1)
           |     ^^^^^
           |
          ::: wrangler.toml:2:11
           |
         2 | binding = "KV"
           |           ---- the nearest name declared here
           |
        """
    )


def test_a_span_over_lines_is_a_bracket(desk: Desk) -> None:
    desk.write("a.ts", "  put(\n    key,\n  );\n")
    assert desk.frame(desk.span("a.ts", "put(\n    key,\n  )"), (desk.span("a.ts", "key"), "the key")) == golden(
        """
         --> a.ts:1:3
          |
        1 | /   put(
        2 | |     key,
          | |     --- the key
        3 | |   );
          | |___^
          |
        """
    )


def test_a_bracket_that_begins_after_code_is_led_to_its_place(desk: Desk) -> None:
    desk.write("a.ts", "const x = put(\n  key,\n);\n")
    assert desk.frame(desk.span("a.ts", "put(\n  key,\n)")) == golden(
        """
         --> a.ts:1:11
          |
        1 |   const x = put(
          |  ___________^
        2 | |   key,
        3 | | );
          | |_^
          |
        """
    )


def test_overlapping_brackets_have_lanes_of_their_own(desk: Desk) -> None:
    desk.write("a.ts", "a(\n  b(\n  ),\n)\n")
    assert desk.frame(
        desk.span("a.ts", "a(\n  b(\n  ),\n)"), (desk.span("a.ts", "b(\n  )"), "inner")
    ) == golden(
        """
         --> a.ts:1:1
          |
        1 | /   a(
        2 | | /   b(
        3 | | |   ),
          | | |___- inner
        4 | |   )
          | |___^
          |
        """
    )


def test_a_long_bracket_is_folded(desk: Desk) -> None:
    desk.write("a.ts", "f(\n" + "".join(f"  {n},\n" for n in range(20)) + ")\n")
    data = (desk.root / "a.ts").read_bytes()
    assert desk.frame(Span("a.ts", 0, len(data) - 1)) == golden(
        """
          --> a.ts:1:1
           |
         1 | / f(
         2 | |   0,
        ...  |
        21 | |   19,
        22 | | )
           | |_^
           |
        """
    )


def test_a_span_that_takes_the_line_break_ends_on_its_line(desk: Desk) -> None:
    desk.write("a.ts", "one\r\ntwo\r\n")
    assert desk.frame(Span("a.ts", 0, 5)) == golden(
        """
         --> a.ts:1:1
          |
        1 | one
          | ^^^
          |
        """
    )


def test_tabs_and_wide_characters_keep_the_marks_aligned(desk: Desk) -> None:
    desk.write("a.ts", '\tget("漢字", "👨‍👩‍👧", "e\u0301", "🇫🇷", "👍🏽", "❤️") + here\n')
    shown = desk.frame(desk.span("a.ts", "here"))
    assert shown.splitlines()[2] == '1 |     get("漢字", "👨‍👩‍👧", "e\u0301", "🇫🇷", "👍🏽", "❤️") + here'
    # The tab 4, get(" 5, five times ", " 20, ") + 5; 漢字 4, é 1, and 2 each for family, flag, thumb and heart.
    assert shown.splitlines()[3] == "  | " + " " * 47 + "^^^^"


def test_a_tab_reaches_its_stop(desk: Desk) -> None:
    desk.write("a.ts", "ab\tc\td\n")
    assert desk.frame(desk.span("a.ts", "d")).splitlines()[2:4] == ["1 | ab  c   d", "  |         ^"]


def test_a_very_long_line_is_cut_around_the_span(desk: Desk) -> None:
    desk.write("a.ts", "x" * 500_000 + "é env.DB é" + "y" * 500_000)
    shown = desk.frame(desk.span("a.ts", "env.DB"), width=44).splitlines()
    assert shown == [
        " --> a.ts:1:500003",
        "  |",
        "1 | …" + "x" * 14 + "é env.DB é" + "y" * 14 + "…",
        "  | " + " " * 17 + "^^^^^^",
        "  |",
    ]


def test_a_long_line_keeps_its_start_when_the_span_is_there(desk: Desk) -> None:
    desk.write("a.ts", "const here = " + "x" * 300)
    assert desk.frame(desk.span("a.ts", "here"), width=44).splitlines()[2:4] == [
        "1 | const here = " + "x" * 25 + "…",
        "  |       ^^^^",
    ]


def test_a_long_line_keeps_its_end_when_the_span_is_there(desk: Desk) -> None:
    desk.write("a.ts", "x" * 300 + " end")
    assert desk.frame(desk.span("a.ts", "end"), width=44).splitlines()[2:4] == [
        "1 | …" + "x" * 34 + " end",
        "  | " + " " * 36 + "^^^",
    ]


def test_two_spans_too_far_apart_for_one_cut_show_the_primary(desk: Desk) -> None:
    desk.write("a.ts", "far " + "x" * 300 + " near")
    lines = desk.frame(desk.span("a.ts", "near"), (desk.span("a.ts", "far"), "there"), width=44).splitlines()
    assert "near" in lines[2]
    assert "far" not in lines[2]
    assert "^^^^" in lines[3]
    assert any("there" in line for line in lines)


def test_a_span_longer_than_the_cut_shows_its_start(desk: Desk) -> None:
    desk.write("a.ts", "f(" + "x" * 500 + ")")
    lines = desk.frame(Span("a.ts", 0, 503), width=44).splitlines()
    assert lines[2].startswith("1 | f(xxx")
    assert len(lines[3]) <= 44


@pytest.mark.parametrize("content", ["", "\n", "abc", "abc\n", "\ufeff"])
def test_a_span_at_the_end_of_the_file(desk: Desk, content: str) -> None:
    desk.write("a.ts", content)
    size = len(content.encode())
    lines = desk.frame(Span("a.ts", size, size)).splitlines()
    assert lines[3].endswith("^")
    assert lines[3].count("^") == 1


def test_an_empty_file(desk: Desk) -> None:
    desk.write("a.ts", "")
    assert desk.frame(Span("a.ts", 0, 0)) == golden(
        """
         --> a.ts:1:1
          |
        1 |
          | ^
          |
        """
    )


def test_a_file_that_vanished(desk: Desk) -> None:
    desk.write("a.ts", "here")
    shown = desk.frame(Span("gone.ts", 5, 9), (desk.span("a.ts", "here"), "and here"))
    assert shown == golden(
        """
         --> gone.ts
          = note: the file is no longer there
         ::: a.ts:1:1
          |
        1 | here
          | ---- and here
          |
        """
    )
    assert "  = then\n" in desk.frame(desk.span("a.ts", "here"), (Span("gone.ts", 0, 3), "then"))


def test_a_folder_in_place_of_the_file(desk: Desk) -> None:
    (desk.root / "a.ts").mkdir()
    assert "= note: the file cannot be read:" in desk.frame(Span("a.ts", 0, 0))


def test_a_path_out_of_the_project_is_not_quoted(desk: Desk, tmp_path_factory: pytest.TempPathFactory) -> None:
    outside = tmp_path_factory.mktemp("outside") / "secret.txt"
    outside.write_text("do not show")
    (desk.root / "link.ts").symlink_to(outside)
    shown = desk.frame(Span("link.ts", 0, 2))
    assert "leads out of the project" in shown
    assert "do not show" not in shown


def test_a_file_that_is_not_utf8(desk: Desk) -> None:
    desk.write("a.ts", b"ok \xff\xfe here\n")
    assert desk.frame(desk.span("a.ts", "here")) == golden(
        """
         --> a.ts:1:7
          |
        1 | ok �� here
          |       ^^^^
          |
        """
    )


def test_terminal_escapes_become_pictures(desk: Desk) -> None:
    desk.write("a.ts", 'x = "\x1b]0;owned\x07\x1b[2J\x9b1m\u202e" + here\n')
    related = (desk.span("a.ts", "x"), "an \x1b[31mx")
    diagnostic = error(desk.span("a.ts", "here"), related, message="\x1b[2Jmessage\r\n", help="a\x07\nb")
    shown = "".join(full.render(report(desk.root, diagnostic)))
    assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202e]", shown)
    assert '1 | x = "␛]0;owned␇␛[2J�1m�" + here' in shown
    assert "error[kv/x]: ␛[2Jmessage␍␊" in shown
    assert "  = help: a␇\n          b\n" in shown
    assert "an ␛[31mx" in shown


def test_colours_only_when_asked(desk: Desk) -> None:
    desk.write("a.ts", "put(\nget)\nx")
    diagnostic = error(desk.span("a.ts", "put(\nget)"), (desk.span("a.ts", "get"), "r"), (desk.span("a.ts", "x"), "s"))
    one = report(desk.root, diagnostic)
    coloured = "".join(full.render(one, colour=True))
    assert "\x1b[1;31merror[kv/x]\x1b[0m" in coloured
    assert re.sub(r"\x1b\[[\d;]*m", "", coloured) == "".join(full.render(one))


TRICKY = st.text(st.sampled_from("ab \t漢é\u0301\u200d👍🏽🇫❤\ufe0f\x1b\x9b\"'="), max_size=40)


@settings(max_examples=400)
@given(TRICKY, st.data(), st.integers(10, 60))
def test_a_line_has_no_controls_and_columns_stay_inside(content: str, data: st.DataObject, limit: int) -> None:
    raw = content.encode()
    start = data.draw(st.integers(0, len(raw)))
    end = data.draw(st.integers(start, len(raw)))
    line = lay_out(Text("a.ts", raw), 0, (start, end), limit)
    assert not re.search("[\x00-\x1f\x7f-\x9f]", line.text)
    assert sum(cells(line.text)) <= limit
    assert 0 <= line.column(start) <= line.column(end) <= limit


def test_pictures() -> None:
    assert [picture(char) for char in "\x00\x1b\x7f\x9b\u202e"] == ["␀", "␛", "␡", "�", "�"]
    assert visible("a\tb\nc\udcff") == "a␉b␊c�"
    assert lines_visible("a\tb\r\nc\x1b") == ["a    b", "c␛"]


@pytest.mark.parametrize(
    ("text", "width"),
    [
        ("abc", 3), ("漢", 2), ("ｱ", 1), ("é", 1), ("e\u0301", 1), ("\u0301", 0), ("\u200d", 0), ("👨‍👩‍👧", 2),
        ("🇫🇷🇩🇪", 4), ("👍🏽", 2), ("❤\ufe0f", 2), ("1\ufe0f", 1),
    ],
)
def test_cells(text: str, width: int) -> None:
    assert sum(cells(text)) == width


def test_unicode_replaces_what_is_not_text() -> None:
    assert unicode("a\udcff.ts") == "a�.ts"
    assert unicode("漢.ts") == "漢.ts"
