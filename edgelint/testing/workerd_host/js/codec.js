// Values as JSON, for what plain JSON cannot say: the form is described in protocols/codec.py.
const FLAGS = ["remote", "retryable", "overloaded"];
const CLASSES = { Error, TypeError, RangeError, SyntaxError, ReferenceError, URIError, EvalError };
const VIEWS = { DataView };
for (const name of [
  "Uint8Array", "Int8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array", "Uint32Array",
  "Float16Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array",
]) {
  if (name in globalThis) VIEWS[name] = globalThis[name];
}
const SPECIAL = { NaN, Infinity, "-Infinity": -Infinity, "-0": -0 };
const objectText = Object.prototype.toString;
const isError = Error.isError ?? ((value) => value instanceof Error);

function refusal(message) {
  return new DOMException(message, "DataCloneError");
}

/** What V8 and workerd say of a value that is not cloned. */
function notCloneable(value) {
  if (typeof value !== "object") return refusal(`${String(value)} could not be cloned.`);
  const name = value.constructor?.name || objectText.call(value).slice(8, -1);
  return refusal(`Could not serialize object of type "${name}". This type does not support serialization.`);
}

const CROSSING = {
  ReadableStream: "a ReadableStream", WritableStream: "a WritableStream", Request: "a Request", Response: "a Response",
  Headers: "a Headers object", AbortSignal: "an AbortSignal", RpcStub: "an RpcStub", RpcPromise: "an RpcPromise",
  RpcProperty: "an RpcProperty", Fetcher: "a Fetcher",
};

/** What the runtime's own RPC would carry, and this does not; undefined for what is refused there as well. */
function kindOf(value) {
  if (typeof value === "function") return "a function";
  if (typeof value !== "object") return undefined;
  for (let up = Object.getPrototypeOf(value); up !== null; up = Object.getPrototypeOf(up)) {
    if (Object.hasOwn(up, "constructor") && up.constructor.name === "RpcTarget") return "an RpcTarget";
  }
  return CROSSING[objectText.call(value).slice(8, -1)];
}

function shownKey(of) {
  if (typeof of === "string") return JSON.stringify(of);
  return typeof of === "object" ? objectText.call(of) : String(of);
}

/** The way from a value to one that is in it: "[0].body"; undefined where it is not. */
function way(value, target, seen = new Set()) {
  if (value === target) return "";
  if (typeof value !== "object" || value === null || seen.has(value)) return undefined;
  seen.add(value);
  let inside = [];
  if (Array.isArray(value)) inside = value.map((item, at) => [`[${at}]`, item]);
  else if (value instanceof Set) inside = [...value].map((item) => [" (in a Set)", item]);
  else if (value instanceof Map) {
    inside = [...value].flatMap(([of, item]) => [[" (a key of a Map)", of], [`.get(${shownKey(of)})`, item]]);
  } else inside = Object.keys(value).map((of) => [/^[\w$]+$/.test(of) ? `.${of}` : `[${shownKey(of)}]`, value[of]]);
  for (const [step, item] of inside) {
    const rest = way(item, target, seen);
    if (rest !== undefined) return step + rest;
  }
  return undefined;
}

class Refused {
  constructor(value) { this.value = value; }
}

/** A value as JSON. Throws a DataCloneError for what does not cross; ``root`` is what it calls the value. */
export function encode(value, root = "the value") {
  try {
    return encoded(value, new Map());
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const kind = kindOf(error.value);
    if (kind === undefined) throw notCloneable(error.value);
    throw refusal(
      `${root}${way(value, error.value)} is ${kind}, which does not cross here: only values do, no functions, streams, ` +
        "stubs, requests or responses",
    );
  }
}

function encoded(value, seen) {
  switch (typeof value) {
    case "string": case "boolean": return value;
    case "undefined": return ["u"];
    case "bigint": return ["i", String(value)];
    case "number":
      return Number.isFinite(value) && !Object.is(value, -0) ? value : ["n", Object.is(value, -0) ? "-0" : String(value)];
    case "object": return value === null ? null : object(value, seen);
    default: throw new Refused(value);
  }
}

function object(value, seen) {
  if (value instanceof ArrayBuffer) return ["b", "ArrayBuffer", base64(new Uint8Array(value))];
  if (ArrayBuffer.isView(value)) {
    const kind = Object.keys(VIEWS).find((name) => value instanceof VIEWS[name]);
    return ["b", kind, base64(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))];
  }
  if (isError(value) || value instanceof DOMException) return ["e", encodeError(value)];
  switch (objectText.call(value)) {
    case "[object Date]": return ["d", Number.isNaN(value.getTime()) ? null : value.getTime()];
    case "[object RegExp]": return ["x", value.source, value.flags];
  }
  const tag = container(value);
  if (seen.has(value)) return ["r", seen.get(value)];
  seen.set(value, seen.size);
  const form = [tag];
  if (tag === "o") {
    for (const key of Object.keys(value)) form.push(key, encoded(value[key], seen));
  } else if (tag === "m") {
    for (const [key, item] of value) form.push(encoded(key, seen), encoded(item, seen));
  } else {
    for (const item of value) form.push(encoded(item, seen));
  }
  return form;
}

