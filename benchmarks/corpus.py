"""Makes a monorepo of Workers to measure on: the same seed and size give the same bytes.

Each Worker has about 3,000 lines: routes, D1 repositories, KV-cached services, views and tests for a handful of
entities, a Durable Object, a queue consumer, a cron handler, a wrangler config with environments. Four of five are
TypeScript.

A share of the lines (``bound``) is of entities, where every file deals with bindings; the rest is what else apps are
made of (``plain``), a fifth of it components that no entry reaches. ``python -m benchmarks.density`` counts: eight
public projects of 0.6 to 435 kLOC have 0.7 to 27 calls on the platform and 0 to 19 SQL statements per thousand lines,
those of over 40 kLOC 0.7 to 11 and 0.2 to 4. With ``LIKE_APPS`` it is 12 and 2, with ``DENSE`` 67 and 17.
"""

from __future__ import annotations

import json
import random
import re
from hashlib import md5
from pathlib import Path
from uuid import UUID

from benchmarks import plain, templates

SEED = 20261124
WORKER_LINES = 3000
LIKE_APPS = 0.08
DENSE = 1.0
_COMPONENTS = 5  # every so many modules that deal with no binding is a component
_NOUN_LIST = """
account article badge basket booking branch campaign channel comment company contract coupon course customer
delivery device document driver event expense folder goal group holiday invoice issue item label lesson letter
member message meeting module note notice offer order parcel partner payment person photo plan player policy
price product profile project quote rating receipt record refund region report request reward role room route
rule season segment session shift shop signal slot staff stage station stock store student supplier survey
table target task team term ticket topic tour trade trip vendor venue version visit voucher wallet ward
"""
_FIELD_LIST = """
title name body status priority owner colour size weight amount currency country city street email phone
language score level starts_at ends_at due_at note source target reference category
"""
_NOUNS, _FIELDS = _NOUN_LIST.split(), _FIELD_LIST.split()
_VERBS = ("Rank", "Weight", "Spread", "Scale", "Share", "Clamp", "Level")
_TYPESCRIPT = re.compile("⟦(.*?)⟧", re.DOTALL)


def make(folder: Path, lines: int, seed: int = SEED, bound: float = DENSE) -> int:
    """Write Workers of at least ``lines`` lines together, tests not counted (edgelint does not check them).

    ``bound`` is the share of the lines that deal with bindings. Returns how many lines there are.
    """
    chance = random.Random(seed)
    folder.mkdir(parents=True, exist_ok=True)
    workspace = {"name": "corpus", "private": True, "workspaces": ["apps/*"]}
    (folder / "package.json").write_text(json.dumps(workspace, indent=2) + "\n", encoding="utf-8")
    written = number = 0
    while written < lines:
        number += 1
        share = min(WORKER_LINES, lines - written)
        written += worker(folder / "apps" / f"worker-{number:02}", share, chance, bound, typescript=number % 5 != 0)
    return written


def worker(
    folder: Path, lines: int, chance: random.Random, bound: float = DENSE, *, typescript: bool = True
) -> int:
    """Write one Worker of at least ``lines`` lines, tests not counted; returns how many it has. ``bound`` as in
    ``make``."""
    extension = "ts" if typescript else "js"
    tables: dict[str, list[str]] = {}
    written = 0

    def put(path: str, text: str) -> None:
        nonlocal written
        text = _TYPESCRIPT.sub(r"\1" if typescript else "", text)
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")
        if path.startswith("src/"):
            written += text.count("\n")

    actor = chance.choice(_NOUNS).title()
    fixed = {"lib/auth": templates.AUTH, "lib/http": templates.HTTP, "durable/counter": templates.COUNTER}
    for path, text in fixed.items():
        put(f"src/{path}.{extension}", text.replace("@Actor@", actor))
    if typescript:
        put("src/env.ts", templates.ENV)
    nouns = chance.sample(_NOUNS, len(_NOUNS))
    while not tables or (written < lines * bound and nouns):
        name = nouns.pop()
        tables[name] = _entity(name, extension, chance, put)
    features = []
    while written < lines and nouns:
        name = nouns.pop()
        if len(nouns) % _COMPONENTS == 0:
            put(f"src/panels/{name}.{extension}x", _feature(plain.PANEL, name, chance))
        else:
            put(f"src/features/{name}.{extension}", _feature(plain.FEATURE, name, chance))
            features.append(name)
    if features:
        put(f"src/panels/classes.{extension}", plain.CLASSES)
    imports = "\n".join((
        *(f'import {{ {name}Routes }} from "./routes/{name}";' for name in tables),
        *(f'import {{ handle{name.title()} }} from "./features/{name}";' for name in features),
    ))
    routes = "\n".join((
        *(f"  {name}s: {name}Routes," for name in tables), *(f"  {name}: handle{name.title()}," for name in features),
    ))
    index = templates.INDEX.replace("@imports@", imports).replace("@routes@", routes).replace("@Actor@", actor)
    put(f"src/index.{extension}", index)
    _config(folder, extension, actor, tables)
    return written


