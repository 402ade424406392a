// A script (addEventListener) as a module: its listeners are handlers, and its bindings are globals.
const KINDS = ["fetch", "scheduled", "queue", "email", "tail", "trace"];
const listeners = new Map(KINDS.map((kind) => [kind, []]));
const add = globalThis.addEventListener.bind(globalThis);
const remove = globalThis.removeEventListener.bind(globalThis);

globalThis.addEventListener = function addEventListener(type, listener, options) {
  const found = listeners.get(type);
  if (found === undefined) return add(type, listener, options);
  if (listener && !found.includes(listener)) found.push(listener);
};
globalThis.removeEventListener = function removeEventListener(type, listener, options) {
  const found = listeners.get(type);
  if (found === undefined) return remove(type, listener, options);
  const at = found.indexOf(listener);
  if (at >= 0) found.splice(at, 1);
};

/** Make globals of what a script reads as globals. */
export function globals(values) {
  for (const [name, value] of Object.entries(values)) {
    Object.defineProperty(globalThis, name, { configurable: true, enumerable: true, writable: true, value });
  }
}

class ExtendableEvent extends Event {
  #ctx;

  constructor(type, ctx, values) {
    super(type);
    this.#ctx = ctx;
    for (const [name, value] of Object.entries(values)) Object.defineProperty(this, name, { value });
  }

  waitUntil(promise) {
    this.#ctx.waitUntil(promise);
  }
}

class FetchEvent extends ExtendableEvent {
  #ctx;
  #answer;
  #over = false;

  constructor(request, ctx) {
    super("fetch", ctx, { request });
    this.#ctx = ctx;
  }

  passThroughOnException() {
    this.#ctx.passThroughOnException();
  }

  respondWith(response) {
    if (this.#answer !== undefined) {
      throw new Error("FetchEvent.respondWith() has already been called; it can only be called once.");
    }
    if (this.#over) {
      throw new Error(
        "Too late to call FetchEvent.respondWith(). It must be called synchronously in the event handler.",
      );
    }
    this.#answer = Promise.resolve(response);
  }

  /** What one of the listeners answers; the first that does is the last that is called. */
  static dispatch(event) {
    for (const listener of [...listeners.get("fetch")]) {
      call(listener, event);
      if (event.#answer !== undefined) break;
    }
    event.#over = true;
    return event.#answer;
  }
}

function call(listener, event) {
  return typeof listener === "function" ? listener.call(globalThis, event) : listener.handleEvent(event);
}

function dispatch(type, ctx, values) {
  const event = new ExtendableEvent(type, ctx, values);
  return Promise.all([...listeners.get(type)].map((listener) => call(listener, event)));
}

const HANDLERS = {
  fetch(request, ctx) {
    return FetchEvent.dispatch(new FetchEvent(request, ctx)) ?? fetch(request); // unanswered, it goes to the origin
  },
  scheduled(controller, ctx) {
    const { cron, scheduledTime } = controller;
    return dispatch("scheduled", ctx, { cron, scheduledTime, noRetry: () => controller.noRetry() });
  },
  queue(batch, ctx) {
    const { queue, messages, metadata } = batch;
    const ackAll = () => batch.ackAll();
    const retryAll = (options) => batch.retryAll(options);
    return dispatch("queue", ctx, { queue, messages, metadata, ackAll, retryAll });
  },
  email: (message, ctx) => dispatch("email", ctx, { message }),
  tail: (events, ctx) => dispatch("tail", ctx, { events, traces: events }),
  trace: (events, ctx) => dispatch("trace", ctx, { events, traces: events }),
};

/** The default export of a module that does what the script does: a handler for each event that is listened to. */
export function handlers() {
  const found = {};
  for (const kind of KINDS) {
    if (listeners.get(kind).length === 0) continue;
    found[kind] = async (event, env, ctx) => {
      globals(env); // the flag disallow_importable_env hides them before the first event
      return HANDLERS[kind](event, ctx);
    };
  }
  return found;
}
