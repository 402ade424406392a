// What an RPC call reaches of an object, as src/workerd/api/worker-rpc.c++ has it.
const RESERVED = new Set([
  "alarm", "connect", "constructor", "dup", "fetch", "webSocketClose", "webSocketError", "webSocketMessage",
]);

/** Call a method of an instance of a class, or of a plain object: that is given one argument, and env and ctx. */
export async function invoke(target, isInstance, method, args, env, ctx) {
  if (RESERVED.has(method)) throw new TypeError(`'${method}' is a reserved method and cannot be called over RPC.`);
  const own = Object.hasOwn(target, method);
  if (isInstance ? own || target[method] === Object.prototype[method] : !own) {
    throw new TypeError(`The RPC receiver does not implement the method "${method}".`);
  }
  const found = target[method];
  if (typeof found !== "function") throw new TypeError(`"${method}" is not a function.`);
  if (isInstance) return found.apply(target, args);
  if (found.length > 3 || args.length !== 1) {
    throw new TypeError(`"${method}" is a plain function, which RPC calls with exactly (arg, env, ctx): one argument.`);
  }
  return found.call(target, args[0], env, ctx);
}