function container(value) {
  if (Array.isArray(value)) return "a";
  if (value instanceof Map) return "m";
  if (value instanceof Set) return "s";
  const prototype = Object.getPrototypeOf(value);
  if (prototype === null || prototype === Object.prototype) return "o";
  throw new Refused(value);
}

/** The value of what either half encoded. */
export function decode(form) {
  return decoded(form, []);
}

function decoded(form, made) {
  if (!Array.isArray(form)) return form;
  const [tag, first, second] = form;
  switch (tag) {
    case "u": return undefined;
    case "n": return SPECIAL[first];
    case "i": return BigInt(first);
    case "d": return new Date(first ?? NaN);
    case "b": return bytes(first, second);
    case "x": return new RegExp(first, second);
    case "e": return decodeError(first);
    case "r": return made[first];
    case "a": {
      const items = [];
      made.push(items);
      for (let at = 1; at < form.length; at++) items.push(decoded(form[at], made));
      return items;
    }
    case "o": {
      const found = {};
      made.push(found);
      for (let at = 1; at < form.length; at += 2) {
        const property = { value: decoded(form[at + 1], made), configurable: true, enumerable: true, writable: true };
        Object.defineProperty(found, form[at], property); // "__proto__" is a key like any other
      }
      return found;
    }
    case "m": {
      const found = new Map();
      made.push(found);
      for (let at = 1; at < form.length; at += 2) found.set(decoded(form[at], made), decoded(form[at + 1], made));
      return found;
    }
    case "s": {
      const found = new Set();
      made.push(found);
      for (let at = 1; at < form.length; at++) found.add(decoded(form[at], made));
      return found;
    }
    default: throw new Error(`no such tag: ${tag}`);
  }
}

function bytes(kind, text) {
  const binary = atob(text);
  const content = new Uint8Array(binary.length);
  for (let at = 0; at < binary.length; at++) content[at] = binary.charCodeAt(at);
  if (kind === "Uint8Array") return content;
  return kind === "ArrayBuffer" ? content.buffer : new VIEWS[kind](content.buffer);
}

function base64(content) {
  const parts = [];
  const step = 0x8000; // String.fromCharCode takes so many arguments on every engine
  for (let at = 0; at < content.length; at += step) {
    parts.push(String.fromCharCode(...content.subarray(at, at + step)));
  }
  return btoa(parts.join(""));
}

/** What was thrown, as an object: something that is no error is an Error with its text, as it is when it crosses. */
export function encodeError(error) {
  if (typeof error !== "object" || error === null || !(isError(error) || error instanceof DOMException)) {
    let message;
    try {
      message = String(error);
    } catch {
      message = objectText.call(error);
    }
    return { name: "Error", message };
  }
  const form = { name: String(error.name), message: String(error.message) };
  if (typeof error.stack === "string") form.stack = error.stack;
  if (typeof error.code === "number") form.code = error.code;
  if (error.cause !== undefined) form.cause = cause(error.cause);
  for (const flag of FLAGS) {
    if (error[flag] === true) form[flag] = true;
  }
  return form;
}

let depth = 0; // a cause may be its own

function cause(value) {
  if (depth > 8) return null;
  depth++;
  try {
    return encode(value);
  } catch {
    return String(value?.name ?? typeof value);
  } finally {
    depth--;
  }
}

/** The error of an object: of its own class where that is one of the language or a DOMException. */
export function decodeError({ name, message, stack, code, cause, ...flags }) {
  const options = cause === undefined ? undefined : { cause: decode(cause) };
  let error;
  if (name in CLASSES) {
    error = new CLASSES[name](message, options);
  } else if (code > 0 && new DOMException("", name).code === code) {
    error = new DOMException(message, name);
  } else {
    error = Object.defineProperty(new Error(message, options), "name", { value: name, configurable: true, writable: true });
  }
  if (typeof code === "number" && error.code !== code) error.code = code;
  if (stack !== undefined) Object.defineProperty(error, "stack", { value: stack, configurable: true, writable: true });
  for (const flag of FLAGS) {
    if (flags[flag] === true) error[flag] = true;
  }
  return error;
}
