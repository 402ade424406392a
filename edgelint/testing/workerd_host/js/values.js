// A binding that is no more than values: those that the world told last (protocols/values.py).
const TOLD = Symbol.for("edgelint.values");

export default ({ name, fields, refused }) => {
  const value = (field) => {
    const told = globalThis[TOLD]?.[name];
    if (told === undefined) throw new Error(`${name} has no values before the first event`);
    if (told.error !== undefined) throw new Error(told.error);
    return told[field];
  };
  const made = {};
  for (const field of fields) {
    Object.defineProperty(made, field, { configurable: true, enumerable: true, get: () => value(field) });
  }
  if (refused !== "") {
    const method = refused.slice(0, refused.indexOf(":"));
    Object.defineProperty(made, method, { value() { throw new Error(refused.slice(method.length + 2)); } });
  }
  return made;
};
