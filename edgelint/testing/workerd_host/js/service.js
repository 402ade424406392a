// Another worker, or what answers for it. The world is asked first: a worker in this runtime is then reached as always,
// anything else through the world (protocols/services.py).
import { call, checked, pipelined, reached } from "edgelint:calls";
import { encode, encodeError } from "edgelint:codec";
import { fetching } from "edgelint:fetching";
import { here, PLACE } from "edgelint:place";

/** Arguments as the world keeps them; null for those that are more than values. */
function told(args) {
  try {
    return encode(args);
  } catch {
    return null;
  }
}

/** What passes the gate of the world around something that the runtime does. Calls that are made at once pass in their
 * order, as they arrive; those of another event are never waited for (its promises are its own). */
class Gate {
  #fetcher;
  #last = null;
  constructor(fetcher) { this.#fetcher = fetcher; }

  /** The number of the operation that began; null when the world itself answers. */
  enter(operation, at) {
    const ask = () => this.#ask("enter", operation, at);
    const entered = this.#last === null ? ask() : this.#last.then(ask);
    const last = entered.then(() => undefined, () => undefined);
    this.#last = last;
    queueMicrotask(() => {
      if (this.#last === last) this.#last = null;
    });
    return entered;
  }

  /** Do what the operation is, and tell how it went; the world may say otherwise. */
  async around(number, effect) {
    let result;
    try {
      result = await effect();
    } catch (error) {
      const { name, message } = Object(error);
      const told = { what: "crossed", error: { name: String(name), message: String(message) } };
      console.debug(`\0edgelint ${JSON.stringify(told)}`); // log.py: it was logged where it was thrown, and is ours now
      await this.#ask("leave", { number, error: encodeError(error) });
      throw error;
    }
    await this.#ask("leave", { number });
    return result;
  }

  async #ask(verb, told, at = "") {
    const init = { method: "POST", body: JSON.stringify(told), headers: { "x-edgelint-gate": verb, [PLACE]: at } };
    return (await checked(await this.#fetcher.fetch("http://edgelint/", init))).json();
  }
}

class Fetcher {
  #fetch;
  constructor(fetch) { this.#fetch = fetch; }
  fetch(input, init) { return this.#fetch(input, init); }
  connect() { throw new Error("sockets over a service binding are not supported"); }
}

export default ({ fetcher, target }) => {
  const gate = new Gate(fetcher);
  const throughWorld = fetching(fetcher);
  const enter = async (operation, at) => (target === undefined ? null : gate.enter(operation, at));
  const fetch = async (input, init) => {
    const request = new Request(input, init); // refuses what it must before anything else happens
    const at = here();
    const number = await enter({ verb: "fetch", url: request.url, method: request.method }, at);
    return number === null ? throughWorld(request, undefined, at) : gate.around(number, () => target.fetch(request));
  };
  const invoke = async (method, args) => {
    const at = here();
    const number = await enter({ verb: "call", method, args: told(args) }, at);
    return number === null ? call(fetcher, method, args, at) : gate.around(number, () => target[method](...args));
  };
  const member = async (key) => {
    const number = await enter({ verb: "call", method: key, args: null }, here());
    if (number === null) throw new TypeError(`what stands in for a service has methods only: call ${key}()`);
    return gate.around(number, () => target[key]);
  };
  return new Proxy(new Fetcher(fetch), {
    get(own, key) {
      if (key === "fetch" || key === "connect") return own[key].bind(own);
      if (key in own || typeof key === "symbol" || key === "then" || key === "toJSON") return own[key];
      return reached(() => member(key), (args) => pipelined(invoke(key, args)));
    },
  });
};
