"""Which file a path of static assets means: ``html_handling`` and ``not_found_handling``.

Facts: developers.cloudflare.com/workers/static-assets/routing/advanced/html-handling and
/routing/single-page-application; workers-sdk packages/workers-shared/asset-worker/src/handler.ts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, Literal, NamedTuple
from urllib.parse import quote, unquote_to_bytes

Tag = Callable[[str], str | None]
"""The entity tag of the file at a decoded path; None when there is none."""
HTML_HANDLING: Final = ("auto-trailing-slash", "force-trailing-slash", "drop-trailing-slash", "none")
NOT_FOUND: Final = ("none", "single-page-application", "404-page")


@dataclass(frozen=True, slots=True)
class Found:
    """What a path means: the file to serve (``redirect`` None) with its status, or the path to go to instead."""

    file: str
    status: int = 200
    redirect: str | None = None


class _Step(NamedTuple):
    """Serve ``file`` if it is there; with ``there``, go there if that serves the same file."""

    file: str
    there: str | None = None


def find(path: str, html: str, not_found: str, tag: Tag) -> Found | None:
    """What a decoded path means under the two settings; None for nothing."""
    return _find(path, html, not_found, tag, redirects=True)


def _find(path: str, html: str, not_found: str, tag: Tag, *, redirects: bool) -> Found | None:
    for step in _STEPS[html](path):
        if step.there is None:
            if tag(step.file) is not None:
                return Found(step.file)
        elif redirects and tag(step.file) is not None and tag(step.there) is None:
            reached = _find(step.there, html, not_found, tag, redirects=False)
            if reached is not None and tag(reached.file) == tag(step.file):
                return Found(step.file, redirect=step.there)
    return _not_found(path, not_found, tag)


def _not_found(path: str, not_found: str, tag: Tag) -> Found | None:
    if not_found == "single-page-application":
        return Found("/index.html") if tag("/index.html") is not None else None
    if not_found == "404-page":
        while path:
            path = path[: max(path.rfind("/"), 0)]
            if tag(f"{path}/404.html") is not None:
                return Found(f"{path}/404.html", 404)
    return None


def _auto(path: str) -> Iterator[_Step]:
    if path.endswith("/index"):
        yield _Step(path)
        yield _Step(f"{path}.html", path[:-5])
        yield _Step(f"{path[:-6]}.html", path[:-6])
    elif path.endswith("/index.html"):
        yield _Step(path, path[:-10])
        yield _Step(f"{path[:-11]}.html", path[:-11])
    elif path.endswith("/"):
        yield _Step(f"{path}index.html")
        yield _Step(f"{path[:-1]}.html", path[:-1])
    elif path.endswith(".html"):
        yield _Step(path, path[:-5])
        yield _Step(f"{path[:-5]}/index.html", f"{path[:-5]}/")
    yield _Step(path)
    yield _Step(f"{path}.html")
    yield _Step(f"{path}/index.html", f"{path}/")


def _force(path: str) -> Iterator[_Step]:
    if path.endswith("/index"):
        yield _Step(path)
        yield _Step(f"{path}.html", path[:-5])
        yield _Step(f"{path[:-6]}.html", path[:-5])
    elif path.endswith("/index.html"):
        yield _Step(path, path[:-10])
        yield _Step(f"{path[:-11]}.html", path[:-10])
    elif path.endswith("/"):
        yield _Step(f"{path}index.html")
        yield _Step(f"{path[:-1]}.html")
    elif path.endswith(".html"):
        yield _Step(path, f"{path[:-5]}/")
        yield _Step(path)
        yield _Step(f"{path[:-5]}/index.html", f"{path[:-5]}/")
    yield _Step(path)
    yield _Step(f"{path}.html", f"{path}/")
    yield _Step(f"{path}/index.html", f"{path}/")


def _drop(path: str) -> Iterator[_Step]:
    if path == "/index":
        yield _Step(path)
        yield _Step("/index.html", "/")
    elif path.endswith("/index"):
        yield _Step(path)
        yield _Step(f"{path[:-6]}.html", path[:-6])
        yield _Step(f"{path}.html", path[:-6])
    elif path == "/index.html":
        yield _Step(path, "/")
    elif path.endswith("/index.html"):
        yield _Step(path, path[:-11])
        yield _Step(path)
        yield _Step(f"{path[:-11]}.html", path[:-11])
    elif path == "/":
        yield _Step("/index.html")
    elif path.endswith("/"):
        yield _Step(f"{path[:-1]}.html", path[:-1])
        yield _Step(f"{path[:-1]}/index.html", path[:-1])
    elif path.endswith(".html"):
        yield _Step(path, path[:-5])
        yield _Step(f"{path[:-5]}/index.html", path[:-5])
    yield _Step(path)
    yield _Step(f"{path}.html")
    yield _Step(f"{path}/index.html")


def _exact(path: str) -> Iterator[_Step]:
    yield _Step(path)


_STEPS: Final[dict[str, Callable[[str], Iterator[_Step]]]] = {
    "auto-trailing-slash": _auto, "force-trailing-slash": _force, "drop-trailing-slash": _drop, "none": _exact,
}  # fmt: skip


def decoded(path: str) -> str:
    """A URL's path as files are named: each segment decoded (or left, when it is no UTF-8), slashes made single."""
    segments: list[str] = []
    for segment in path.split("/"):
        try:
            segments.append(_decoded(segment))
        except ValueError:
            segments.append(segment)
    made = "/".join(segments)
    while "//" in made:
        made = made.replace("//", "/")
    return made


def encoded(path: str) -> str:
    """A path as its canonical URL has it: every segment as encodeURIComponent makes it."""
    return "/".join(quote(segment, safe="!'()*") for segment in path.split("/"))


def _decoded(segment: str) -> str:
    """decodeURIComponent. Raises ValueError for a percent sign that begins no character."""
    for index, char in enumerate(segment):
        if char == "%":
            int(segment[index + 1 : index + 3].ljust(2, "x"), 16)
    return unquote_to_bytes(segment).decode()


Route = Literal["worker", "assets"]


def worker_first(setting: object, path: str) -> Route | None:
    """What ``run_worker_first`` says of a path: who answers, None when the assets are asked whether they have it. A
    list has paths with ``*``, those of the worker and (with "!" before) those of the assets, which come first."""
    if isinstance(setting, list):
        rules = [rule for rule in setting if isinstance(rule, str)]
        if any(_glob(rule[1:], path) for rule in rules if rule.startswith("!/")):
            return "assets"
        return "worker" if any(_glob(rule, path) for rule in rules if rule.startswith("/")) else None
    return "worker" if setting is True else None


def _glob(rule: str, path: str) -> bool:
    first, *rest = rule.split("*")
    if not rest:
        return path == rule
    *middle, last = rest
    if not path.startswith(first) or not path.endswith(last) or len(path) < len(first) + len(last):
        return False
    at, end = len(first), len(path) - len(last)
    for part in middle:
        found = path.find(part, at, end)
        if found < 0:
            return False
        at = found + len(part)
    return True
