"""What most of a real app's code is made of: types, formatting, validation, calls of other services, components.

As in ``templates``: ``@name@`` is replaced, what stands between ⟦ and ⟧ is TypeScript only. Nothing here is a binding.
"""

from __future__ import annotations

FEATURE = """\
import { body, problem } from "../lib/http";

⟦export type @Feature@Status = "draft" | "open" | "closed" | "archived";

export interface @Feature@ {
  id: string;
  title: string;
  status: @Feature@Status;
  @noun@: number;
  tags: string[];
  createdAt: string;
  owner?: { id: string; name: string };
}

export interface @Feature@Filter {
  status?: @Feature@Status;
  text?: string;
  limit?: number;
}
⟧
const LABELS⟦: Record<@Feature@Status, string>⟧ = {
  draft: "Draft @feature@",
  open: "Open @feature@",
  closed: "Closed",
  archived: "Archived since @year@",
};
const ORDER⟦: @Feature@Status[]⟧ = ["open", "draft", "closed", "archived"];
const MAX_@NOUN@ = @max@;

export class @Feature@Error extends Error {
  ⟦readonly code: number;
⟧
  constructor(message⟦: string⟧, code⟦: number⟧) {
    super(`@feature@: ${message}`);
    this.code = code;
  }
}

export function parse@Feature@(input⟦: unknown⟧)⟦: @Feature@⟧ {
  if (typeof input !== "object" || input === null) {
    throw new @Feature@Error("is no object", @code@);
  }
  const { id, title, status = "draft", @noun@ = 0, tags = [], createdAt, owner } = input⟦ as Partial<@Feature@>⟧;
  if (!id || !title) {
    throw new @Feature@Error(`${id ? "title" : "id"} is missing`, @code@);
  }
  if (!ORDER.includes(status)) {
    throw new @Feature@Error(`unknown status ${status}`, @code@);
  }
  return {
    id,
    title: title.trim().slice(0, @width@),
    status,
    @noun@: Math.min(Math.max(Number(@noun@), 0), MAX_@NOUN@),
    tags: [...new Set(tags.map((tag) => tag.toLowerCase()))].sort(),
    createdAt: createdAt ?? new Date().toISOString(),
    ...(owner ? { owner } : {}),
  };
}

export function label(item⟦: @Feature@⟧)⟦: string⟧ {
  const suffix = item.tags.length > 0 ? ` (${item.tags.join(", ")})` : "";
  return `${LABELS[item.status]}: ${item.title}${suffix}`;
}

export function group(items⟦: @Feature@[]⟧)⟦: Map<string, @Feature@[]>⟧ {
  const groups = new Map⟦<string, @Feature@[]>⟧();
  for (const item of items) {
    const key = item.createdAt.slice(0, 7);
    const found = groups.get(key);
    if (found) {
      found.push(item);
    } else {
      groups.set(key, [item]);
    }
  }
  return groups;
}

export function matches(item⟦: @Feature@⟧, filter⟦: @Feature@Filter⟧)⟦: boolean⟧ {
  if (filter.status && item.status !== filter.status) return false;
  const text = filter.text?.trim().toLowerCase();
  return !text || item.title.toLowerCase().includes(text) || item.tags.some((tag) => tag.startsWith(text));
}

export function summarize@Feature@(items⟦: @Feature@[]⟧, filter⟦: @Feature@Filter⟧ = {}) {
  const kept = items.filter((item) => matches(item, filter)).slice(0, filter.limit ?? @limit@);
  const total = kept.reduce((sum, item) => sum + item.@noun@, 0);
  const byStatus = Object.fromEntries(ORDER.map((status) => [status, kept.filter((i) => i.status === status).length]));
  switch (true) {
    case total === 0:
      return { total, byStatus, note: "nothing yet" };
    case total > MAX_@NOUN@ / 2:
      return { total, byStatus, note: `more than half of ${MAX_@NOUN@}` };
    default:
      return { total, byStatus, average: Math.round((total / kept.length) * @factor@) / @factor@ };
  }
}

export class @Feature@Client {
  ⟦private readonly base: string;
  private attempts = 0;
⟧
  constructor(base⟦: string⟧) {
    this.base = base.replace(/\\/+$/, "");
  }

  async load(id⟦: string⟧)⟦: Promise<@Feature@>⟧ {
    for (let attempt = 1; attempt <= @tries@; attempt++) {
      const response = await fetch(`${this.base}/@feature@/${encodeURIComponent(id)}`, {
        headers: { accept: "application/json", "x-attempt": String(attempt) },
      });
      if (response.ok) {
        return parse@Feature@(await response.json());
      }
      if (response.status < 500) {
        throw new @Feature@Error(await response.text(), response.status);
      }
      await new Promise((resolve) => setTimeout(resolve, attempt * @pause@));
    }
    throw new @Feature@Error("gave up", 504);
  }
}

export async function handle@Feature@(request⟦: Request⟧)⟦: Promise<Response>⟧ {
  const url = new URL(request.url);
  const limit = Number(url.searchParams.get("limit") ?? @limit@);
  const filter = { text: url.searchParams.get("q") ?? undefined, limit };
  const items = (await body⟦<unknown[]>⟧(request)) ?? [];
  try {
    return Response.json(summarize@Feature@(items.map(parse@Feature@), filter));
  } catch (error) {
    if (error instanceof @Feature@Error) {
      return problem(error.code, error.message);
    }
    throw error;
  }
}
"""

PANEL = """\
import { useEffect, useMemo, useState } from "react";
import { cn } from "./classes";

⟦interface @Feature@PanelProps {
  items: { id: string; title: string; @noun@: number; done?: boolean }[];
  onSelect?: (id: string) => void;
  className?: string;
}
⟧
export function @Feature@Panel({ items, onSelect, className }⟦: @Feature@PanelProps⟧) {
  const [query, setQuery] = useState("");
  const [selected, setSelected] = useState⟦<string | null>⟧(null);
  const [width, setWidth] = useState(@width@);

  useEffect(() => {
    const resize = () => setWidth(window.innerWidth > @max@ ? @width@ : @limit@);
    window.addEventListener("resize", resize);
    return () => window.removeEventListener("resize", resize);
  }, []);

  const shown = useMemo(() => {
    const text = query.toLowerCase();
    return items.filter((item) => item.title.toLowerCase().includes(text)).sort((a, b) => b.@noun@ - a.@noun@);
  }, [items, query]);

  return (
    <section className={cn("panel @feature@-panel", className)} style={{ width }}>
      <header className="flex items-center justify-between border-b px-@tries@ py-2">
        <h2 className="text-lg font-medium">@Feature@ {shown.length > 0 && <span>({shown.length})</span>}</h2>
        <input value={query} onChange={(event) => setQuery(event.target.value)} placeholder="Search @feature@" />
      </header>
      {shown.length === 0 ? (
        <p className="text-muted p-4">Nothing matches {query || "your filter"}.</p>
      ) : (
        <ul>
          {shown.map((item) => (
            <li
              key={item.id}
              className={cn("row", selected === item.id && "row-selected", item.done ? "opacity-50" : undefined)}
              onClick={() => {
                setSelected(item.id);
                onSelect?.(item.id);
              }}
            >
              <strong>{item.title}</strong>
              <span className="ml-auto tabular-nums">{item.@noun@.toFixed(@tries@)}</span>
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}
"""

CLASSES = """\
export function cn(...names⟦: (string | false | null | undefined)[]⟧)⟦: string⟧ {
  return names.filter(Boolean).join(" ");
}
"""
