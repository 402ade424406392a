// A binding that is no more than values: those that the world told last (protocols/values.py).
const TOLD = Symbol.for("edgelint.values");

export default ({ name, fields, refused }) => {
  const told = (field) => {
    const values = globalThis[TOLD]?.[name];
    if (values === undefined) throw new Error(`${name} has no values before the first event`);
    if (values.error !== undefined) throw new Error(values.error);
    return values[field];
  };
  const made = {};
  for (const field of fields) {
    Object.defineProperty(made, field, { configurable: true, enumerable: true, get: () => told(field) });
  }
  if (refused !== "") {
    const method = refused.slice(0, refused.indexOf(":"));
    const value = () => { throw new Error(refused.slice(method.length + 2)); };
    Object.defineProperty(made, method, { configurable: true, value });
  }
  // The runtime looks through every binding for what can be in process.env, also before there is anything.
  return new Proxy(made, {
    ownKeys(target) {
      const values = globalThis[TOLD]?.[name];
      return values === undefined || values.error !== undefined ? [] : Reflect.ownKeys(target);
    },
  });
};
