"""Fixtures that many tests share."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import settings

from edgelint import checks, rulebook
from tests.conformance import workerd

# A slow machine is no defect: no test asserts on a clock.
settings.register_profile("edgelint", deadline=None)
settings.load_profile("edgelint")

DOCUMENT = '''\
# {id}

```toml
severity = "{severity}"
confidence = "high"
profile = "{profile}"
languages = ["javascript", "typescript", "python"]
fix = "none"
since = "0.1.0"
sources = ["https://developers.cloudflare.com/kv/"]
{options}```

The edge refuses this. There is more to say.

## Bad

```ts
bad(); // {severity}: {id} "bad"
```

## Good

```ts
good();
```

## When to ignore

Never.
'''

WriteRule = Callable[..., Path]


@pytest.fixture
def rules(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Iterator[WriteRule]:
    """An empty rulebook in place of the real one; call it with an id to add a rule."""
    folder = tmp_path_factory.mktemp("rules")

    def write(id: str, *, severity: str = "warning", profile: str = "default", options: str = "") -> Path:
        path = folder / f"{id}.md"
        path.parent.mkdir(exist_ok=True)
        path.write_text(DOCUMENT.format(id=id, severity=severity, profile=profile, options=options))
        rulebook.ids.cache_clear()
        rulebook.rule.cache_clear()
        rulebook.profile.cache_clear()
        return path

    monkeypatch.setattr(rulebook, "directory", lambda: folder)
    monkeypatch.setattr(checks, "CHECKS", {})
    rulebook.ids.cache_clear()
    rulebook.rule.cache_clear()
    rulebook.profile.cache_clear()
    yield write
    rulebook.ids.cache_clear()
    rulebook.rule.cache_clear()
    rulebook.profile.cache_clear()


@pytest.fixture
def some_rules(rules: WriteRule) -> WriteRule:
    """A rulebook of four rules, one of them strict and one with options."""
    options = '\n[options]\nminimum = 60\nratio = 0.5\nnames = ["a"]\nmode = "x"\non = true\n'
    rules("kv/ttl-too-short", severity="error", options=options)
    rules("kv/unpaginated-list")
    rules("kv/wide-list", profile="strict")
    rules("sql/unbound-value", severity="error")
    return rules


@pytest.fixture(scope="session")
def server() -> Iterator[workerd.Workerd]:
    """The real workerd. Where it is not installed the test is skipped; where it must be, it fails."""
    try:
        with workerd.running() as running:
            yield running
    except workerd.Unavailable as reason:
        if os.environ.get("EDGELINT_NEEDS_WORKERD"):
            raise
        pytest.skip(str(reason))


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """What a process of pytest-xdist has measured is saved while it still runs: one that takes its time to end is
    killed."""
    coverage = sys.modules.get("coverage")
    measuring = None if coverage is None else coverage.Coverage.current()
    if measuring is not None and hasattr(session.config, "workerinput"):
        measuring.save()
