// Calls of methods in Python: protocols/calls.py is the other half.
import { decode, decodeError, encode } from "edgelint:codec";
import { here, PLACE } from "edgelint:place";

/** A response of the world; throws what it says is to be thrown. */
export async function thrown(response) {
  if (response.headers.has("x-edgelint-error")) throw decodeError(await response.json());
  return response;
}

/** The same for an answer to us: what server.py itself answers is thrown too. */
export async function checked(response) {
  await thrown(response);
  const failed = response.status === 500 && response.headers.get("content-type") === "text/plain";
  if (failed) throw new Error(await response.text());
  return response;
}

/** Make a fetcher, which one of the runtime's own bindings is made of, throw what the world wants thrown. ``more`` are
 * headers to add. */
export function checking(fetcher, more = () => ({})) {
  const fetch = fetcher.fetch;
  const send = async (input, init) => {
    const headers = new Headers(init?.headers);
    headers.set(PLACE, here());
    for (const [name, value] of Object.entries(more())) headers.set(name, value);
    return checked(await fetch.call(fetcher, input, { ...init, headers }));
  };
  Object.defineProperty(fetcher, "fetch", { value: send });
  return fetcher;
}

/** Call a method of what is behind ``fetcher``; ``at`` is where the app does. */
export async function call(fetcher, method, args, at = here()) {
  const body = JSON.stringify(encode(args, "arguments"));
  const response = await fetcher.fetch(`http://edgelint/${encodeURIComponent(method)}`, { method: "POST", body, headers: { [PLACE]: at } });
  return decode(await (await checked(response)).json());
}

/** A promise whose members can be asked for and called before it is there, as what the runtime's RPC gives. */
export function pipelined(promise) {
  return new Proxy(promise, {
    get(target, key) {
      if (key === "then" || key === "catch" || key === "finally") return target[key].bind(target);
      if (typeof key === "symbol") return undefined;
      return member(target, key);
    },
  });
}

function member(promise, key) {
  return reached(
    () => promise.then((target) => target[key]),
    (args) => pipelined(promise.then((target) => target[key](...args))),
  );
}

/** A member that can be called, awaited, or asked further. ``get`` gives a promise of it, ``apply`` calls it. */
export function reached(get, apply) {
  return new Proxy(function () {}, {
    get(_, key) {
      if (typeof key === "symbol") return undefined;
      const value = get();
      if (key === "then" || key === "catch" || key === "finally") return value[key].bind(value);
      return member(value, key);
    },
    apply: (_, self, args) => apply(args),
  });
}
