// Another worker, or what answers for it: everything goes through the world, which says who is behind it.
import { call, pipelined, thrown } from "edgelint:calls";

/** ``fetch`` of what is behind a fetcher. The way there keeps neither the scheme nor ``cf``. */
export function fetching(fetcher) {
  return async function fetch(input, init) {
    const request = new Request(input, init);
    request.headers.set("x-edgelint-scheme", new URL(request.url).protocol.slice(0, -1));
    if (request.cf !== undefined) request.headers.set("x-edgelint-cf", JSON.stringify(request.cf));
    return thrown(await fetcher.fetch(request));
  };
}

class Fetcher {
  constructor(fetcher) { this.fetch = fetching(fetcher); }
  connect() { throw new Error("sockets over a service binding are not supported"); }
}

export default ({ fetcher }) =>
  new Proxy(new Fetcher(fetcher), {
    get(target, key) {
      if (key in target || typeof key === "symbol" || key === "then" || key === "toJSON") return target[key];
      return (...args) => pipelined(call(fetcher, key, args));
    },
  });
