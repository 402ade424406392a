// A namespace of Durable Objects whose class is no JavaScript: ids are the runtime's own, of the same key, and what is
// asked of an object goes to the world (protocols/objects.py).
import { call, pipelined, reached } from "edgelint:calls";
import { fetching } from "edgelint:fetching";
import { holding } from "edgelint:holding";

const OWN = new Set(["id", "name", "constructor", "then", "catch", "finally", "toJSON"]);

/** A fetcher that says of which object it speaks. */
function speaking(fetcher, id) {
  const headers = { "x-edgelint-object-id": id.toString() };
  if (id.name !== undefined) headers["x-edgelint-object-name"] = encodeURIComponent(id.name);
  return {
    fetch(input, init) {
      const request = new Request(input, init);
      for (const [name, value] of Object.entries(headers)) request.headers.set(name, value);
      return fetcher.fetch(request);
    },
  };
}

function held(stub, fetcher) {
  const there = speaking(fetcher, stub.id);
  return new Proxy(stub, {
    get(target, key) {
      if (typeof key === "symbol" || OWN.has(key)) return target[key];
      if (key === "fetch") return fetching(there);
      if (key === "connect") {
        return () => {
          throw new Error("sockets to a Durable Object in Python are not supported");
        };
      }
      if (key === "dup") return () => held(target, fetcher);
      const member = async () => {
        throw new TypeError(`a Durable Object in Python has methods only: call ${key}()`);
      };
      return reached(member, (args) => pipelined(call(there, key, args)));
    },
  });
}

export default ({ namespace, fetcher }) => holding(namespace, (stub) => held(stub, fetcher));
