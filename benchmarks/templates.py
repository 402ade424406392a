"""What the files of the synthetic Workers are made of.

``@name@`` is replaced; what stands between ⟦ and ⟧ is TypeScript only and is dropped from a JavaScript Worker.
"""

from __future__ import annotations

INDEX = """\
import { authenticate } from "./lib/auth";
import { notFound, problem } from "./lib/http";
@imports@
⟦import type { Env, Job } from "./env";⟧
export { @Actor@Counter } from "./durable/counter";

⟦type Handler = (request: Request, env: Env, ctx: ExecutionContext, id: string | undefined) => Promise<Response>;⟧

const routes⟦: Record<string, Handler>⟧ = {
@routes@
};

export default {
  async fetch(request⟦: Request⟧, env⟦: Env⟧, ctx⟦: ExecutionContext⟧)⟦: Promise<Response>⟧ {
    const url = new URL(request.url);
    if (url.pathname === "/health") {
      return Response.json({ ok: true, stage: env.STAGE });
    }
    const [, name, id] = url.pathname.split("/");
    const handler = routes[name ?? ""];
    if (handler === undefined) {
      return notFound();
    }
    try {
      const user = await authenticate(request, env);
      if (user === null && request.method !== "GET") {
        return problem(401, "sign in first");
      }
      return await handler(request, env, ctx, id);
    } catch (error) {
      console.error("request failed", name, error);
      return problem(500, "something went wrong");
    }
  },

  async scheduled(controller⟦: ScheduledController⟧, env⟦: Env⟧, ctx⟦: ExecutionContext⟧)⟦: Promise<void>⟧ {
    const stub = env.COUNTER.get(env.COUNTER.idFromName(controller.cron));
    ctx.waitUntil(stub.fetch("https://counter/reset", { method: "POST" }));
  },

  async queue(batch⟦: MessageBatch<Job>⟧, env⟦: Env⟧)⟦: Promise<void>⟧ {
    for (const message of batch.messages) {
      try {
        await env.FILES.put(`jobs/${message.id}.json`, JSON.stringify(message.body));
        message.ack();
      } catch (error) {
        console.warn("job failed", message.id, error);
        message.retry({ delaySeconds: 30 });
      }
    }
  },
};
"""

ENV = """\
export interface Job {
  kind: string;
  id: string;
  at: number;
}

export interface Env {
  DB: D1Database;
  CACHE: KVNamespace;
  FILES: R2Bucket;
  JOBS: Queue<Job>;
  COUNTER: DurableObjectNamespace;
  STAGE: string;
}
"""

AUTH = """\
⟦import type { Env } from "../env";⟧

⟦export interface User {
  id: string;
  name: string;
  roles: string[];
}
⟧
const encoder = new TextEncoder();

export async function digest(text⟦: string⟧)⟦: Promise<string>⟧ {
  const bytes = await crypto.subtle.digest("SHA-256", encoder.encode(text));
  return [...new Uint8Array(bytes)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

export async function authenticate(request⟦: Request⟧, env⟦: Env⟧)⟦: Promise<User | null>⟧ {
  const header = request.headers.get("authorization") ?? "";
  const [scheme, token] = header.split(" ");
  if (scheme !== "Bearer" || !token) {
    return null;
  }
  const key = await digest(token);
  const session = await env.CACHE.get⟦<User>⟧(`session:${key}`, "json");
  if (session !== null) {
    return session;
  }
  const row = await env.DB.prepare("SELECT id, name, roles FROM users WHERE token = ?1").bind(key).first⟦<{
    id: string;
    name: string;
    roles: string;
  }>⟧();
  if (row === null) {
    return null;
  }
  const user = { id: row.id, name: row.name, roles: row.roles.split(",") };
  await env.CACHE.put(`session:${key}`, JSON.stringify(user), { expirationTtl: 600 });
  return user;
}
"""

