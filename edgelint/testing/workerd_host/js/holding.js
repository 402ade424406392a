// A namespace of Durable Objects whose stubs are others than the runtime's own.

/** ``namespace`` with what ``held`` makes of each stub that it gives, within a jurisdiction too. */
export function holding(namespace, held) {
  return new Proxy(namespace, {
    get(target, key) {
      if (key === "get" || key === "getByName" || key === "getExisting") return (...args) => held(target[key](...args));
      if (key === "jurisdiction") return (...args) => holding(target.jurisdiction(...args), held);
      const value = target[key];
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}
