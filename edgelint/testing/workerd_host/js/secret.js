// A secret of a secrets store: the test gives its value.
import { call } from "edgelint:calls";

class SecretsStoreSecret {
  #fetcher;
  constructor(fetcher) { this.#fetcher = fetcher; }
  async get() { return call(this.#fetcher, "get", []); }
}

export default ({ fetcher }) => new SecretsStoreSecret(fetcher);