HTTP = """\
export function problem(status⟦: number⟧, detail⟦: string⟧)⟦: Response⟧ {
  return Response.json({ type: "about:blank", status, detail }, { status });
}

export function notFound()⟦: Response⟧ {
  return problem(404, "there is nothing here");
}

export async function body⟦<T>⟧(request⟦: Request⟧)⟦: Promise<T | null>⟧ {
  const type = request.headers.get("content-type") ?? "";
  if (!type.startsWith("application/json")) {
    return null;
  }
  try {
    return ⟦(⟧await request.json()⟦) as T⟧;
  } catch {
    return null;
  }
}

export function page(url⟦: URL⟧)⟦: { limit: number; offset: number }⟧ {
  const size = Number.parseInt(url.searchParams.get("size") ?? "20", 10);
  const number = Number.parseInt(url.searchParams.get("page") ?? "1", 10);
  const limit = Number.isNaN(size) ? 20 : Math.min(Math.max(size, 1), 100);
  const offset = Number.isNaN(number) ? 0 : (Math.min(Math.max(number, 1), 1000) - 1) * limit;
  return { limit, offset };
}
"""

COUNTER = """\
import { DurableObject } from "cloudflare:workers";
⟦import type { Env } from "../env";⟧

export class @Actor@Counter extends DurableObject⟦<Env>⟧ {
  ⟦private ⟧value = 0;

  constructor(state⟦: DurableObjectState⟧, env⟦: Env⟧) {
    super(state, env);
    state.blockConcurrencyWhile(async () => {
      this.value = (await state.storage.get⟦<number>⟧("value")) ?? 0;
    });
  }

  async fetch(request⟦: Request⟧)⟦: Promise<Response>⟧ {
    const { pathname } = new URL(request.url);
    switch (pathname) {
      case "/increment":
        this.value += 1;
        await this.ctx.storage.put("value", this.value);
        return Response.json({ value: this.value });
      case "/reset":
        this.value = 0;
        await this.ctx.storage.delete("value");
        return new Response(null, { status: 204 });
      default:
        return Response.json({ value: this.value });
    }
  }
}
"""

ROUTES = """\
import { body, notFound, page, problem } from "../lib/http";
import { @Entity@Repository } from "../repositories/@entity@";
import { @Entity@Service } from "../services/@entity@";
import { render@Entity@List } from "../views/@entity@";
⟦import type { Env } from "../env";
import type { @Entity@, @Entity@Input } from "../repositories/@entity@";⟧

const REQUIRED = [@quoted@];

function validate(input⟦: Partial<@Entity@Input> | null⟧)⟦: input is @Entity@Input⟧ {
  if (input === null || typeof input !== "object") {
    return false;
  }
  return REQUIRED.every((field) => field in input);
}

export async function @entity@Routes(
  request⟦: Request⟧,
  env⟦: Env⟧,
  ctx⟦: ExecutionContext⟧,
  id⟦: string | undefined⟧,
)⟦: Promise<Response>⟧ {
  const url = new URL(request.url);
  const service = new @Entity@Service(new @Entity@Repository(env.DB), env.CACHE);
  switch (request.method) {
    case "GET": {
      if (id !== undefined) {
        const found = await service.find(id);
        return found === null ? notFound() : Response.json(found);
      }
      const { limit, offset } = page(url);
      const items = await service.list(limit, offset);
      if (request.headers.get("accept")?.includes("text/html")) {
        return new Response(render@Entity@List(items), { headers: { "content-type": "text/html; charset=utf-8" } });
      }
      return Response.json({ items, limit, offset });
    }
    case "POST": {
      const input = await body⟦<@Entity@Input>⟧(request);
      if (!validate(input)) {
        return problem(422, `@entity@ needs ${REQUIRED.join(", ")}`);
      }
      const created = await service.create(input);
      ctx.waitUntil(env.JOBS.send({ kind: "@entity@-created", id: created.id, at: Date.now() }));
      return Response.json(created, { status: 201 });
    }
    case "PATCH": {
      if (id === undefined) {
        return problem(400, "name the @entity@ to change");
      }
      const changes = await body⟦<Partial<@Entity@Input>>⟧(request);
      if (changes === null) {
        return problem(422, "send the changes as JSON");
      }
      const updated = await service.update(id, changes);
      return updated ? Response.json(updated) : notFound();
    }
    case "DELETE": {
      if (id === undefined || !(await service.remove(id))) {
        return notFound();
      }
      return new Response(null, { status: 204 });
    }
    default:
      return problem(405, `${request.method} is not allowed here`);
  }
}
"""

