// Loaded before the app: time, timers and chance are the test's, and it is told of what is rejected or thrown unseen.
import { encodeError } from "./codec.js";

const RealDate = Date;
const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const realSetImmediate = globalThis.setImmediate;
const realFetch = globalThis.fetch.bind(globalThis);
let instant = 0; // ms since the epoch; 0 in module scope, as in production

/** What the world is asked or told: an address that only its own server answers. */
export function tell(path, body, options) {
  return realFetch(`http://edgelint.internal/${path}`, { method: "POST", body: JSON.stringify(body), ...options });
}

function define(target, members) {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(target, name, { configurable: true, writable: true, value });
  }
}

// What is thrown where nobody catches it, told in the log (log.py): nothing else gets out when no event runs.

const say = console.debug.bind(console);
let worker = "";
let lastRejection = 0;
const rejections = new WeakMap();

function report(what, error, id) {
  say(`\0edgelint ${JSON.stringify({ what, worker, id, error: encodeError(error) })}`);
}

addEventListener("unhandledrejection", (event) => {
  const { preventDefault } = event;
  const id = ++lastRejection;
  rejections.set(event.promise, id);
  report("unhandled", event.reason, id);
  define(event, { preventDefault() { // by a listener of the app
    report("handled", null, id);
    preventDefault.call(event);
  } });
});
addEventListener("rejectionhandled", ({ promise }) => {
  const told = rejections.get(promise);
  rejections.delete(promise);
  if (told) report("handled", null, told);
});

// Time

const now = () => instant;

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length ? args : [instant], self),
  apply: () => new RealDate(instant).toString(),
  get: (target, key, self) => (key === "now" ? now : Reflect.get(target, key, self)),
});
RealDate.prototype.constructor = globalThis.Date;
define(performance, { now }); // its origin is the epoch: src/workerd/api/performance.h

const Format = Intl.DateTimeFormat.prototype;
const format = Object.getOwnPropertyDescriptor(Format, "format").get;
const bound = new WeakMap(); // "format" is one function each
Object.defineProperty(Format, "format", {
  configurable: true,
  get() {
    if (!bound.has(this)) {
      const own = format.call(this);
      bound.set(this, (date = instant) => own(date));
    }
    return bound.get(this);
  },
});
const { formatToParts } = Format;
define(Format, { formatToParts(date = instant) { return formatToParts.call(this, date); } });

// Timers wait for the clock of the world: one request each, which is answered when its time has come.

const waiting = new Map();
let lastTimer = 1_000_000; // away from the numbers of the runtime's own timers

async function sleep(ms, signal) {
  const response = await tell("sleep", { ms }, { signal });
  instant = Math.round(Number(await response.text())); // the loop counts in seconds
}

function start(callback, ms, args, again) {
  const id = ++lastTimer;
  const abort = new AbortController();
  waiting.set(id, abort);
  const turn = async () => {
    try {
      await sleep(ms, abort.signal);
    } catch (error) {
      waiting.delete(id);
      if (abort.signal.aborted) return;
      throw error;
    }
    if (!waiting.has(id)) return;
    if (again) turn();
    else waiting.delete(id);
    try {
      callback(...args);
    } catch (error) {
      report("uncaught", error);
    }
  };
  turn();
  return id;
}

function clear(timer) {
  const id = timer instanceof Timeout ? timer.id : Number(timer);
  const abort = waiting.get(id);
  if (abort === undefined) return realClearTimeout(timer);
  waiting.delete(id);
  abort.abort();
}

