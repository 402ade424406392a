"""The files ``_headers`` and ``_redirects`` of static assets: what their rules say, and which one a request meets.

Facts: developers.cloudflare.com/workers/static-assets/headers and /redirects; workers-sdk packages/workers-shared
(utils/configuration for the files, asset-worker/src/utils/rules-engine.ts for the matching). A rule that is wrong is
left out, as there, and said in ``problems``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final
from urllib.parse import quote, urljoin, urlsplit

from edgelint.platform import limits

_PATH_LINE: Final = re.compile(r"\S+://|/")
_ABSOLUTE: Final = re.compile(r"https:///*(?P<host>[^/]+)/?(?P<path>.*)", re.DOTALL)
_TOKEN: Final = re.compile(r"\*|:(?P<name>[A-Za-z]\w*)", re.ASCII)
_SPLAT: Final = re.compile(r":splat(?!\w)", re.ASCII)
_INDEX: Final = re.compile(r"/index(.html)?$")
_STATUSES: Final = frozenset((200, 301, 302, 303, 307, 308))
_KEPT: Final = "!$%&'()*+,-./:;=@[\\]^_`|~"  # what a URL's path keeps as it is (https://url.spec.whatwg.org/#path-state)
_IN_QUERY: Final = "!$%&()*+,-./:;=?@[\\]^_`{|}~"


@dataclass(frozen=True, slots=True)
class Redirect:
    """One line of ``_redirects``; ``status`` 200 serves another asset under the same URL. ``line`` counts from 1."""

    source: str
    target: str
    status: int
    line: int


@dataclass(frozen=True, slots=True)
class HeaderRule:
    """One path of ``_headers``: headers to set (lower-case names) and to take away."""

    path: str
    set: Mapping[str, str]
    unset: tuple[str, ...]


@dataclass(slots=True)
class Rules:
    """Both files of one directory."""

    static: dict[str, Redirect] = field(default_factory=dict)
    """Redirects without placeholders that stand before any with, by what they match."""
    dynamic: list[Redirect] = field(default_factory=list)
    headers: dict[str, HeaderRule] = field(default_factory=dict)
    """By path: the last rule of a path stands where its first one stood."""
    problems: list[str] = field(default_factory=list)

    def redirect(self, url: str) -> tuple[int, str] | None:
        """The status and target of the redirect for a URL, None when there is none. Static ones come first."""
        parts = urlsplit(url)
        exact = self.static.get(parts.path)
        if exact is not None:
            return exact.status, exact.target
        for rule in self.dynamic:
            found = _match(rule.source, url)
            if found is not None:
                target = _filled(rule.target, found).strip()
                external = re.match(r"\w+://", target, re.ASCII)
                return rule.status, target if external else re.sub("/+", "/", target)
        return None

    def apply_headers(self, url: str, headers: list[tuple[str, str]]) -> None:
        """Change a response's headers as every matching rule says, in order: the first of a name takes the place of
        what was there, the next are added to it."""
        already: set[str] = set()
        for rule in self.headers.values():
            found = _match(rule.path, url)
            if found is None:
                continue
            for name in rule.unset:
                _remove(headers, name)
            for name, value in rule.set.items():
                value = _filled(value, found)
                if name not in already:
                    _remove(headers, name)
                headers.append((name, value))
                already.add(name)


def read(headers: str | None, redirects: str | None, html_handling: str = "auto-trailing-slash") -> Rules:
    """The rules of the two files' texts; None for a file that is not there."""
    rules = Rules()
    if redirects is not None:
        _read_redirects(redirects, rules, html_handling != "none")
    if headers is not None:
        _read_headers(headers, rules)
    return rules


