// A namespace of Durable Objects whose calls pass the gate of the world before they go to the runtime's own.
import { holding } from "edgelint:holding";
import { here, PLACE } from "edgelint:place";

/** What is under ``key`` of something that is still to come: it can be awaited, called, or asked further, as what the
 * runtime's RPC promises have. */
function method(promise, key) {
  return new Proxy(function () {}, {
    get(_, inner) {
      if (typeof inner === "symbol") return undefined;
      const value = promise.then((target) => target[key]);
      if (inner === "then" || inner === "catch" || inner === "finally") return value[inner].bind(value);
      return method(value, inner);
    },
    apply: (_, self, args) => result(promise.then((target) => target[key](...args))),
  });
}

/** What a call gives: a promise whose members can be called before it is there. */
function result(promise) {
  return new Proxy(promise, {
    get(target, key) {
      if (key === "then" || key === "catch" || key === "finally") return target[key].bind(target);
      if (typeof key === "symbol") return target[key];
      return method(target, key);
    },
  });
}

/** Tell (log.py) that an error of an object is its caller's from here on: it was logged where it was thrown. */
function crossing(promise) {
  return promise.then((value) => value, (error) => {
    const { name, message } = Object(error);
    const told = { what: "crossed", error: { name: String(name), message: String(message) } };
    console.debug(`\0edgelint ${JSON.stringify(told)}`);
    throw error;
  });
}

const OWN = new Set(["id", "name", "constructor", "then", "catch", "finally", "toJSON"]);

function held(stub, gate) {
  let last = Promise.resolve(); // calls on one stub arrive in the order in which they were made
  const pass = (verb, method) => {
    const at = here();
    const asked = last.then(async () => {
      const response = await gate.fetch("http://gate/", {
        method: "POST",
        headers: { [PLACE]: at },
        body: JSON.stringify({ verb, id: stub.id.toString(), name: stub.id.name ?? null, method }),
      });
      if (response.ok) return;
      const { message, name, ...flags } = await response.json();
      const made = name === "TypeError" ? new TypeError(message) : new Error(message);
      throw Object.assign(made, flags);
    });
    last = asked.catch(() => undefined);
    return asked;
  };
  return new Proxy(stub, {
    get(target, key) {
      if (typeof key === "symbol" || OWN.has(key)) return target[key];
      if (key === "fetch") {
        return async (...args) => {
          const request = new Request(...args); // refuses what it must before anything else happens
          await pass("fetch", request.url);
          return crossing(target.fetch(request));
        };
      }
      if (key === "connect" || key === "dup") return target[key]?.bind(target);
      return new Proxy(function () {}, {
        get(_, inner) {
          if (typeof inner === "symbol") return undefined;
          const value = crossing(pass("call", key).then(() => target[key]));
          if (inner === "then" || inner === "catch" || inner === "finally") return value[inner].bind(value);
          return method(value, inner);
        },
        apply: (_, self, args) => result(crossing(pass("call", key).then(() => target[key](...args)))),
      });
    },
  });
}

export default ({ namespace, gate }) => holding(namespace, (stub) => held(stub, gate));
