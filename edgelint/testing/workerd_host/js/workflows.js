// Runs of workflows: the steps are the world's, their callbacks run here (protocols/workflows.py).
import { decode, decodeError, encode, encodeError } from "./codec.js";
import { tell } from "./prelude.js";

async function ask(run, verb, more) {
  const response = await tell("step", { run, verb, ...more });
  if (!response.ok) throw new Error(await response.text()); // the test is at fault, and is told so as well
  return response.json();
}

function result(answer) {
  if ("error" in answer) throw decodeError(answer.error);
  return decode(answer.value);
}

/** What a function of the app makes of what the world hands it. */
async function outcome(call, given) {
  let value;
  try {
    value = await call(decode(given));
  } catch (error) {
    return { error: encodeError(error) };
  }
  try {
    return { value: encode(value) };
  } catch {
    return { unserialisable: true };
  }
}

class WorkflowStep {
  #run;
  #last = 0;
  constructor(run) { this.#run = run; }

  async do(name, ...rest) {
    const [config, callback, ...more] = typeof rest[0] === "function" ? [undefined, ...rest] : rest;
    const calls = { callback, delay: config?.retries?.delay };
    const step = ++this.#last;
    const sent = typeof calls.delay === "function"
      ? { ...config, retries: { ...config.retries, delay: null } }
      : config;
    const given = {
      step, name: encode(name), config: encode(sent), delays: sent !== config,
      calls: typeof callback === "function", more: more.some((each) => each !== undefined),
    };
    let answer = await ask(this.#run, "do", given);
    while ("call" in answer) {
      const { call, of, given } = answer;
      // A callback that takes too long runs on while the step is tried again: it is not waited for.
      outcome(calls[of], given)
        .then((found) => ask(this.#run, "outcome", { step, call, ...found }))
        .catch(() => undefined); // the run is over
      answer = await ask(this.#run, "next", { step });
    }
    return result(answer);
  }

  async sleep(name, duration) { return this.#wait("sleep", [name, duration]); }

  async sleepUntil(name, timestamp) { return this.#wait("sleepUntil", [name, timestamp]); }

  async waitForEvent(name, options) { return this.#wait("waitForEvent", [name, options?.type, options?.timeout]); }

  async #wait(verb, args) { return result(await ask(this.#run, verb, { args: encode(args) })); }
}

/** Call ``run`` of a workflow of the app; ``run`` is the world's number of this run. */
export async function runWorkflow(workflow, run, event) {
  if (typeof workflow?.run !== "function") throw new TypeError("Handler does not export a run() function.");
  return workflow.run(event, new WorkflowStep(run));
}
