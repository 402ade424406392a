// Runs sequences of operations on the bindings, inside workerd. What a sequence and an outcome look like: oracle.py.

function base64(bytes) {
  let text = "";
  for (let at = 0; at < bytes.length; at += 32768) text += String.fromCharCode(...bytes.subarray(at, at + 32768));
  return btoa(text);
}

function unbase64(text) {
  return Uint8Array.from(atob(text), (char) => char.charCodeAt(0));
}

async function drained(stream) {
  return base64(new Uint8Array(await new Response(stream).arrayBuffer()));
}

function describedError(error) {
  if (!(error instanceof Error) && !(typeof error === "object" && error !== null && "message" in error)) {
    return { name: "", message: String(error), code: null };
  }
  const described = { name: error.name, message: error.message, code: error.code ?? null };
  if (error.cause !== undefined) described.cause = describedError(error.cause);
  for (const flag of ["remote", "retryable", "overloaded"]) if (error[flag] !== undefined) described[flag] = error[flag];
  return described;
}

/** A value of JavaScript as JSON: what JSON lacks is an object with one key that begins with "$". */
async function encoded(value) {
  switch (typeof value) {
    case "undefined":
      return { $undefined: true };
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
    case "bigint":
      return { $bigint: String(value) };
    case "function":
      return { $function: value.name };
    case "symbol":
      return { $symbol: String(value) };
    case "string":
    case "boolean":
      return value;
  }
  if (value === null) return null;
  if (value instanceof ArrayBuffer) return { $bytes: base64(new Uint8Array(value)) };
  if (ArrayBuffer.isView(value)) {
    const bytes = new Uint8Array(value.buffer, value.byteOffset, value.byteLength);
    return { $bytes: base64(bytes), view: value.constructor.name };
  }
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Map) return { $map: await all([...value].map(([key, item]) => all([encoded(key), encoded(item)]))) };
  if (value instanceof Set) return { $set: await all([...value].map(encoded)) };
  if (value instanceof Headers) return { $headers: [...value] };
  if (value instanceof Error) return { $error: describedError(value) };
  if (value instanceof ReadableStream) return { $stream: value.locked ? null : await drained(value) };
  if (value instanceof Response) {
    const { status, statusText, headers } = value;
    const body = value.body === null ? null : await drained(value.body);
    return { $response: { status, statusText, headers: [...headers], body } };
  }
  if (Array.isArray(value)) return all(value.map(encoded));
  const prototype = Object.getPrototypeOf(value);
  const plain = prototype === null || prototype === Object.prototype;
  const names = new Set(Object.keys(value));
  if (!plain) {
    for (let level = prototype; level !== null && level !== Object.prototype; level = Object.getPrototypeOf(level)) {
      for (const [name, { get }] of Object.entries(Object.getOwnPropertyDescriptors(level))) if (get) names.add(name);
    }
    names.delete("constructor");
    // what is true now, not after the body has been read for the answer
    const used = names.has("bodyUsed") ? value.bodyUsed : undefined;
    const described = { $class: prototype.constructor.name, fields: {} };
    for (const name of names) {
      if (typeof value[name] === "function") continue;
      described.fields[name] = name === "bodyUsed" ? used : await encoded(value[name]);
    }
    return described;
  }
  if ([...names].some((name) => name.startsWith("$"))) {
    return { $object: await all([...names].map((name) => all([name, encoded(value[name])]))) };
  }
  const described = {};
  for (const name of names) described[name] = await encoded(value[name]);
  return described;
}

const all = (promises) => Promise.all(promises);
const CLASSES = { Request, Response, Headers, URL, Uint8Array, ArrayBuffer, Blob, FormData, URLSearchParams };

class Sequence {
  constructor(targets) {
    this.targets = targets;
  }

  async target(name) {
    if (!(name in this.targets)) throw new TypeError(`the sequence has nothing of the name ${name}`);
    return await this.targets[name];
  }

  /** What an argument stands for. */
  async decoded(value) {
    if (value === null || typeof value !== "object") return value;
    if (Array.isArray(value)) return all(value.map((item) => this.decoded(item)));
    const [key] = Object.keys(value);
    if (key?.startsWith("$")) {
      const of = value[key];
      switch (key) {
        case "$undefined":
          return undefined;
        case "$number":
          return Number(of);
        case "$bigint":
          return BigInt(of);
        case "$function":
          return () => of;
        case "$symbol":
          return Symbol(of);
        case "$bytes": {
          const bytes = unbase64(of);
          return value.view === undefined ? bytes.buffer : new globalThis[value.view](bytes.buffer);
        }
        case "$stream": {
          const bytes = unbase64(of);
          const { readable, writable } = new FixedLengthStream(bytes.length);
          const writer = writable.getWriter();
          writer.write(bytes).then(() => writer.close()).catch(() => {});
          return readable;
        }
        case "$date":
          return new Date(of);
        case "$map":
          return new Map(await this.decoded(of));
        case "$set":
          return new Set(await this.decoded(of));
        case "$headers":
          return new Headers(of);
        case "$object":
          return Object.fromEntries(await this.decoded(of));
        case "$ref":
          return this.target(of);
        case "$do":
          return this.done(of);
        case "$new":
          return new CLASSES[of[0]](...(await this.decoded(of.slice(1))));
        default:
          throw new TypeError(`${key} is not understood`);
      }
    }
    const decoded = {};
    for (const [name, item] of Object.entries(value)) decoded[name] = await this.decoded(item);
    return decoded;
  }