/** What Node's functions give (the compatibility flag enable_nodejs_global_timers). */
export class Timeout {
  #given;
  #isRefed = true;
  constructor(...given) {
    this.#given = given;
    this.id = start(...given);
  }
  refresh() {
    this.close();
    this.id = start(...this.#given);
    return this;
  }
  close() {
    clear(this);
    return this;
  }
  ref() {
    this.#isRefed = true;
    return this;
  }
  unref() {
    this.#isRefed = false;
    return this;
  }
  hasRef() {
    return this.#isRefed;
  }
  [Symbol.dispose]() {
    this.close();
  }
  [Symbol.toPrimitive]() {
    return this.id;
  }
}

// Timers of no length are the runtime's own. The world is told of them when it asks whether anything goes on.

const soon = new Set();
let lastSoon = 0;

function atOnce(set, callback, given) {
  if (typeof callback !== "function") return set(callback, ...given);
  const timer = set((...args) => {
    soon.delete(timer);
    callback(...args);
  }, ...given);
  soon.add(timer);
  lastSoon++;
  return timer;
}

/** How many timers of no length there were so far, when those that are due have run. */
export async function turn() {
  const due = [...soon];
  if (due.length > 0) {
    for (let again = 0; again < 2; again++) await new Promise((resolve) => realSetTimeout(resolve, 0));
    for (const timer of due) soon.delete(timer); // it was cleared, or its event is over
  }
  return lastSoon;
}

export function setImmediate(callback, ...args) {
  return atOnce(realSetImmediate, callback, args);
}

/** setTimeout and its like, as numbers or as Node gives them. */
export function timers(asNode) {
  const timer = (...given) => (asNode ? new Timeout(...given) : start(...given));
  return {
    setTimeout(callback, ms = 0, ...args) {
      const wait = Number(ms) || 0;
      if (typeof callback !== "function" || wait <= 0) return atOnce(realSetTimeout, callback, [0, ...args]);
      return timer(callback, wait, args, false);
    },
    setInterval(callback, ms = 0, ...args) {
      if (typeof callback !== "function") throw new TypeError("setInterval needs a function");
      return timer(callback, Math.max(1, Number(ms) || 0), args, true);
    },
    clearTimeout(id) { clear(id); },
    clearInterval(id) { clear(id); },
  };
}

define(globalThis, timers(!String(realSetTimeout).includes("[native code]")));
if (realSetImmediate) define(globalThis, { setImmediate });
if (globalThis.scheduler) {
  define(scheduler, {
    async wait(ms, options) {
      const signal = options?.signal;
      signal?.throwIfAborted();
      try {
        await sleep(Number(ms) || 0, signal);
      } catch (error) {
        throw signal?.aborted ? signal.reason : error;
      }
    },
  });
}
define(AbortSignal, {
  timeout(ms) {
    const controller = new AbortController();
    const late = () => controller.abort(new DOMException("The operation was aborted due to timeout", "TimeoutError"));
    if (Number(ms) > 0) start(late, Number(ms), [], false);
    else atOnce(realSetTimeout, late, [0]);
    return controller.signal;
  },
});

// Chance: xoshiro128** (https://prng.di.unimi.it/xoshiro128starstar.c), seeded by the test.

const state = new Uint32Array([0x9e3779b9, 0x243f6a88, 0xb7e15162, 0xdeadbeef]);

function next() {
  const rotated = Math.imul(state[1], 5);
  const result = Math.imul((rotated << 7) | (rotated >>> 25), 9) >>> 0;
  const shifted = state[1] << 9;
  state[2] ^= state[0];
  state[3] ^= state[1];
  state[1] ^= state[2];
  state[0] ^= state[3];
  state[2] ^= shifted;
  state[3] = (state[3] << 11) | (state[3] >>> 21);
  return result;
}

const { getRandomValues } = crypto;
Math.random = () => (next() * 2 ** 21 + (next() >>> 11)) * 2 ** -53;
define(crypto, {
  getRandomValues(array) {
    getRandomValues.call(crypto, array); // refuses what it must, also where no event runs
    const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
    for (let at = 0; at < bytes.length; at++) bytes[at] = next() >>> 24;
    return array;
  },
  randomUUID() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    bytes[6] = (bytes[6] & 0x0f) | 0x40;
    bytes[8] = (bytes[8] & 0x3f) | 0x80;
    const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
    return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
  },
});

// The world

let world = null;

/** What the world says before an event, when it has changed: the time; at its beginning four 32-bit numbers that seed
 * chance; variables that are other than in ``env``. */
export function told(change, env) {
  instant = Math.round(change.now);
  worker = change.worker;
  globalThis[Symbol.for("edgelint.values")] = change.values; // of bindings that are no more than values (values.js)
  if (world !== change.world) {
    world = change.world;
    state.set(change.seed);
  }
  for (const name of change.gone) delete env[name];
  Object.assign(env, change.vars);
}
