"""Static assets: the files of a directory as the platform serves them.

Facts: developers.cloudflare.com/workers/static-assets; workers-sdk packages/workers-shared (asset- and router-worker).
Files are read when they are asked for, so a test sees what is in the directory now. Every file counts as cached
("CF-Cache-Status: HIT"); ranges are not answered, as the asset worker does not.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Any, ClassVar, Final

import pathspec

from edgelint.platform import limits
from edgelint.testing.bindings import asset_paths, asset_rules, http_rules
from edgelint.testing.bindings.asset_paths import Found, Route
from edgelint.testing.bindings.base import Binding, Declared, Services
from edgelint.testing.bindings.content_types import content_type
from edgelint.testing.errors import EdgeUsageError
from edgelint.testing.http import HttpRequest, HttpResponse
from edgelint.testing.operation import Operation

_OWN: Final = ("/.assetsignore", "/_redirects", "/_headers")
"""Files of the directory that are not served."""
_REVALIDATE: Final = "public, max-age=0, must-revalidate"


@dataclass(slots=True)
class _File:
    stamp: tuple[int, int]
    body: bytes
    tag: str


class AssetFiles:
    """The files of one directory. Raises EdgeUsageError when it is not there."""

    def __init__(self, directory: Path) -> None:
        if not directory.is_dir():
            raise EdgeUsageError(f"the directory of the static assets is not there: {directory}")
        self.directory = directory
        ignored = self._text(".assetsignore") or ""
        self._ignored = pathspec.GitIgnoreSpec.from_lines([*_OWN, *ignored.split("\n")])
        self._read: dict[str, _File] = {}

    def rules(self, html_handling: str) -> asset_rules.Rules:
        """What ``_headers`` and ``_redirects`` say."""
        return asset_rules.read(self._text("_headers"), self._text("_redirects"), html_handling)

    def tag(self, path: str) -> str | None:
        """The entity tag of the file at a decoded path, of its content and extension; None when there is none."""
        file = self._file(path)
        return None if file is None else file.tag

    def body(self, path: str) -> bytes:
        """The content of a file that is there."""
        file = self._file(path)
        assert file is not None
        return file.body

    def _file(self, path: str) -> _File | None:
        segments = path.split("/")[1:]
        if not segments or any(part in ("", ".", "..") or "\0" in part or "\\" in part for part in segments):
            return None
        place = self.directory.joinpath(*segments)
        try:
            found = place.stat()
            if not place.is_file() or self._ignored.match_file("/".join(segments)):
                return None
        except (OSError, ValueError):
            return None
        stamp = (found.st_mtime_ns, found.st_size)
        known = self._read.get(path)
        if known is None or known.stamp != stamp:
            body = place.read_bytes()
            digest = hashlib.sha256(body + PurePosixPath(path).suffix.encode()).hexdigest()
            known = self._read[path] = _File(stamp, body, digest[:32])
        return known

    def _text(self, name: str) -> str | None:
        place = self.directory / name
        return place.read_text(encoding="utf-8", errors="replace") if place.is_file() else None


class StaticAssets(Binding):
    """The assets of one worker, as its ``assets`` config says. ``route`` is for whoever brings a request to the worker:
    it says who answers."""

    kind: ClassVar[str] = "assets"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        fields = declared.fields
        self.html_handling = _one_of(fields.get("html_handling"), asset_paths.HTML_HANDLING, "html_handling")
        self.not_found_handling = _one_of(fields.get("not_found_handling"), asset_paths.NOT_FOUND, "not_found_handling")
        self.run_worker_first: Any = fields.get("run_worker_first", False)
        directory = declared.text("directory")
        if directory is None:
            raise EdgeUsageError("the config of the static assets names no 'directory'")
        place = Path(directory)
        if not place.is_absolute():
            place = services.worker_named(declared.worker).config.root / place
        self.files = services.shared(("assets", place), lambda: AssetFiles(place))
        self.rules = self.files.rules(self.html_handling)

    async def fetch(self, request: HttpRequest | str) -> HttpResponse:
        """The asset for a request: 200, 304, a redirect, 404 (with the 404 page, if there is one) or 405."""
        asked = _normal(HttpRequest("GET", request) if isinstance(request, str) else request)

        def effect(operation: Operation) -> HttpResponse:
            response = self._answer(asked, self.not_found_handling)
            operation.outcome = "miss" if response is None or response.status == 404 else "hit"
            if response is None:
                response = _plain(404)
            operation.attributes["bytes"] = len(response.body)
            self.rules.apply_headers(asked.url, response.headers)
            return response

        operation = self.operation("fetch", asked.path, {"method": asked.method, "url": asked.url})
        return await self.gate.perform(operation, effect)

    def serves(self, request: HttpRequest) -> bool:
        """Whether the assets answer before the worker: with an asset, a redirect or a refusal of the method. What
        ``not_found_handling`` gives counts only for navigation (a compatibility flag, by default since 2025-04-01) or
        when ``run_worker_first`` lists paths."""
        navigates = self._navigation_counts() and request.header("sec-fetch-mode") == "navigate"
        request = _normal(request)
        counts = navigates or isinstance(self.run_worker_first, list)
        return self._answer(request, self.not_found_handling if counts else "none") is not None

    def route(self, request: HttpRequest, *, has_worker: bool = True) -> Route:
        """Who answers a request that comes to the worker from outside: the worker's code or the assets."""
        if not has_worker:
            return "assets"
        decided = asset_paths.worker_first(self.run_worker_first, _normal(request).path)
        if decided is not None:
            return decided
        return "assets" if self.serves(request) else "worker"

    def _navigation_counts(self) -> bool:
        config = self.services.worker_named(self.declared.worker).config
        if "assets_navigation_has_no_effect" in config.compatibility_flags:
            return False
        enabled = "assets_navigation_prefers_asset_serving" in config.compatibility_flags
        return bool(enabled or config.compatibility_date >= limits.DATE_ASSETS_NAVIGATION)

    def _answer(self, request: HttpRequest, not_found: str) -> HttpResponse | None:
        """The response before ``_headers``; None when there is nothing for the request."""
        path, rewritten = request.path, False
        redirect = self.rules.redirect(request.url)
        if redirect is not None:
            status, target = redirect
            where = asset_rules.location(target, request.url)
            if status != 200:
                return _plain(status, where)
            path, rewritten = HttpRequest("GET", asset_rules.absolute(target, request.url)).path, True
        name = asset_paths.decoded(path)
        found = asset_paths.find(name, self.html_handling, not_found, self.files.tag)
        if found is None:
            return _plain(404) if rewritten else None
        if request.method.upper() not in ("GET", "HEAD"):
            return _plain(405)
        canonical = asset_paths.encoded(name if found.redirect is None else found.redirect)
        if found.redirect is not None or canonical != path:
            return _plain(307, canonical + asset_rules.query(request.url))
        return self._file(request, found)

    def _file(self, request: HttpRequest, found: Found) -> HttpResponse:
        tag = f'"{self.files.tag(found.file)}"'
        headers = [("etag", tag)]
        kind = content_type(found.file)
        if kind is not None:
            headers.append(("content-type", kind))
        if request.header("authorization") is None and request.header("range") is None:
            headers.append(("cache-control", _REVALIDATE))
        headers.append(("cf-cache-status", "HIT"))
        if request.header("if-none-match") in (tag, f"W/{tag}"):
            return HttpResponse(304, headers, b"", http_rules.phrase(304))
        body = b"" if request.method.upper() == "HEAD" else self.files.body(found.file)
        return HttpResponse(found.status, headers, body, http_rules.phrase(found.status))


def of_worker(config: Any, services: Services) -> StaticAssets | None:
    """The assets of a worker (``config.WorkerConfig``), bound to a name or not; None when its config has none."""
    fields = config.get("assets")
    if not isinstance(fields, dict) or "directory" not in fields:
        return None
    name = fields.get("binding")
    declared = Declared(name if isinstance(name, str) else "assets", "assets", "assets", fields, config.name)
    return StaticAssets(declared, services)


def _one_of(value: Any, known: tuple[str, ...], name: str) -> str:
    if value is None:
        return known[0]
    if value not in known:
        raise EdgeUsageError(f"assets.{name} is one of {', '.join(known)}, not {value!r}")
    return str(value)


def _normal(request: HttpRequest) -> HttpRequest:
    return replace(request, url=asset_rules.normal(request.url))


def _plain(status: int, where: str | None = None) -> HttpResponse:
    """A response without a body; ``where`` is its Location."""
    headers = [] if where is None else [("location", where)]
    return HttpResponse(status, headers, b"", http_rules.phrase(status))
