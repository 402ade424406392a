// Runs cases on the SQLite of Durable Objects, one fresh object per case, and says what came of each. D1 stands on the
// same storage.sql; a query, a batch and a migration are each one transactionSync there.
import { DurableObject } from "cloudflare:workers";

const SCHEMA = `SELECT type, name, tbl_name, sql FROM sqlite_schema
  WHERE name NOT LIKE '\\_cf\\_%' ESCAPE '\\' ORDER BY type, name`;
const TABLES = `SELECT name FROM pragma_table_list WHERE schema = 'main' AND type IN ('table', 'virtual')
  AND name NOT LIKE '\\_cf\\_%' ESCAPE '\\' AND name NOT LIKE 'sqlite_schema%' ORDER BY name`;

// JSON has no BLOB, no infinity and no negative zero; the tests' Python side decodes the same.
function encode(value) {
  if (value instanceof ArrayBuffer) {
    return { blob: Array.from(new Uint8Array(value), (byte) => byte.toString(16).padStart(2, "0")).join("") };
  }
  if (typeof value === "number" && (!Number.isFinite(value) || Object.is(value, -0))) {
    return { real: Object.is(value, -0) ? "-0.0" : String(value) };
  }
  return value;
}

function decode(value) {
  if (value !== null && typeof value === "object") {
    if ("blob" in value) return new Uint8Array((value.blob.match(/../g) ?? []).map((byte) => parseInt(byte, 16))).buffer;
    return Number(value.real);
  }
  return typeof value === "boolean" ? Number(value) : value; // as D1's bind() does
}

// Exact, with the type: a text of one value, also of an integer that no JavaScript number holds.
const shown = (column) => `iif(length(${column}) > 2000, typeof(${column}) || length(${column}), quote(${column}))`;
const quoted = (name) => `"${name.replaceAll('"', '""')}"`;

export class Store extends DurableObject {
  query(sql, params = []) {
    const cursor = this.ctx.storage.sql.exec(sql, ...params.map(decode));
    return { columns: cursor.columnNames, rows: [...cursor.raw()].map((row) => row.map(encode)) };
  }

  run({ sql, params }) {
    const before = this.query("SELECT total_changes()").rows[0][0];
    const answer = this.query(sql, params);
    const [after, last] = this.query("SELECT total_changes(), last_insert_rowid()").rows[0];
    return { ...answer, changes: after - before, last };
  }

  // All statements in one transaction: the answers of all, or the refusal of one (of none: index null).
  transaction(statements) {
    const results = [];
    let done = false;
    try {
      this.ctx.storage.transactionSync(() => {
        for (const statement of statements) results.push(this.run(statement));
        done = true;
      });
    } catch (error) {
      return { refused: String(error.message), index: done ? null : results.length };
    }
    return { results };
  }

  // A case: {setup: [[statement]], run: [statement], asked: {name: sql}}; a statement: {sql, params}. What is asked
  // besides is bound like the statement that ran.
  async outcome({ setup, run, asked }) {
    for (const statements of setup) {
      const made = this.transaction(statements);
      if (made.refused !== undefined) return { setup: made };
      await this.ctx.storage.sync();
    }
    const answer = this.transaction(run);
    await this.ctx.storage.sync();
    const answered = {};
    for (const [name, sql] of Object.entries(asked)) answered[name] = this.ask(sql, run[0].params);
    return { ...answer, asked: answered, state: this.state() };
  }

  // A query on its own, or the text of its refusal: for questions beside the case.
  ask(sql, params) {
    try {
      return this.query(sql, params);
    } catch (error) {
      return { refused: String(error.message) };
    }
  }

  // What the database holds: the schema's texts, and every row of every table.
  state() {
    const tables = {};
    for (const [name] of this.query(TABLES).rows) {
      const columns = this.query("SELECT name FROM pragma_table_xinfo(?) WHERE hidden <> 1", [name]).rows.flat();
      const values = columns.map((column) => shown(quoted(column)));
      const held = this.ask(`SELECT ${values.join(", ")} FROM ${quoted(name)}`);
      tables[name] = held.rows ?? held.refused;
    }
    return { schema: this.query(SCHEMA).rows, tables };
  }
}

// Steps: [[statement]], each a transaction of its own; the next is taken whatever came of the one before.
async function steps(namespace, given) {
  const id = namespace.newUniqueId();
  const answers = [];
  for (const statements of given) {
    try {
      answers.push(await namespace.get(id).transaction(statements));
    } catch (error) {
      if (error instanceof TypeError) throw error;
      answers.push({ refused: String(error.message), index: null });
    }
  }
  return { answers, state: await namespace.get(id).state() };
}

// One call per case: each transaction is committed before the next begins. A commit that fails resets the object, and
// the call is the one that says so.
async function outcome(namespace, each) {
  const id = namespace.newUniqueId();
  try {
    return await namespace.get(id).outcome(each);
  } catch (error) {
    if (error instanceof TypeError) throw error; // a fault of this file
    return { refused: String(error.message), index: null, state: await namespace.get(id).state() };
  }
}

export default {
  async fetch(request, env) {
    const outcomes = [];
    for (const each of await request.json()) {
      outcomes.push(await (each.steps ? steps(env.STORE, each.steps) : outcome(env.STORE, each)));
    }
    return Response.json(outcomes);
  },
};
