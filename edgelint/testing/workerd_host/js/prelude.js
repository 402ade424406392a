// Loaded before the app: time, timers and chance are the test's.
const RealDate = Date;
const realSetTimeout = globalThis.setTimeout;
const realClearTimeout = globalThis.clearTimeout;
const realFetch = globalThis.fetch.bind(globalThis);
const started = { now: 0 }; // ms since the epoch; 0 in module scope, as in production

/** What the world is asked or told: an address that only its own server answers. */
export function tell(path, body, options) {
  return realFetch(`http://edgelint.internal/${path}`, { method: "POST", body: JSON.stringify(body), ...options });
}

export function setNow(now) {
  started.now = now;
}

export function now() {
  return started.now;
}

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, self) => Reflect.construct(target, args.length ? args : [started.now], self),
  apply: () => new RealDate(started.now).toString(),
  get: (target, key, self) => (key === "now" ? now : Reflect.get(target, key, self)),
});
RealDate.prototype.constructor = globalThis.Date;
let origin = null;
Object.defineProperty(performance, "now", {
  configurable: true, writable: true,
  value: () => (origin === null ? 0 : started.now - origin),
});

// Timers wait for the clock of the world: one request each, which is answered when its time has come.
const waiting = new Map();
let lastTimer = 1_000_000; // away from the numbers of the runtime's own timers

function sleep(ms, signal) {
  return tell("sleep", { ms }, { signal }).then((response) => response.text()).then((text) => setNow(Number(text)));
}

function timer(callback, ms, args, again) {
  const id = ++lastTimer;
  const abort = new AbortController();
  waiting.set(id, abort);
  const turn = () =>
    sleep(ms, abort.signal).then(
      () => {
        if (!waiting.has(id)) return;
        if (!again) waiting.delete(id);
        try {
          callback(...args);
        } finally {
          if (again && waiting.has(id)) turn();
        }
      },
      (error) => {
        waiting.delete(id);
        if (!abort.signal.aborted) throw error;
      },
    );
  turn();
  return id;
}

function clear(id) {
  const abort = waiting.get(id);
  if (abort === undefined) return realClearTimeout(id);
  waiting.delete(id);
  abort.abort();
}

globalThis.setTimeout = function setTimeout(callback, ms = 0, ...args) {
  const wait = Number(ms) || 0;
  if (typeof callback !== "function" || wait <= 0) return realSetTimeout(callback, 0, ...args);
  return timer(callback, wait, args, false);
};
globalThis.setInterval = function setInterval(callback, ms = 0, ...args) {
  return timer(callback, Math.max(1, Number(ms) || 0), args, true);
};
globalThis.clearTimeout = function clearTimeout(id) { clear(id); };
globalThis.clearInterval = function clearInterval(id) { clear(id); };
if (globalThis.scheduler) {
  globalThis.scheduler.wait = (ms, options) => sleep(Number(ms) || 0, options?.signal);
}

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

let current = null;

/** Called at every event; the first of a world seeds chance, with four 32-bit numbers. */
export function begin({ seed, start, world, now, values }) {
  started.now = now;
  globalThis[Symbol.for("edgelint.values")] = values; // of bindings that are no more than values
  if (current === world) return;
  const again = current !== null;
  current = world;
  state.set(seed);
  origin = start;
  if (again) return;
  const randomValues = crypto.getRandomValues;
  Math.random = () => (next() * 2 ** -32 + next() * 2 ** -64) % 1;
  Object.defineProperty(crypto, "getRandomValues", {
    configurable: true, writable: true,
    value: (array) => {
      randomValues.call(crypto, array); // refuses what it must
      const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
      for (let at = 0; at < bytes.length; at++) bytes[at] = next() >>> 24;
      return array;
    },
  });
  Object.defineProperty(crypto, "randomUUID", {
    configurable: true, writable: true,
    value: () => {
      const bytes = Array.from({ length: 16 }, () => next() >>> 24);
      bytes[6] = (bytes[6] & 0x0f) | 0x40;
      bytes[8] = (bytes[8] & 0x3f) | 0x80;
      const hex = bytes.map((byte) => byte.toString(16).padStart(2, "0")).join("");
      return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
    },
  });
}
