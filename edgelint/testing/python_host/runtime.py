"""Puts the parts of the foreign-function layer together. Import this before anything crosses the line."""

from __future__ import annotations

from edgelint.testing.python_host import crossing
from edgelint.testing.python_host.convert import lower_plain
from edgelint.testing.python_host.jsvalue import JsObject
from edgelint.testing.python_host.promises import start
from edgelint.testing.python_host.pyproxy import lend, proxy

crossing.install(wrap=proxy, lend=lend, lowering=lower_plain, start=start, plain_object=JsObject)
