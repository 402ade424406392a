// Starts Miniflare with the worker of this folder and takes requests as JSON lines on stdin, one answer a line on stdout.
// The first line is the options (oracle.py: Options); its answer says that everything runs.

import { readFileSync } from "node:fs";
import { request } from "node:http";
import { createInterface } from "node:readline";

import { Log, LogLevel, Miniflare } from "miniflare";

const script = readFileSync(new URL("worker.mjs", import.meta.url), "utf-8");
const numbered = (prefix, count, make) =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${prefix}${index}`, make(index)]));

function configured({ slots, queues, consumer, limit, period, assets, compatibilityDate, compatibilityFlags }) {
  return {
    name: "oracle",
    modules: [{ type: "ESModule", path: "worker.mjs", contents: script }],
    modulesRoot: "/",
    compatibilityDate,
    compatibilityFlags,
    bindings: { SLOTS: slots, QUEUES: queues },
    kvNamespaces: numbered("KV", slots, (index) => `kv-${index}`),
    r2Buckets: numbered("R2", slots, (index) => `r2-${index}`),
    d1Databases: numbered("DB", slots, (index) => `d1-${index}`),
    queueProducers: numbered("QUEUE", queues, (index) => ({ queueName: `queue-${index}` })),
    queueConsumers: {
      ...numbered("queue-", queues, (index) => ({ ...consumer, deadLetterQueue: `dead-${index}` })),
      ...numbered("dead-", queues, () => ({ maxBatchSize: 100, maxBatchTimeout: 0, maxRetries: 0 })),
    },
    ratelimits: { LIMIT: { simple: { limit, period } } },
    ...(assets ? { assets: { binding: "ASSETS", ...assets } } : {}),
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio(stdout, stderr) {
      stdout.resume();
      stderr.pipe(process.stderr);
    },
  };
}

let miniflare;

/** A request as it comes to the worker from outside: past its assets, if it has some. */
async function dispatched({ url, method = "GET", headers = {} }) {
  const { hostname, port } = await miniflare.ready;
  const { pathname, search } = new URL(url);
  return new Promise((resolve, reject) => {
    // not fetch: that has headers of its own (Sec-Fetch-Mode) in place of those given
    const sent = request({ hostname, port, method, headers, path: pathname + search }, async (response) => {
      const chunks = await response.toArray();
      const pairs = Object.entries(response.headersDistinct).flatMap(([name, values]) => values.map((value) => [name, value]));
      resolve({ status: response.statusCode, headers: pairs, body: Buffer.concat(chunks).toString() });
    });
    sent.on("error", reject);
    sent.end();
  });
}

async function answer(line) {
  const message = JSON.parse(line);
  try {
    if (message.options !== undefined) {
      miniflare = new Miniflare(configured(message.options));
      await miniflare.ready;
      return { ready: true };
    }
    if (message.requests !== undefined) return { responses: await Promise.all(message.requests.map(dispatched)) };
    const response = await miniflare.dispatchFetch("http://oracle/__edgelint__/run", {
      method: "POST",
      body: JSON.stringify(message.sequences),
    });
    return await response.json();
  } catch (error) {
    return { failed: `${error.stack ?? error}` };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  process.stdout.write(`${JSON.stringify(await answer(line))}\n`);
}
await miniflare?.dispose();
