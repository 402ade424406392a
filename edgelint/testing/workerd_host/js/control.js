// What stands around the app: events come in here, and what goes wrong is told to the world.
import { WorkerEntrypoint } from "cloudflare:workers";
import { decode, decodeError, encode, encodeError } from "./codec.js";
import { look } from "./objects.js";
import { tell, told, turn } from "./prelude.js";
import { invoke } from "./rpc.js";
import { runWorkflow } from "./workflows.js";

const EVENT = "x-edgelint-event";
const RESULT = "x-edgelint-result";

/** Remember what waitUntil is given, so that the world knows when an event is over and what was rejected in it. */
function tracked(ctx, { id, kind, props }) {
  const given = [];
  let seen = 0; // so many of them are settled
  let isAnswered = false;
  let isWaiting = false;
  const original = ctx.waitUntil;
  Object.defineProperty(ctx, "waitUntil", {
    configurable: true, writable: true,
    value: (promise) => {
      given.push(promise);
      original.call(ctx, Promise.resolve(promise).catch(() => undefined)); // told once, by "over"
      if (isAnswered) wait(); // while the body of the answer was read
    },
  });
  if (props !== undefined) Object.defineProperty(ctx, "props", { configurable: true, value: props });
  const settled = async () => {
    const rejections = [];
    for (; seen < given.length; seen++) {
      try {
        await given[seen];
      } catch (error) {
        rejections.push(encodeError(error));
      }
    }
    isWaiting = false;
    await tell("over", { id, kind, rejections }).catch(() => undefined); // the test may be over
  };
  const wait = () => {
    if (isWaiting) return;
    isWaiting = true;
    original.call(ctx, settled());
  };
  /** Whether something is still to come after the answer; the world is told when it came. */
  return () => {
    isAnswered = true;
    if (given.length > 0) wait();
    return isWaiting;
  };
}

function handlerOf(exported, ctx, env) {
  return typeof exported === "function" ? new exported(ctx, env) : exported;
}

function unsupported(event) {
  return new TypeError(`Handler does not export a ${event}() function.`);
}

/** The entrypoint through which the world reaches the app; ``app`` is its module. */
export function control(app, names) {
  return class EdgelintControl extends WorkerEntrypoint {
    async fetch(request) {
      const event = JSON.parse(request.headers.get(EVENT));
      if (event.kind === "told") {
        told(await request.json(), this.env);
        return new Response("{}");
      }
      if (event.kind === "look") {
        look(await request.json());
        return new Response("{}");
      }
      if (event.kind === "ping") return new Response(await turn());
      if (event.kind === "describe") return Response.json(describe(app, names));
      if (event.kind === "coverage") return Response.json(globalThis.__edgelint_coverage__ ?? null);
      const pending = tracked(this.ctx, event);
      const calls = []; // what the handler did to what it was handed, in order
      try {
        const exported = app[event.entrypoint ?? "default"];
        if (exported === undefined && event.entrypoint !== undefined) {
          throw new TypeError(`The worker exports no entrypoint "${event.entrypoint}".`);
        }
        const found = handlerOf(exported ?? {}, this.ctx, this.env);
        if (event.kind === "fetch") {
          if (typeof found.fetch !== "function") throw unsupported("fetch");
          const response = await found.fetch(plain(request), this.env, this.ctx);
          if (!(response instanceof Response)) {
            throw new TypeError("Incorrect type for Promise: the Promise did not resolve to 'Response'.");
          }
          return marked(response, { pending: pending() });
        }
        const given = decode(await request.json());
        const value = event.kind === "call"
          ? await invoke(found, typeof exported === "function", event.method, given, this.env, this.ctx)
          : await dispatch(found, event, given, calls, this.env, this.ctx);
        return marked(Response.json({ value: encode(value, "the result"), calls }), { pending: pending() });
      } catch (error) {
        const body = { error: encodeError(error), calls };
        return marked(Response.json(body), { failed: true, pending: pending() });
      }
    }
  };
}

function plain(request) {
  const headers = new Headers(request.headers);
  headers.delete(EVENT);
  const cf = request.cf;
  return new Request(request, cf && "edgelintNone" in cf ? { headers, cf: undefined } : { headers });
}

/** The same response with a header of ours: a copy, since headers of a response may be immutable. */
function marked(response, result) {
  const init = { status: response.status, statusText: response.statusText, headers: new Headers(response.headers) };
  if (response.webSocket) init.webSocket = response.webSocket;
  if (response.headers.has("content-encoding")) init.encodeBody = "manual";
  init.headers.set(RESULT, JSON.stringify(result));
  return new Response(response.body, init);
}

async function dispatch(found, event, given, calls, env, ctx) {
  if (event.kind === "workflow") return runWorkflow(found, event.run, given);
  const handler = found[event.kind];
  if (typeof handler !== "function") throw unsupported(event.kind);
  await handler.call(found, EVENTS[event.kind](given, calls, event.message), env, ctx);
}

/** What each handler is handed. ``calls`` gets what it does to it. */
const EVENTS = {
  scheduled: ({ cron, scheduledTime }, calls) => ({
    type: "scheduled", cron, scheduledTime,
    noRetry() { calls.push(["noRetry"]); },
  }),
  queue: ({ queue, messages, metadata }, calls) => ({
    queue, metadata,
    messages: messages.map((message, index) => ({
      ...message,
      ack() { calls.push(["ack", index]); },
      retry(options) { calls.push(["retry", index, options?.delaySeconds ?? null]); },
    })),
    ackAll() { calls.push(["ackAll"]); },
    retryAll(options) { calls.push(["retryAll", options?.delaySeconds ?? null]); },
  }),
  email({ from, to, headers, raw }, calls, id) {
    const ask = async (verb, ...args) => {
      const answer = await (await tell("email", { id, verb, args: encode(args) })).json();
      if (answer.error) throw decodeError(answer.error);
      return decode(answer.value);
    };
    return {
      from, to, rawSize: raw.byteLength,
      headers: new Headers(headers),
      raw: new Response(raw).body,
      setReject(reason) { calls.push(["setReject", String(reason)]); },
      forward: (rcptTo, more) => ask("forward", rcptTo, more ? [...new Headers(more)] : []),
      reply: async (message) => ask("reply", await plainMessage(message)),
    };
  },
};

/** A message that is sent: the fields of one, or an EmailMessage with its raw content. */
async function plainMessage(message) {
  const raw = message.raw ?? message["EmailMessage::raw"];
  if (raw === undefined) return message;
  return { from: message.from, to: message.to, raw: new Uint8Array(await new Response(raw).arrayBuffer()) };
}

function describe(app, names) {
  const handlers = (found) =>
    ["fetch", "scheduled", "queue", "email", "tail", "trace", "test"].filter((event) => {
      const holder = typeof found === "function" ? found.prototype : found;
      return typeof holder?.[event] === "function";
    });
  return Object.fromEntries(names.map((name) => [name, { kind: typeof app[name], handlers: handlers(app[name]) }]));
}
