// Fetches that the world answers (protocols/services.py).
import { thrown } from "edgelint:calls";
import { here, PLACE } from "edgelint:place";

/** ``fetch`` of what is behind a fetcher. The way there keeps neither the scheme nor ``cf``. */
export function fetching(fetcher) {
  return async function fetch(input, init, at = here()) {
    const request = new Request(input, init);
    request.headers.set(PLACE, at);
    request.headers.set("x-edgelint-scheme", new URL(request.url).protocol.slice(0, -1));
    if (request.cf !== undefined) request.headers.set("x-edgelint-cf", JSON.stringify(request.cf));
    return thrown(await fetcher.fetch(request));
  };
}