def _entity(name: str, extension: str, chance: random.Random, put: object) -> list[str]:
    """Write the files of one entity; returns its fields."""
    fields = chance.sample(_FIELDS, chance.randint(5, 9))
    values = {
        "entity": name,
        "Entity": name.title(),
        "table": f"{name}s",
        "columns": ", ".join(fields),
        "quoted": ", ".join(f'"{field}"' for field in fields),
        "fields_typed": "\n".join(f"  {field}: {'number' if field.endswith('_at') else 'string'};" for field in fields),
        "marks": ", ".join("?" for _ in fields),
        "inputs": ", ".join(f"input.{field}" for field in fields),
        "ttl": str(chance.randrange(60, 7200, 60)),
        "cells": "\n".join(f"    <td>${{escape(item.{field})}}</td>" for field in fields),
        "heads": "".join(f"<th>{field}</th>" for field in fields),
        "sample": ", ".join(f'{field}: "{chance.choice(_NOUNS)}"' for field in fields),
        "at": str(chance.randrange(1_600_000_000_000, 1_700_000_000_000)),
        "helpers": "\n".join(_helper(name, verb, chance) for verb in ("Score", *chance.sample(_VERBS, 4))),
    }
    files = {
        f"src/routes/{name}.{extension}": templates.ROUTES,
        f"src/repositories/{name}.{extension}": templates.REPOSITORY,
        f"src/services/{name}.{extension}": templates.SERVICE,
        f"src/views/{name}.{extension}": templates.VIEW,
        f"test/{name}.test.{extension}": templates.TEST,
    }
    for path, text in files.items():
        put(path, _filled(text, values))  # type: ignore[operator]
    return fields


def _helper(name: str, verb: str, chance: random.Random) -> str:
    numbers = ("factor", "start", "steps", "even", "odd", "modulo", "floor")
    values = {number: str(chance.randint(2, 97)) for number in numbers}
    values |= {"Entity": name.title(), "Verb": verb, "noun": chance.choice(_NOUNS), "high": f"0.{chance.randint(2, 9)}"}
    return _filled(templates.HELPER, values)


def _feature(text: str, name: str, chance: random.Random) -> str:
    noun = chance.choice(_FIELDS)
    numbers = {"max": 900, "width": 400, "limit": 90, "factor": 9, "tries": 6, "pause": 900, "code": 499, "year": 2026}
    values = {number: str(chance.randint(2, most)) for number, most in numbers.items()}
    values |= {"feature": name, "Feature": name.title(), "noun": noun, "NOUN": noun.upper()}
    return _filled(text, values)


def _filled(text: str, values: dict[str, str]) -> str:
    return re.sub("@([A-Za-z_]+)@", lambda match: values[match[1]], text)


def _config(folder: Path, extension: str, actor: str, tables: dict[str, list[str]]) -> None:
    def digest(text: str) -> str:
        return md5(f"{folder.name} {text}".encode(), usedforsecurity=False).hexdigest()

    def bindings(stage: str) -> dict[str, object]:
        return {
            "d1_databases": [{"binding": "DB", "database_name": stage, "database_id": str(UUID(digest(stage)))}],
            "kv_namespaces": [{"binding": "CACHE", "id": digest(f"{stage} cache")}],
            "r2_buckets": [{"binding": "FILES", "bucket_name": f"{stage}-files"}],
            "queues": {
                "producers": [{"binding": "JOBS", "queue": f"{stage}-jobs"}],
                "consumers": [{"queue": f"{stage}-jobs"}],
            },
            "durable_objects": {"bindings": [{"name": "COUNTER", "class_name": f"{actor}Counter"}]},
            "vars": {"STAGE": stage},
        }

    config = {
        "name": folder.name,
        "main": f"src/index.{extension}",
        "compatibility_date": "2026-10-01",
        "triggers": {"crons": ["0 * * * *"]},
        "migrations": [{"tag": "v1", "new_sqlite_classes": [f"{actor}Counter"]}],
        **bindings("development"),
        "env": {"staging": bindings("staging"), "production": bindings("production")},
    }
    package = {"name": folder.name, "private": True, "devDependencies": {"vitest": "^3.0.0", "wrangler": "^4.0.0"}}
    fixed = {"user": ["token", "name", "roles"], "audit": ["subject"]}
    migration = "\n".join(_table(name, fields) for name, fields in {**fixed, **tables}.items())
    files = {
        "wrangler.jsonc": json.dumps(config, indent=2) + "\n",
        "package.json": json.dumps(package, indent=2) + "\n",
        "tsconfig.json": json.dumps({"compilerOptions": {"strict": True, "module": "esnext"}}, indent=2) + "\n",
        "migrations/0001_tables.sql": migration + "\n",
    }
    for path, text in files.items():
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text, encoding="utf-8")


def _table(name: str, fields: list[str]) -> str:
    columns = [f"{field} {'INTEGER' if field.endswith('_at') else 'TEXT'}" for field in fields]
    named = name if name == "audit" else f"{name}s"
    return f"CREATE TABLE {named} (id TEXT PRIMARY KEY NOT NULL, {', '.join(columns)}, created_at INTEGER NOT NULL);"
