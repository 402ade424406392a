// The binding of a workflow: the world runs its instances. (The runtime's own speaks another protocol in each version.)
import { call } from "edgelint:calls";

class InstanceImpl {
  #fetcher;
  constructor(id, fetcher) {
    this.id = id;
    this.#fetcher = fetcher;
  }
  #call(verb, ...args) { return call(this.#fetcher, verb, [this.id, ...args]); }
  async pause() { await this.#call("pause"); }
  async resume() { await this.#call("resume"); }
  async terminate() { await this.#call("terminate"); }
  async restart(options) { await this.#call("restart", options); }
  async delete() { await this.#call("delete"); }
  async status() { return this.#call("status"); }
  async sendEvent({ type, payload }) { await this.#call("sendEvent", type, payload); }
  async subscribe(options) { return this.#call("subscribe", options); }
}

class WorkflowImpl {
  #fetcher;
  constructor(fetcher) { this.#fetcher = fetcher; }
  async get(id) { return new InstanceImpl(await call(this.#fetcher, "get", [id]), this.#fetcher); }
  async create(options) { return new InstanceImpl(await call(this.#fetcher, "create", [options]), this.#fetcher); }
  async createBatch(batch) {
    const ids = await call(this.#fetcher, "createBatch", [batch]);
    return ids.map((id) => new InstanceImpl(id, this.#fetcher));
  }
  async deleteBatch(ids) { return call(this.#fetcher, "deleteBatch", [ids]); }
}

export default ({ fetcher }) => new WorkflowImpl(fetcher);
