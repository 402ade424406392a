// Runs sequences of operations on the storage of Durable Objects, one object per sequence, and says what came of each.
// test_workerd.py makes the sequences and runs them on the fake.
import { DurableObject } from "cloudflare:workers";

function decode(value) {
  if (Array.isArray(value)) return value.map(decode);
  if (value === null || typeof value !== "object") return value;
  if ("$undefined" in value) return undefined;
  if ("$bytes" in value) return Uint8Array.from(value.$bytes);
  if ("$date" in value) return new Date(value.$date);
  if ("$number" in value) return Number(value.$number);
  if ("$function" in value) return () => 1;
  if ("$set" in value) return new Set(value.$set.map(decode));
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, decode(each)]));
}

function encode(value) {
  if (value === undefined) return { $undefined: true };
  if (value === null || typeof value === "string" || typeof value === "boolean") return value;
  if (typeof value === "number") return Number.isFinite(value) && !Object.is(value, -0) ? value : { $number: Object.is(value, -0) ? "-0" : String(value) };
  if (value instanceof ArrayBuffer) return { $bytes: Array.from(new Uint8Array(value)) };
  if (ArrayBuffer.isView(value)) return { $bytes: Array.from(value) };
  if (value instanceof Date) return { $date: value.getTime() };
  if (value instanceof Set) return { $set: Array.from(value, encode) };
  if (value instanceof Map) return { $pairs: Array.from(value, ([key, each]) => [key, encode(each)]) };
  if (Array.isArray(value)) return value.map(encode);
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, encode(each)]));
}

const refused = (error) => ({ error: { name: error?.name ?? "", message: String(error?.message ?? error) } });
const UNDO = "undo this";

export class Store extends DurableObject {
  async run(steps) {
    const answers = [];
    for (const step of steps) answers.push(await this.step(step, this.ctx.storage));
    return answers;
  }

  async step(step, storage) {
    try {
      return { ok: encode(await this.act(step, storage)) };
    } catch (error) {
      if (error === UNDO) throw error;
      return refused(error);
    }
  }

  stepNow(step) {
    try {
      return { ok: encode(this.actNow(step)) };
    } catch (error) {
      if (error === UNDO) throw error;
      return refused(error);
    }
  }

  async act([verb, ...given], storage) {
    const args = given.map(decode);
    switch (verb) {
      case "transaction": {
        const [end, steps] = given;
        const answers = [];
        try {
          await storage.transaction(async (txn) => {
            for (const step of steps) answers.push(await this.step(step, step[0] in txn ? txn : this.ctx.storage));
            if (end === "rollback") {
              txn.rollback();
              for (const step of [["get", "a"], ["put", "a", 1]]) answers.push(await this.step(step, txn));
            }
            if (end === "throw") throw UNDO;
          });
        } catch (error) {
          if (error !== UNDO) throw error;
        }
        return answers;
      }
      case "rollback":
        return storage.rollback();
      default:
        if (verb === "transactionSync" || typeof storage[verb] !== "function") return this.actNow([verb, ...given]);
        return await storage[verb](...args);
    }
  }

  actNow([verb, ...given]) {
    const args = given.map(decode);
    const { kv, sql } = this.ctx.storage;
    switch (verb) {
      case "transactionSync": {
        const [end, steps] = given;
        const answers = [];
        try {
          this.ctx.storage.transactionSync(() => {
            for (const step of steps) answers.push(this.stepNow(step));
            if (end === "throw") throw UNDO;
          });
        } catch (error) {
          if (error !== UNDO) throw error;
        }
        return answers;
      }
      case "kv.get":
        return kv.get(...args);
      case "kv.put":
        return kv.put(...args);
      case "kv.delete":
        return kv.delete(...args);
      case "kv.list":
        return [...kv.list(...args)];
      case "sql": {
        const cursor = sql.exec(...args);
        return { columns: cursor.columnNames, rows: [...cursor.raw()] };
      }
      case "sql.one":
        return sql.exec(...args).one();
      case "sql.objects":
        return sql.exec(...args).toArray();
      case "sql.counts": {
        const cursor = sql.exec(...args);
        cursor.toArray();
        return [cursor.rowsRead, cursor.rowsWritten];
      }
      case "databaseSize":
        return sql.databaseSize;
    }
    throw new Error(`no ${verb}`);
  }

  alarm() {}

  // Writes without waiting, and resets the object at once: nothing of it may be seen afterwards.
  abort(steps, reason) {
    for (const step of steps) this.step(step, this.ctx.storage);
    this.ctx.abort(reason);
  }

  block(message) {
    this.ctx.blockConcurrencyWhile(async () => {
      throw new TypeError(message);
    });
    return new Promise(() => {});
  }

  throws(name) {
    throw name === "TypeError" ? new TypeError("of the object") : name === "RangeError" ? new RangeError("of the object") : new Error("of the object");
  }

  memory(value) {
    const before = this.kept;
    this.kept = value;
    return before;
  }
}

async function answered(call) {
  try {
    return { ok: encode(await call()) };
  } catch (error) {
    return { error: { name: error.name, message: error.message, remote: !!error.remote, retryable: !!error.retryable, overloaded: !!error.overloaded } };
  }
}

export default {
  async fetch(request, env) {
    const outcomes = [];
    for (const [name, calls] of await request.json()) {
      const answers = [];
      for (const [method, ...args] of calls) {
        if (method === "id") answers.push(await answered(() => env.STORE.idFromName(args[0]).toString()));
        else if (method === "parse") answers.push(await answered(() => env.STORE.idFromString(args[0]).toString()));
        else answers.push(await answered(() => env.STORE.getByName(name)[method](...args)));
      }
      outcomes.push(answers);
    }
    return Response.json(outcomes);
  },
};
