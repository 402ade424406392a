"""No report shows a token that stands in a workflow."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from edgelint.cli import FORMATS
from edgelint.cli.commands import cli
from edgelint.report.secrets import masked
from tests.test_workflows import NEW, OLD

PATH = ".github/workflows/w.yml"
TEXT = f"""\
on: push
env:
  CLOUDFLARE_API_TOKEN: {OLD}
jobs:
  a:
    runs-on: ubuntu-latest
    env: {{ "CF_API_KEY": "{OLD}", ANY: {NEW} }}
    steps:
      - run: CLOUDFLARE_API_TOKEN={OLD} npx wrangler@latest deploy
      - run: echo {NEW} | npx wrangler@4 secret put X
      - uses: cloudflare/wrangler-action@v3
        with:
          apiToken: '{OLD}'
          wranglerVersion: latest
"""


@pytest.mark.parametrize("format_", FORMATS)
def test_no_format_shows_a_token(format_: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".github/workflows").mkdir(parents=True)
    (tmp_path / PATH).write_text(TEXT)
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(cli, ["check", "--no-cache", "--verbose", "--format", format_, "--select", "ci/*"])
    assert done.exit_code == 1, done.output
    assert "token-in-plain-text" in done.output
    for token in (OLD, NEW):
        assert token not in done.output
        assert token[8:] not in done.output


@pytest.mark.parametrize(
    ("line", "hidden"),
    [
        ("  apiToken: abc # x", ["abc"]), ("  apiToken: ${{ secrets.X }}", []), ('  "API_TOKEN": "abc"', ["abc"]),
        ("  run: A_TOKEN=abc x", ["abc"]), ("  A_TOKEN: |", []), ("  A_TOKEN=$X y", []), ('  A_TOKEN="$X" y', []),
        ("  id-token: write", []), ("  name: a", []), (f"  A: {NEW}", [NEW]),
    ],
)
def test_what_is_masked(line: str, hidden: list[str]) -> None:
    data = line.encode()
    shown = [data[start:end].decode() for start, end in masked(PATH, "x", data, 0, len(data))]
    assert shown == hidden
    elsewhere = masked("src/x.yml", "x", data, 0, len(data))
    assert len(elsewhere) == line.count(NEW), "in other YAML only what has a token's own form"