def _read_redirects(text: str, rules: Rules, cleans_html: bool) -> None:
    static = dynamic = 0
    seen: set[str] = set()
    for number, line in _lines(text, rules, "_redirects"):
        tokens = re.sub(r"\s+#.*$", "", line).split()
        if not 2 <= len(tokens) <= 3:
            rules.problems.append(f"_redirects:{number}: 2 or 3 words are expected, not {len(tokens)}")
            continue
        source = _address(tokens[0], relative=True)
        if source is None:
            rules.problems.append(f"_redirects:{number}: {tokens[0]} is no path that is taken")
            continue
        plain = _TOKEN.search(source) is None
        is_static = plain and not dynamic
        static, dynamic = static + is_static, dynamic + (not is_static)
        if is_static and static > limits.ASSETS_MAX_STATIC_REDIRECTS:
            rules.problems.append(f"_redirects:{number}: more than {limits.ASSETS_MAX_STATIC_REDIRECTS} static rules")
            continue
        if dynamic > limits.ASSETS_MAX_DYNAMIC_REDIRECTS:
            rules.problems.append(f"_redirects:{number}: more than {limits.ASSETS_MAX_DYNAMIC_REDIRECTS} dynamic rules")
            break
        target = _address(tokens[1], whole=True)
        if target is None:
            rules.problems.append(f"_redirects:{number}: {tokens[1]} is no address that is taken")
            continue
        status = int(tokens[2]) if len(tokens) == 3 and tokens[2].isdecimal() else 302 if len(tokens) == 2 else 0
        if status not in _STATUSES:
            rules.problems.append(f"_redirects:{number}: {tokens[2]} is no status that is taken")
            continue
        external = target.startswith("https://")
        loops = source.endswith("/*") or (source.endswith("/") and cleans_html)
        if not external and loops and _INDEX.search(target):
            rules.problems.append(f"_redirects:{number}: the rule would go round for ever")
            continue
        if source in seen:
            rules.problems.append(f"_redirects:{number}: there is a rule for {source} already")
            continue
        seen.add(source)
        if status == 200 and external:
            rules.problems.append(f"_redirects:{number}: status 200 is for a path of these assets")
            continue
        rule = Redirect(source, target, status, number)
        if plain and not rules.dynamic:
            rules.static[source] = rule
        else:
            rules.dynamic.append(rule)


def _read_headers(text: str, rules: Rules) -> None:
    path: str | None = None
    skipping = False
    count = 0
    values: dict[str, str] = {}
    removed: list[str] = []

    def close() -> bool:
        if path is not None and (values or removed):
            rules.headers[path] = HeaderRule(path, dict(values), tuple(removed))
            return True
        if path is not None:
            rules.problems.append(f"_headers: there are no headers for {path}")
        return False

    for number, line in _lines(text, rules, "_headers"):
        if _PATH_LINE.match(line):
            if count >= limits.ASSETS_MAX_HEADER_RULES:
                rules.problems.append(f"_headers:{number}: more than {limits.ASSETS_MAX_HEADER_RULES} rules")
                break
            count += close()
            path, values, removed = _address(line), {}, []
            if path is not None and (path.count("*") > 1 or ("*" in path and _SPLAT.search(path))):
                path = None
            skipping = path is None
            if skipping:
                rules.problems.append(f"_headers:{number}: {line} is no path that is taken")
            continue
        if skipping:
            continue
        name, colon, value = line.partition(":")
        name, value = name.strip().lower(), value.strip()
        if path is None:
            rules.problems.append(f"_headers:{number}: a path comes before its headers")
        elif not colon and line.startswith("! "):
            removed.append(line[2:])
        elif not name or not value or " " in name:
            rules.problems.append(f"_headers:{number}: a header is 'name: value'")
        else:
            values[name] = f"{values[name]}, {value}" if name in values else value
    close()


def _lines(text: str, rules: Rules, file: str) -> Iterable[tuple[int, str]]:
    """The lines that say something, with their numbers from 1."""
    for number, line in enumerate(text.split("\n"), 1):
        line = line.strip()
        if len(line) > limits.ASSETS_MAX_RULE_LINE and not line.startswith("#"):
            rules.problems.append(f"{file}:{number}: more than {limits.ASSETS_MAX_RULE_LINE} characters")
        elif line and not line.startswith("#"):
            yield number, line


