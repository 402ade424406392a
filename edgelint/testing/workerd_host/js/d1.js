// A D1 database is the runtime's own. What it asks the service does not say which method asked: that is added to it
// (protocols/d1.py), and so is the form that the compatibility flag d1_binding_jsrpc wants, which HTTP has not.
import makeBinding from "cloudflare-internal:d1-api";
import { checking } from "edgelint:calls";
import { here, PLACE } from "edgelint:place";

let verb = null; // of the call that is being made: a request is sent before the first await
let place = "";

function named(target, method, say) {
  const original = target[method];
  Object.defineProperty(target, method, {
    configurable: true, writable: true,
    value: {
      [method](...args) {
        verb = say ?? method;
        place = here();
        try {
          return original.apply(this, args);
        } finally {
          verb = null;
        }
      },
    }[method],
  });
}

const marked = new WeakSet();

function mark(prototype, methods) {
  if (marked.has(prototype)) return;
  marked.add(prototype);
  for (const method of methods) named(prototype, method);
}

export default ({ fetcher }) => {
  checking(fetcher, () => ({ "x-edgelint-verb": verb ?? "query", [PLACE]: place }));
  Object.defineProperty(fetcher, "query", {
    async value({ queries, bookmark }) {
      const headers = bookmark === undefined ? {} : { "x-cf-d1-session-commit-token": bookmark };
      const response = await fetcher.fetch("http://d1/rpc", { method: "POST", headers, body: JSON.stringify(queries) });
      const answer = await response.json();
      if ("error" in answer) return { success: false, error: new Error(answer.error) };
      return { success: true, results: answer };
    },
  });
  const database = makeBinding({ fetcher });
  mark(Object.getPrototypeOf(database), ["batch", "exec"]);
  mark(Object.getPrototypeOf(database.withSession()), ["batch"]);
  mark(Object.getPrototypeOf(database.prepare("")), ["first", "all", "raw", "run"]);
  return database;
};
