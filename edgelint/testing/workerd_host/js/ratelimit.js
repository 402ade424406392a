// A rate limiter: the world counts.
import { call } from "edgelint:calls";

class Ratelimit {
  #fetcher;
  constructor(fetcher) { this.#fetcher = fetcher; }
  async limit(options) { return call(this.#fetcher, "limit", [options]); }
}

export default ({ fetcher }) => new Ratelimit(fetcher);
