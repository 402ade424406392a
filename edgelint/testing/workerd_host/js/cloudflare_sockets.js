// `cloudflare:sockets` as it is, and a word to the world when TLS is asked for: the runtime cannot speak it with what
// stands for the outside, and does not say with whom it was to be (log.py).
import internal from "edgelint:sockets";

const addresses = new WeakMap();
let watched = null;

function text(address) {
  return typeof address === "object" && address !== null ? `${address.hostname}:${address.port}` : String(address);
}

/** ``due`` is how often the runtime will say so by itself. */
function tell(address, due) {
  console.debug(`\0edgelint ${JSON.stringify({ what: "tls", address, due })}`);
}

function watch(prototype) {
  if (watched === prototype) return;
  watched = prototype;
  const original = prototype.startTls;
  Object.defineProperty(prototype, "startTls", {
    configurable: true, enumerable: true, writable: true,
    value: {
      startTls(...args) {
        tell(addresses.get(this) ?? "a socket", 0);
        return original.apply(this, args);
      },
    }.startTls,
  });
}

export function connect(address, options) {
  const socket = internal.connect(address, options);
  watch(Object.getPrototypeOf(socket));
  addresses.set(socket, text(address));
  if (options?.secureTransport === "on") tell(text(address), 1);
  return socket;
}

export function internalNewHttpClient(...args) {
  return internal.internalNewHttpClient(...args);
}