REPOSITORY = """\
⟦export interface @Entity@Input {
@fields_typed@
}

export interface @Entity@ extends @Entity@Input {
  id: string;
  created_at: number;
}
⟧
const COLUMNS = [@quoted@]⟦ as const⟧;

export class @Entity@Repository {
  ⟦private readonly db: D1Database;
⟧
  constructor(db⟦: D1Database⟧) {
    this.db = db;
  }

  async find(id⟦: string⟧)⟦: Promise<@Entity@ | null>⟧ {
    return this.db.prepare("SELECT id, @columns@, created_at FROM @table@ WHERE id = ?1").bind(id).first⟦<@Entity@>⟧();
  }

  async list(limit⟦: number⟧, offset⟦: number⟧)⟦: Promise<@Entity@[]>⟧ {
    const { results } = await this.db
      .prepare("SELECT id, @columns@, created_at FROM @table@ ORDER BY created_at DESC LIMIT ?1 OFFSET ?2")
      .bind(limit, offset)
      .all⟦<@Entity@>⟧();
    return results;
  }

  async create(id⟦: string⟧, input⟦: @Entity@Input⟧, now⟦: number⟧)⟦: Promise<void>⟧ {
    await this.db
      .prepare(`INSERT INTO @table@ (id, ${COLUMNS.join(", ")}, created_at) VALUES (?, @marks@, ?)`)
      .bind(id, @inputs@, now)
      .run();
  }

  async update(id⟦: string⟧, changes⟦: Partial<@Entity@Input>⟧)⟦: Promise<boolean>⟧ {
    const assignments⟦: string[]⟧ = [];
    const values⟦: unknown[]⟧ = [];
    for (const column of COLUMNS) {
      if (changes[column] !== undefined) {
        assignments.push(`${column} = ?`);
        values.push(changes[column]);
      }
    }
    if (assignments.length === 0) {
      return false;
    }
    const { meta } = await this.db
      .prepare(`UPDATE @table@ SET ${assignments.join(", ")} WHERE id = ?`)
      .bind(...values, id)
      .run();
    return meta.changes > 0;
  }

  async remove(id⟦: string⟧)⟦: Promise<boolean>⟧ {
    const [outcome] = await this.db.batch([
      this.db.prepare("DELETE FROM @table@ WHERE id = ?1").bind(id),
      this.db.prepare("DELETE FROM audit WHERE subject = ?1").bind(id),
    ]);
    return outcome⟦!⟧.meta.changes > 0;
  }
}
"""

SERVICE = """\
⟦import type { @Entity@, @Entity@Input, @Entity@Repository } from "../repositories/@entity@";
⟧
const TTL = @ttl@;

@helpers@
export class @Entity@Service {
  ⟦private readonly repository: @Entity@Repository;
  private readonly cache: KVNamespace;
⟧
  constructor(repository⟦: @Entity@Repository⟧, cache⟦: KVNamespace⟧) {
    this.repository = repository;
    this.cache = cache;
  }

  ⟦private ⟧key(id⟦: string⟧)⟦: string⟧ {
    return `@entity@:${id}`;
  }

  async find(id⟦: string⟧)⟦: Promise<@Entity@ | null>⟧ {
    const cached = await this.cache.get⟦<@Entity@>⟧(this.key(id), "json");
    if (cached !== null) {
      return cached;
    }
    const found = await this.repository.find(id);
    if (found !== null) {
      await this.cache.put(this.key(id), JSON.stringify(found), { expirationTtl: TTL });
    }
    return found;
  }

  async list(limit⟦: number⟧, offset⟦: number⟧)⟦: Promise<@Entity@[]>⟧ {
    const items = await this.repository.list(limit, offset);
    return items.filter((item) => @Entity@Score(item.created_at, items.length) >= 0);
  }

  async create(input⟦: @Entity@Input⟧)⟦: Promise<@Entity@>⟧ {
    const id = crypto.randomUUID();
    const now = Date.now();
    await this.repository.create(id, input, now);
    return { id, ...input, created_at: now };
  }

  async update(id⟦: string⟧, changes⟦: Partial<@Entity@Input>⟧)⟦: Promise<@Entity@ | null>⟧ {
    if (!(await this.repository.update(id, changes))) {
      return null;
    }
    await this.cache.delete(this.key(id));
    return this.repository.find(id);
  }

  async remove(id⟦: string⟧)⟦: Promise<boolean>⟧ {
    const gone = await this.repository.remove(id);
    if (gone) {
      await this.cache.delete(this.key(id));
    }
    return gone;
  }
}
"""

