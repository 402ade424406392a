"""An instrumented program does what it did, on the same lines."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from edgelint.testing.workerd_host.coverage.instrument import Instrumented, instrument
from edgelint.testing.workerd_host.runtime import Runtime
from edgelint.testing.workerd_host.source_maps import of_file
from tests.testing.workerd_host.conftest import INSTALLED
from tests.testing.workerd_host.coverage.conftest import RunJs
from tests.testing.workerd_host.coverage.snippets import MODULES, SCRIPTS

FILE = Path("/app/a.js")
PROGRAMS = {
    **{f"{name}.mjs": text for name, text in MODULES.items()}, **{f"{name}.js": text for name, text in SCRIPTS.items()},
}  # fmt: skip
NOT_UNDERSTOOD = {"escapes of tagged templates.mjs"}
"""What tree-sitter's grammar does not read, and what is therefore left as it is."""


def counted(text: str) -> Instrumented:
    return instrument(text, "m", of_file(FILE, FILE.parent), lambda source: True)


def test_every_program_says_the_same(run_js: RunJs) -> None:
    plain = run_js(PROGRAMS)
    made = {name: counted(text) for name, text in PROGRAMS.items()}
    after = run_js({name: each.text for name, each in made.items()})
    for name, before, then in zip(PROGRAMS, plain, after, strict=True):
        assert not any(each.startswith("threw SyntaxError") for each in before.said), (name, before.said)
        assert then.said == before.said, name
        assert before.said or name == "nothing.mjs", name
    assert {name for name, each in made.items() if each.problems} == NOT_UNDERSTOOD


def test_counters_begin_again_when_they_are_read(run_js: RunJs) -> None:
    [ran] = run_js({"a.mjs": counted("out(1); for (const x of [1, 2]) out(x)").text})
    assert ran.counts == {"m": [1, 1, 2, 2]}
    assert ran.again == {"m": [0, 0, 0, 0]}


def test_no_line_is_added() -> None:
    for name, text in PROGRAMS.items():
        made = counted(text)
        assert made.text.count("\n") == text.count("\n"), name


PACKAGES = """
import * as jose from "jose";
import { customAlphabet, nanoid } from "nanoid";
import * as pathe from "pathe";
const key = new TextEncoder().encode("a key of thirty-two bytes, or more");
const token = await new jose.SignJWT({ a: [1, { b: null }] }).setProtectedHeader({ alg: "HS256" }).setExpirationTime(2e9).sign(key);
out(token, await jose.jwtVerify(token, key));
for (const wrong of [token.slice(1), token + "x", "", "a.b.c"]) {
  try { await jose.jwtVerify(wrong, key, { issuer: "me" }); out("verified") } catch (error) { out(error.name, error.code, error.message) }
}
const { publicKey, privateKey } = await jose.generateKeyPair("ECDH-ES", { extractable: true });
const encrypted = await new jose.CompactEncrypt(key).setProtectedHeader({ alg: "ECDH-ES", enc: "A256GCM" }).encrypt(publicKey);
out(new TextDecoder().decode((await jose.compactDecrypt(encrypted, privateKey)).plaintext));
out(await jose.calculateJwkThumbprint({ kty: "oct", k: "abc" }), jose.decodeProtectedHeader(token), jose.decodeJwt(token));
out(nanoid().length, customAlphabet("a", 7)());
out(pathe.normalize("C:\\\\a\\..\\b//c/."), pathe.relative("/a/b/c", "/a/d"), pathe.parse("/x/y.tar.gz"), pathe.resolve("/a", "../b"));
"""  # noqa: E501


def test_packages_that_are_bundled_do_the_same(run_js: RunJs, runtime: Runtime) -> None:
    if runtime.esbuild is None:
        pytest.skip("esbuild is not installed")
    bundles = {}
    for minify in ("--minify-whitespace", "--minify", "--keep-names"):  # no app is minified here: it is the harder text
        command = [str(runtime.esbuild.path), "--bundle", "--format=esm", "--platform=browser", minify]
        built = subprocess.run(
            command, input=PACKAGES.encode(), cwd=INSTALLED, capture_output=True, timeout=60, check=False
        )
        assert built.returncode == 0, built.stderr.decode()
        bundles[f"{minify}.mjs"] = built.stdout.decode()
    made = {name: counted(text) for name, text in bundles.items()}
    before, after = run_js(bundles), run_js({name: each.text for name, each in made.items()})

    for name, then, now in zip(bundles, before, after, strict=True):
        assert len(then.said) == 9, then.said
        assert now.said == then.said, name
        assert now.counts is not None
        assert made[name].problems == ()
        assert sum(count > 0 for count in now.counts["m"]) > 300
