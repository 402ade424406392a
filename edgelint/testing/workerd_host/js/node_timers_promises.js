// node:timers/promises in place of the runtime's own, which took the real clock's functions before anything else ran.
import process from "node:process";
import { setImmediate as immediately, timers } from "../edgelint/prelude.js";

const real = process.getBuiltinModule("node:timers/promises");
const virtual = timers(true);

function aborted(signal) {
  const error = new Error("The operation was aborted", { cause: signal.reason });
  return Object.assign(error, { name: "AbortError", code: "ABORT_ERR" });
}

export function setTimeout(delay = 1, value, { signal } = {}) {
  if (signal?.aborted) return Promise.reject(aborted(signal));
  return new Promise((resolve, reject) => {
    const cancel = () => {
      virtual.clearTimeout(timer);
      reject(aborted(signal));
    };
    const timer = virtual.setTimeout(() => {
      signal?.removeEventListener("abort", cancel);
      resolve(value);
    }, Math.max(1, delay));
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

export async function* setInterval(delay = 1, value, options) {
  while (true) yield await setTimeout(delay, value, options);
}

export function setImmediate(value, { signal } = {}) {
  if (signal?.aborted) return Promise.reject(aborted(signal));
  return new Promise((resolve, reject) => {
    const cancel = () => {
      clearImmediate(timer);
      reject(aborted(signal));
    };
    const timer = immediately(() => {
      signal?.removeEventListener("abort", cancel);
      resolve(value);
    });
    signal?.addEventListener("abort", cancel, { once: true });
  });
}

export const { scheduler } = real; // it is the global one, at the time of the call
export default { ...real, setTimeout, setInterval, setImmediate };