def _address(text: str, *, relative: bool = False, whole: bool = False) -> str | None:
    """A path, or a URL of https, as rules are compared with it; None for what is neither. ``relative``: no host;
    ``whole``: with query and fragment, and a port."""
    absolute = _ABSOLUTE.fullmatch(text)
    if absolute is not None:
        host = absolute["host"]
        if relative or (not whole and re.fullmatch(r".*:\d+", host)):
            return None
        return f"https://{host}{_path(absolute['path'], whole)}"
    if relative and not text.startswith("/"):
        text = f"/{text}"
    return _path(text, whole) if text.startswith("/") else None


def _path(text: str, whole: bool) -> str:
    """A path as a URL parser leaves it: without dot segments, percent-encoded where it has to be."""
    rest, mark, fragment = text.partition("#")
    path, question, query = rest.partition("?")
    segments: list[str] = []
    parts = (path if path.startswith("/") else f"/{path}").split("/")[1:]
    for index, part in enumerate(parts):
        plain = part.lower().replace("%2e", ".")
        if plain == ".." and segments:
            segments.pop()
        if plain not in (".", ".."):
            segments.append(part)
        elif index == len(parts) - 1:
            segments.append("")
    made = "/" + quote("/".join(segments), safe=_KEPT)
    if not whole:
        return made
    searched = f"?{quote(query, safe=_IN_QUERY)}" if question else ""
    return made + searched + (f"#{quote(fragment, safe=_IN_QUERY)}" if mark else "")


def _match(rule: str, url: str) -> dict[str, str] | None:
    """What the placeholders of a rule stand for in a URL; None when it does not fit. The scheme counts for nothing."""
    parts = urlsplit(url)
    asked = f"https://{parts.hostname}{parts.path}" if rule.startswith("https://") else parts.path
    pattern = _pattern(rule)
    found = None if pattern is None else pattern.fullmatch(asked)
    return None if found is None else found.groupdict()


def _pattern(rule: str) -> re.Pattern[str] | None:
    """The regular expression of a rule; None for one that names a placeholder twice (it matches nothing there)."""
    host_end = rule.find("/", len("https://")) if rule.startswith("https://") else 0
    made, last = "", 0
    names: set[str] = set()
    for token in _TOKEN.finditer(rule):
        name = token["name"] or "splat"
        if name in names:
            return None
        names.add(name)
        inner = ".*" if token["name"] is None else "[^/.]+" if token.start() < host_end else "[^/]+"
        made += re.escape(rule[last : token.start()]) + f"(?P<{name}>{inner})"
        last = token.end()
    return re.compile(made + re.escape(rule[last:]))


def _filled(text: str, found: Mapping[str, str]) -> str:
    for name, value in found.items():
        text = text.replace(f":{name}", value)
    return text


def _remove(headers: list[tuple[str, str]], name: str) -> None:
    headers[:] = [pair for pair in headers if pair[0].lower() != name.lower()]


def normal(url: str) -> str:
    """A URL as a URL parser leaves it, in what matters here: dot segments and what has to be encoded in the path."""
    parts = urlsplit(url)
    return parts._replace(path=_path(parts.path, False)).geturl()


def absolute(target: str, url: str) -> str:
    """The target of a rewrite of ``url`` as a URL."""
    return urljoin(url, target)


def query(url: str) -> str:
    """The query of a URL with its question mark, "" when it is empty."""
    found = urlsplit(url).query
    return f"?{found}" if found else ""


def location(target: str, url: str) -> str:
    """The Location header for a redirect from ``url``: with its query when the target has none."""
    asked, there = urlsplit(url), urlsplit(urljoin(url, target))
    search = f"?{there.query or asked.query}" if there.query or asked.query else ""
    mark = f"#{there.fragment}" if there.fragment else ""
    same = (asked.scheme, asked.netloc) == (there.scheme, there.netloc)
    start = "" if same else f"{there.scheme}://{there.netloc}"
    return f"{start}{there.path or '/'}{search}{mark}"
