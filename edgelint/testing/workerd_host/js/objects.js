// Durable Objects: the alarm is the world's, and a test may look inside.
import { decode, encode, encodeError } from "./codec.js";
import { begin, tell } from "./prelude.js";

/** Methods that are no RPC (workerd: src/workerd/api/worker-rpc.c++). */
const RESERVED = new Set([
  "alarm", "connect", "constructor", "dup", "fetch", "webSocketClose", "webSocketError", "webSocketMessage",
]);
const LOOK = "x-edgelint-object";

/** Alarms wait for the clock of the world: the runtime's own would fire by the real one. */
function virtualAlarm(ctx, name) {
  const id = ctx.id.toString();
  const ask = async (verb, when) => {
    const response = await tell("alarm", { class: name, id, name: ctx.id.name ?? null, verb, when });
    return response.json();
  };
  const verbs = {
    setAlarm(when) {
      const at = Number(when);
      if (Number.isNaN(at)) throw new TypeError("setAlarm() cannot be called with an invalid time");
      return ask("set", at).then(() => undefined);
    },
    getAlarm: () => ask("get"),
    deleteAlarm: () => ask("delete").then(() => undefined),
  };
  for (const [verb, value] of Object.entries(verbs)) {
    Object.defineProperty(ctx.storage, verb, { configurable: true, writable: true, value });
  }
  const deleteAll = ctx.storage.deleteAll;
  Object.defineProperty(ctx.storage, "deleteAll", {
    configurable: true, writable: true,
    value: (options) => deleteAll.call(ctx.storage, options).then(() => ask("deleteAll")).then(() => undefined),
  });
}

/** The app's class ``Base``, exported as ``name``, with the world's hands on it. */
export function object(Base, name) {
  if (typeof Base !== "function") throw new TypeError(`${name} is no class`);
  return class extends Base {
    #ctx;
    constructor(ctx, env) {
      virtualAlarm(ctx, name);
      super(ctx, env);
      this.#ctx = ctx;
    }

    async fetch(request) {
      const look = request.headers.get(LOOK);
      if (look === null) {
        if (typeof super.fetch !== "function") throw new TypeError("Handler does not export a fetch() function.");
        return super.fetch(request);
      }
      const event = JSON.parse(look);
      begin(event);
      try {
        if (event.verb === "fetch") {
          if (typeof super.fetch !== "function") throw new TypeError("Handler does not export a fetch() function.");
          const headers = new Headers(request.headers);
          headers.delete(LOOK);
          return await super.fetch(new Request(request, { headers }));
        }
        return Response.json(encode(await this.#look(event.verb, decode(await request.json()))));
      } catch (error) {
        return Response.json(encodeError(error), { status: 500, headers: { "x-edgelint-result": '{"failed":true}' } });
      }
    }

    #call(method, args) {
      if (RESERVED.has(method)) throw new TypeError(`'${method}' is a reserved method and cannot be called over RPC.`);
      if (typeof Base.prototype[method] !== "function") {
        throw new TypeError(`The RPC receiver does not implement the method "${method}".`);
      }
      return this[method](...args);
    }

    async #look(verb, args) {
      const storage = this.#ctx.storage;
      switch (verb) {
        case "alarm":
          if (typeof super.alarm !== "function") return false;
          await super.alarm({ retryCount: args[0], isRetry: args[1], scheduledTime: args[2] });
          return true;
        case "sql": {
          const cursor = storage.sql.exec(...args);
          return { columns: cursor.columnNames, rows: [...cursor.raw()] };
        }
        case "call":
          return await this.#call(...args);
        case "get":
        case "put":
        case "delete":
        case "list":
          return await storage[verb](...args);
        case "wake":
          return true;
        case "sockets":
          return this.#ctx.getWebSockets().length;
        default:
          throw new Error(`no such verb: ${verb}`);
      }
    }
  };
}