VIEW = """\
⟦import type { @Entity@ } from "../repositories/@entity@";
⟧
function escape(value⟦: unknown⟧)⟦: string⟧ {
  return String(value ?? "").replace(/[&<>"]/g, (char) => `&#${char.charCodeAt(0)};`);
}

function when(at⟦: number⟧)⟦: string⟧ {
  return new Date(at).toISOString().slice(0, 10);
}

export function render@Entity@Row(item⟦: @Entity@⟧)⟦: string⟧ {
  return `<tr id="${escape(item.id)}">
@cells@
    <td>${when(item.created_at)}</td>
  </tr>`;
}

export function render@Entity@List(items⟦: @Entity@[]⟧)⟦: string⟧ {
  const rows = items.map(render@Entity@Row).join("\\n");
  return `<!doctype html>
<title>@Entity@</title>
<table>
  <thead><tr>@heads@<th>created</th></tr></thead>
  <tbody>${rows}</tbody>
</table>`;
}
"""

HELPER = """\
function @Entity@@Verb@(amount⟦: number⟧, total⟦: number⟧)⟦: number⟧ {
  const share = total === 0 ? 0 : amount / total;
  if (share > @high@) {
    return Math.round(share * @factor@);
  }
  let @noun@ = @start@;
  for (let step = 0; step < @steps@ && @noun@ < total; step += 1) {
    @noun@ += step % 2 === 0 ? @even@ : @odd@;
    if (@noun@ % @modulo@ === 0) {
      continue;
    }
  }
  return @noun@ >= @floor@ ? @noun@ : amount;
}
"""

TEST = """\
import { describe, expect, it } from "vitest";
import { @Entity@Service } from "../src/services/@entity@";
import { render@Entity@Row } from "../src/views/@entity@";

const item = { id: "1", @sample@, created_at: @at@ };

function fakeRepository() {
  const calls⟦: string[]⟧ = [];
  return {
    calls,
    find: async (id⟦: string⟧) => (calls.push(`find ${id}`), id === "1" ? item : null),
    list: async () => [item],
    create: async (id⟦: string⟧) => void calls.push(`create ${id}`),
    update: async (id⟦: string⟧) => id === "1",
    remove: async (id⟦: string⟧) => id === "1",
  };
}

function fakeCache() {
  const store = new Map⟦<string, string>⟧();
  return {
    get: async (key⟦: string⟧) => JSON.parse(store.get(key) ?? "null"),
    put: async (key⟦: string⟧, value⟦: string⟧) => void store.set(key, value),
    delete: async (key⟦: string⟧) => void store.delete(key),
  };
}

describe("@entity@", () => {
  it("finds what is there, once", async () => {
    const repository = fakeRepository();
    const service = new @Entity@Service(repository⟦ as never⟧, fakeCache()⟦ as never⟧);
    expect(await service.find("1")).toEqual(item);
    expect(await service.find("1")).toEqual(item);
    expect(repository.calls).toEqual(["find 1"]);
  });

  it("says when nothing is there", async () => {
    const service = new @Entity@Service(fakeRepository()⟦ as never⟧, fakeCache()⟦ as never⟧);
    expect(await service.find("2")).toBeNull();
    expect(await service.remove("2")).toBe(false);
  });

  it("renders a row", () => {
    expect(render@Entity@Row(item⟦ as never⟧)).toContain('id="1"');
  });
});
"""
