import { applyD1Migrations, reset } from "cloudflare:test";
import { env, exports } from "cloudflare:workers";
import { beforeEach, expect, it } from "vitest";

beforeEach(async () => {
  await reset();
  await applyD1Migrations(env.DB, env.TEST_MIGRATIONS);
});

const ask = (path: string, init?: RequestInit) => exports.default.fetch(`https://example.com${path}`, init);

for (let number = 0; number < Number(env.COUNT); number++) {
  it(`test ${number}`, async () => {
    expect(await (await ask("/cache", { method: "POST", body: "a" })).text()).toBe("a");
    expect(await (await ask("/notes", { method: "POST", body: "b" })).json()).toEqual([{ id: 1, body: "b" }]);
    expect(await (await ask("/counter")).text()).toBe("1");
    expect(await env.CACHE.get("seen")).toBe("a");
  });
}
