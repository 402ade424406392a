"""Frameworks for which the folders of an app are its routes: what a Worker runs is more than what its entry imports."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from edgelint.project.packages import Packages

#: Adapters and frameworks that also declare bindings by themselves, or read them by names of their own.
DECLARING = frozenset((
    "@opennextjs/cloudflare", "@cloudflare/next-on-pages", "astro", "nuxt", "nitropack", "nitro", "@sveltejs/kit",
    "@nuxthub/core", "@analogjs/platform", "vinxi", "@solidjs/start", "@tanstack/react-start", "waku", "rwsdk",
))  # fmt: skip
_ROUTING = DECLARING | {
    "@remix-run/cloudflare", "@remix-run/dev", "@react-router/dev", "@tanstack/solid-start", "@builder.io/qwik-city",
    "honox",
}  # fmt: skip


def declares_bindings(packages: Packages, path: str) -> bool:
    """Whether a framework that is named above ``path`` declares bindings by itself."""
    return any(package.dependencies & DECLARING for package in packages.chain(path))


def brings_routes(packages: Packages, path: str) -> bool:
    """Whether a framework that is named above ``path`` adds files to a Worker that its entry does not import."""
    return any(package.dependencies & _ROUTING for package in packages.chain(path))
