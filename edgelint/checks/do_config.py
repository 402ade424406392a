"""durable-objects/ rules about the config alone: migrations, and the storage that a class was created with."""

from __future__ import annotations

from collections.abc import Iterator

from edgelint.checks import check
from edgelint.checks._fixes_migrations import new_classes
from edgelint.checks.config_values import is_for_tests
from edgelint.diagnostics import Finding, Related, Severity
from edgelint.project.project import BindingCall, Project
from edgelint.project.wrangler import BindingDecl, Environment, WranglerConfig
from edgelint.syntax.document import Value
from edgelint.syntax.tree import enclosing_class


class _Classes:
    """What the migrations of one environment leave: class -> the value that made it, and those that are gone."""

    def __init__(self, place: Environment) -> None:
        self.alive: dict[str, Value] = {}
        self.gone: dict[str, Value] = {}
        self.legacy: dict[str, Value] = {}
        self.any = False
        migrations = place.get("migrations")
        for step in migrations.items if migrations is not None else ():
            if step.kind == "object":
                self.any = True
                self._apply(step)
        exports = place.get("exports")
        for entry in exports.entries if exports is not None else ():
            kind = entry.value.get("type") if entry.value.kind == "object" else None
            if kind is not None and kind.text() == "durable-object":
                self.any = True
                self.alive[entry.key] = entry.value
                storage = entry.value.get("storage")
                if storage is not None and storage.text() == "legacy-kv":
                    self.legacy[entry.key] = storage

    def _apply(self, step: Value) -> None:
        """One migration, in wrangler's order: deleted, renamed, new, new with SQLite."""
        for item in _items(step, "deleted_classes"):
            self._take(item.value, item)
        for item in (*_items(step, "renamed_classes"), *_items(step, "transferred_classes")):
            old, new = _text(item, "from"), _text(item, "to")
            if new is not None:
                self.alive[new] = item
                if old in self.legacy:
                    self.legacy[new] = self.legacy[old]
                if old is not None and old != new and _text(item, "from_script") is None:
                    self._take(old, item)
        for item in _items(step, "new_classes"):
            self.alive[item.value] = self.legacy[item.value] = item
        for item in _items(step, "new_sqlite_classes"):
            self.alive[item.value] = item

    def _take(self, name: str, by: Value) -> None:
        self.alive.pop(name, None)
        self.legacy.pop(name, None)
        self.gone[name] = by


def _items(step: Value, key: str) -> list[Value]:
    value = step.get(key)
    wanted = "object" if key in ("renamed_classes", "transferred_classes") else "string"
    return [item for item in value.items if item.kind == wanted] if value is not None else []


def _text(value: Value, key: str) -> str | None:
    found = value.get(key)
    return None if found is None else found.text()


@check("durable-objects/missing-migration")
def missing_migration(project: Project) -> Iterator[Finding]:
    """Find bound Durable Object classes that no migration makes, or that one has deleted."""
    for config in project.configs():
        told: set[int] = set()
        deployed = not config.broken and not config.is_pages and not is_for_tests(config.path)
        for place in config.environments if deployed else ():
            classes = _Classes(place)
            bound = [decl.text("class_name") or "" for decl in _own_classes(config, place)]
            lacking = [name for name in dict.fromkeys(bound) if name not in classes.alive and name not in classes.gone]
            for decl in _own_classes(config, place):
                value = decl.field("class_name")
                assert value is not None
                name = value.value
                if name in classes.alive or value.start in told:
                    continue
                told.add(value.start)
                gone = classes.gone.get(name)
                if gone is not None:
                    related: tuple[Related, ...] = (
                        Related(config.span_of(gone), "the migration that takes the class away"),
                    )
                    message = f"a migration deletes or renames {name}, and it is still bound: deploying fails"
                else:
                    related = ()
                    message = f"no migration creates the class {name}: deploying fails until one does"
                yield Finding(
                    config.inner_span(value), message, related,
                    help=None if gone is not None else f'Add it to new_sqlite_classes = ["{name}"] of a new migration.',
                    fix=new_classes(config, place, lacking) if gone is None else None,
                )  # fmt: skip


def _own_classes(config: WranglerConfig, place: Environment) -> Iterator[BindingDecl]:
    """The Durable Object bindings whose class is this script's own."""
    own = {config.name, *(_text(p.value, "name") for p in config.environments if p.value.kind == "object"), None}
    for decls in place.bindings.values():
        for decl in decls:
            if decl.kind == "durable-object" and decl.text("class_name") and decl.text("script_name") in own:
                yield decl


@check("durable-objects/legacy-storage")
def legacy_storage(project: Project) -> Iterator[Finding]:
    """Find classes created with the old key-value storage; an error when their code speaks SQL to it."""
    told: set[tuple[str, int]] = set()
    for config in project.configs():
        for place in config.environments if not config.broken and not is_for_tests(config.path) else ():
            for name, value in _Classes(place).legacy.items():
                if (config.path, value.start) not in told:
                    told.add((config.path, value.start))
                    yield _legacy(project, config, name, value)


def _legacy(project: Project, config: WranglerConfig, name: str, value: Value) -> Finding:
    call = _sql_call(project, config, name)
    if call is not None:
        return Finding(
            config.inner_span(value),
            f"{name} is created without SQLite, yet its code calls storage.sql: that throws",
            (Related(call.callee_span, "SQL is used here"),),
            help="Create it under new_sqlite_classes. A class that is deployed cannot be switched: make a new one.",
            severity=Severity.ERROR,
        )
    return Finding(
        config.inner_span(value),
        f"new_classes creates {name} with the old key-value storage, for good: no SQL, no point-in-time recovery",
        help="Before the first deploy, move it to new_sqlite_classes; afterwards the storage cannot be switched.",
    )


def _sql_call(project: Project, config: WranglerConfig, name: str) -> BindingCall | None:
    """A use of ``storage.sql`` inside the class, in the code of this config's Worker."""
    classes = {found.node for bound in project.durables.bound if bound.name == name and bound.worker.config is config
               and (found := project.durables.class_of(bound)) is not None}  # fmt: skip
    for worker in project.all_workers:
        if worker.config is config:
            for file in worker.files:
                for call in project.calls_in(file):
                    if call.kind == "do-sql" and call.verb == "exec":
                        owner = enclosing_class(call.node)
                        if owner is not None and (owner in classes or (not classes and owner.name == name)):
                            return call
    return None
