// Durable Objects: the alarm is the world's, and a test may look inside.
import { decode, encode, encodeError } from "./codec.js";
import { tell } from "./prelude.js";
import { invoke } from "./rpc.js";

const LOOK = "x-edgelint-object";
const LOST = "edgelint: lost"; // web_sockets.py

function define(target, members) {
  for (const [name, value] of Object.entries(members)) {
    Object.defineProperty(target, name, { configurable: true, writable: true, value });
  }
}

/** Alarms wait for the clock of the world: the runtime's own would fire by the real one. */
function virtualAlarm(ctx, className) {
  const { storage } = ctx;
  const id = ctx.id.toString();
  let open = null; // the transaction that is open: what it says of the alarm, and the one around it

  // As what the runtime does with its storage: no other event begins in the object meanwhile.
  const ask = (verb, when) => ctx.blockConcurrencyWhile(async () => {
    const response = await tell("alarm", { class: className, id, name: ctx.id.name ?? null, verb, when });
    return response.json();
  });
  const set = async (when) => {
    if (open !== null) open.when = when;
    else await ask("set", when);
  };
  const alarm = {
    async setAlarm(when) {
      const at = Number(when);
      if (Number.isNaN(at)) throw new TypeError("setAlarm() cannot be called with an invalid alarm time.");
      await set(at);
    },
    async getAlarm() {
      for (let at = open; at !== null; at = at.around) {
        if (at.when !== undefined) return at.when;
      }
      return ask("get");
    },
    deleteAlarm: () => set(null),
  };
  /** What a transaction says holds when it is over: for the one around it, or for the world. */
  const commit = ({ when, around }) => {
    open = around;
    return when === undefined ? undefined : set(when);
  };
  const { deleteAll, transaction, transactionSync } = storage;
  define(storage, {
    ...alarm,
    async deleteAll(options) {
      await deleteAll.call(storage, options);
      await ask("deleteAll");
    },
    async transaction(work) {
      const mine = { when: undefined, around: open };
      let result;
      try {
        result = await transaction.call(storage, async (inner) => {
          open = mine;
          const { rollback } = inner;
          define(inner, { ...alarm, rollback() { mine.when = undefined; rollback.call(inner); } });
          return work(inner);
        });
      } catch (error) {
        open = mine.around;
        throw error;
      }
      await commit(mine);
      return result;
    },
  });
  if (typeof transactionSync !== "function") return; // not backed by SQLite
  define(storage, {
    transactionSync(work) {
      const mine = { when: undefined, around: open };
      open = mine;
      let result;
      try {
        result = transactionSync.call(storage, work);
      } catch (error) {
        open = mine.around;
        throw error;
      }
      const told = commit(mine);
      if (told !== undefined) ctx.waitUntil(told);
      return result;
    },
  });
}

const looking = new Set(); // objects of which the world wants to know whether they are there

/** What the world sees in place of an object that was not in memory: the app's class is not constructed for it. */
function absent() {
  return {
    async fetch(request) {
      if (request.headers.get(LOOK) === null) throw new Error("the test looked whether this object is in memory");
      return Response.json(encode(false));
    },
  };
}

/** An object is about to be looked at. */
export function look({ name, id }) {
  looking.add(`${name} ${id}`);
}

/** The app's class ``Base``, exported as ``name``, with the world's hands on it. */
export function object(Base, name) {
  if (typeof Base !== "function") throw new TypeError(`${name} is no class`);
  return class extends Base {
    #ctx;
    #env;
    #fetch;
    constructor(ctx, env) {
      if (looking.delete(`${name} ${ctx.id}`)) return absent();
      virtualAlarm(ctx, name);
      super(ctx, env);
      this.#ctx = ctx;
      this.#env = env;
      this.#fetch = super.fetch;
      if (Object.hasOwn(this, "fetch")) { // a class field
        this.#fetch = this.fetch;
        delete this.fetch;
      }
    }

    async fetch(request) {
      const look = request.headers.get(LOOK);
      if (look === null) return this.#serve(request);
      const { verb } = JSON.parse(look);
      try {
        if (verb === "fetch") {
          const headers = new Headers(request.headers);
          headers.delete(LOOK);
          return await this.#serve(new Request(request, { headers }));
        }
        return Response.json(encode(await this.#look(verb, decode(await request.json())), "the result"));
      } catch (error) {
        return Response.json(encodeError(error), { status: 500, headers: { "x-edgelint-result": '{"failed":true}' } });
      }
    }

    #serve(request) {
      if (typeof this.#fetch !== "function") throw new TypeError("Handler does not export a fetch() function.");
      return this.#fetch.call(this, request);
    }

    async #look(verb, args) {
      const { storage } = this.#ctx;
      switch (verb) {
        case "alarm":
          if (typeof this.alarm !== "function") return false;
          await this.alarm({ retryCount: args[0], isRetry: args[1], scheduledTime: args[2] });
          return true;
        case "call":
          return invoke(this, true, ...args, this.#env, this.#ctx);
        case "get":
        case "put":
        case "delete":
        case "list":
          return storage[verb](...args);
        case "memory":
          looking.delete(`${name} ${this.#ctx.id}`);
          return true;
        case "sockets":
          return this.#ctx.getWebSockets().map((socket) => ({
            tags: this.#ctx.getTags(socket), attachment: socket.deserializeAttachment(), readyState: socket.readyState,
          }));
        case "lose":
          for (const socket of this.#ctx.getWebSockets()) socket.close(4999, LOST);
          return true;
        case "sql": {
          const cursor = storage.sql.exec(...args);
          return { columns: cursor.columnNames, rows: [...cursor.raw()] };
        }
        default:
          throw new Error(`no such verb: ${verb}`);
      }
    }
  };
}
