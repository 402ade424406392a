"""httpx is loaded without its command line, and is whole."""

from __future__ import annotations

import subprocess
import sys

CODE = """
import sys
import edgelint.testing.edge
print(sorted({"rich", "click", "httpx._main"} & set(sys.modules)), "httpx" in sys.modules)
import httpx._main
from edgelint.testing.light import load_httpx
load_httpx()
print(callable(httpx.main), httpx._main is sys.modules["httpx._main"], httpx.Response(200).status_code)
"""


def test_it_is_loaded_without_its_command_line() -> None:
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["[] True", "True True 200"]
