// A KV namespace is the runtime's own. The runtime asks for a value in the same words with and without metadata: which
// of the two it was is said in the time to live, moved below all that a program would ask for (protocols/kv.py).
const NONE = -(2 ** 31);
const marked = new WeakSet();

function ttl(value) {
  if (value === undefined) return NONE;
  const whole = Math.trunc(Number(value)) || 0;
  return whole >= 0 && whole < 2 ** 30 ? NONE + 1 + whole : value;
}

function mark(prototype) {
  if (marked.has(prototype)) return;
  marked.add(prototype);
  const original = prototype.getWithMetadata;
  Object.defineProperty(prototype, "getWithMetadata", {
    configurable: true, enumerable: true, writable: true,
    value: {
      getWithMetadata(key, options) {
        const one = !Array.isArray(key); // several are asked for in words of their own
        if (one && options === undefined) return original.call(this, key, { cacheTtl: NONE });
        if (one && typeof options === "string") return original.call(this, key, { type: options, cacheTtl: NONE });
        if (one && typeof options === "object" && options !== null) {
          return original.call(this, key, { type: options.type, cacheTtl: ttl(options.cacheTtl) });
        }
        return original.apply(this, arguments);
      },
    }.getWithMetadata,
  });
}

export default ({ namespace }) => {
  mark(Object.getPrototypeOf(namespace));
  return namespace;
};
