import { DurableObject } from "cloudflare:workers";

interface Env {
  CACHE: KVNamespace;
  DB: D1Database;
  COUNTERS: DurableObjectNamespace<Counter>;
}

export class Counter extends DurableObject<Env> {
  async increase(): Promise<number> {
    const value = ((await this.ctx.storage.get<number>("value")) ?? 0) + 1;
    await this.ctx.storage.put("value", value);
    return value;
  }
}

export default {
  async fetch(request: Request, env: Env): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/cache") {
      await env.CACHE.put("seen", await request.text());
      return new Response(await env.CACHE.get("seen"));
    }
    if (pathname === "/notes") {
      const insert = env.DB.prepare("INSERT INTO notes (body, author) VALUES (?, ?)");
      await insert.bind(await request.text(), "ada").run();
      const found = await env.DB.prepare("SELECT id, body FROM notes WHERE author = ?").bind("ada").all();
      return Response.json(found.results);
    }
    return new Response(String(await env.COUNTERS.getByName("one").increase()));
  },
} satisfies ExportedHandler<Env>;