  /** Walk from a target over calls (arrays) and properties (strings), each awaited. */
  async done({ on, do: chain }) {
    let value = await this.target(on);
    for (const link of chain) {
      if (typeof link === "string") value = await value[link];
      else value = await value[link[0]](...(await this.decoded(link.slice(1))));
    }
    return value;
  }

  async step(step) {
    try {
      const value = await this.done(step);
      if (step.as !== undefined) this.targets[step.as] = value;
      return { ok: step.as !== undefined && step.show !== true ? { $undefined: true } : await encoded(value) };
    } catch (error) {
      return { error: describedError(error) };
    }
  }
}

// Queues: what came in, by queue, and what is to be done with it.
const consumed = {};
const record = (queue) => (consumed[queue] ??= { plan: {}, batches: [], handled: 0 });

class Consumer {
  constructor(queues) {
    this.queues = queues;
  }

  plan(plan, queue = this.queues[0]) {
    record(queue).plan = plan;
  }

  log() {
    return this.queues.map((queue) => record(queue).batches);
  }

  deliveries() {
    let count = 0;
    for (const queue of this.queues) for (const batch of record(queue).batches) count += batch.length;
    return count;
  }

  /** Wait for so many deliveries of single messages, at most `ms`, then `quiet` ms more: too many are seen too. */
  async wait(deliveries, { ms = 3000, quiet = 25 } = {}) {
    for (let left = ms; left > 0 && this.deliveries() < deliveries; left -= 3) await scheduler.wait(3);
    await scheduler.wait(quiet);
    return this.log();
  }
}

async function wipeKv(namespace) {
  for (let cursor, complete = false; !complete; ) {
    const page = await namespace.list({ cursor });
    await all(page.keys.map(({ name }) => namespace.delete(name)));
    complete = page.list_complete;
    cursor = page.cursor;
  }
}

async function wipeR2(bucket) {
  for (;;) {
    const { objects } = await bucket.list();
    if (objects.length === 0) return;
    await bucket.delete(objects.map(({ key }) => key));
  }
}

async function wipeD1(database) {
  const query = "SELECT name, type, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT LIKE '~_cf~_%' ESCAPE '~'";
  const { results } = await database.prepare(query).all();
  const rank = ({ type, sql }) => (type === "view" ? 0 : /^\s*create\s+virtual/i.test(sql) ? 1 : 2);
  const drops = results
    .filter(({ type }) => type === "view" || type === "table")
    .sort((a, b) => rank(a) - rank(b))
    .map(({ name, type }) => `DROP ${type} IF EXISTS "${name.replaceAll('"', '""')}"`);
  if (drops.length === 0) return;
  await database.batch(["PRAGMA defer_foreign_keys = on", ...drops].map((sql) => database.prepare(sql)));
}

let fresh = 0;

async function run(sequence, env, slot) {
  const used = JSON.stringify(sequence);
  const uses = (name) => used.includes(`"${name}"`);
  const number = fresh++;
  const queue = number % env.QUEUES;
  const queues = [`queue-${queue}`, `dead-${queue}`];
  if (uses("CONSUMER")) for (const name of queues) delete consumed[name];
  const targets = {
    KV: env[`KV${slot}`],
    R2: env[`R2${slot}`],
    DB: env[`DB${slot}`],
    QUEUE: env[`QUEUE${queue}`],
    CONSUMER: new Consumer(queues),
    CACHE: uses("CACHE") ? caches.open(`cache-${number}`) : undefined,
    DEFAULT_CACHE: caches.default,
    CACHES: caches,
    LIMIT: env.LIMIT,
    ASSETS: env.ASSETS,
    GLOBAL: globalThis,
  };
  if (uses("KV")) await wipeKv(targets.KV);
  if (uses("R2")) await wipeR2(targets.R2);
  if (uses("DB")) await wipeD1(targets.DB);
  const running = new Sequence(targets);
  const outcomes = [];
  for (const step of sequence) outcomes.push(await running.step(step));
  return outcomes;
}

export default {
  async fetch(request, env) {
    if (new URL(request.url).pathname !== "/__edgelint__/run") return new Response("the worker");
    try {
      const sequences = await request.json();
      if (!Array.isArray(sequences)) throw new TypeError("the sequences are no list");
      const outcomes = new Array(sequences.length);
      let next = 0;
      const lane = async (_, slot) => {
        for (let index = next++; index < sequences.length; index = next++) {
          outcomes[index] = await run(sequences[index], env, slot);
        }
      };
      await all(Array.from({ length: env.SLOTS }, lane));
      return Response.json({ outcomes });
    } catch (error) {
      return Response.json({ failed: `${error.stack ?? error}` });
    }
  },

  async queue(batch) {
    const mine = record(batch.queue);
    const { plan, batches } = mine;
    const number = mine.handled++;
    const seen = [];
    for (const message of batch.messages) {
      const { id, timestamp, attempts } = message;
      seen.push({ id, timestamp, attempts, body: message.body });
      const body = JSON.stringify(message.body);
      const actions = plan.messages?.[body]?.[attempts - 1] ?? [];
      for (const [verb, ...args] of actions) message[verb](...args);
    }
    batches.push(seen);
    for (const [verb, ...args] of plan.batches?.[number] ?? []) {
      if (verb === "throw") throw new Error(...args);
      batch[verb](...args);
    }
  },
};
