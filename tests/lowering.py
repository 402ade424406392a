"""What the tests of the JavaScript front-end share: lowering a snippet with all its spans checked."""

from __future__ import annotations

from typing import Any

from edgelint.source import Source
from edgelint.syntax import javascript, tree

CLASS = """class Room<T> extends DurableObject<Env> implements A, B.C<D> {
  private readonly a?: string = "x";
  static #count = 0;
  declare e: E;
  constructor(private db: D1Database, readonly n = 1, @Inject(X) protected readonly q: Q, override o = 2, plain?: P) {}
  @log() async *run?<T>(): AsyncIterable<T> {}
  get size(): number { return 1 }
  static set size(v) {}
  static { boot(); }
  abstract later(): void;
  [key: string]: any;
  ["constant"]() {}
  [computed()]() {}
  static async "quoted name"() {}
  get() {}
  static async async() {}
  #secret() { return this.#count }
  accessor w = 1;
  [x + 1]: string = 2;
  @field() f = 1;
  over(a: string): void;
  over(a: any) {}
}"""


def lower(code: str, extension: str = ".ts") -> tree.Parsed:
    path = f"src/a{extension}"
    parsed = javascript.parse(Source(path, code.encode()), path)
    spans_hold(parsed)
    return parsed


def spans_hold(parsed: tree.Parsed) -> None:
    """Every node lies within its parent, and its fields are nodes."""
    stack: list[tree.Node] = [parsed.module]
    while stack:
        node = stack.pop()
        assert 0 <= node.start <= node.end
        for child in node.children():
            assert isinstance(child, tree.Node), (node, child)
            assert node.start <= child.start, (node, child)
            assert child.end <= node.end, (node, child)
            stack.append(child)


def body(code: str, extension: str = ".ts") -> list[Any]:
    parsed = lower(code, extension)
    assert parsed.errors == []
    return parsed.module.body


def only(code: str, extension: str = ".ts") -> Any:
    (statement,) = body(code, extension)
    return statement


def value(code: str, extension: str = ".ts") -> Any:
    """The expression ``code``."""
    statement = only(f"({code});", extension)
    return statement.value if isinstance(statement, tree.ExprStmt) else statement


def text(code: str, node: tree.Node) -> str:
    return Source("a.ts", code.encode()).slice(node.start, node.end)


def names(node: tree.Node) -> list[str]:
    return [at.id for at in tree.walk(node) if isinstance(at, tree.Name)]
