// The files of a worker: the world serves them.
import { fetching } from "edgelint:fetching";

class Fetcher {}

export default ({ fetcher }) => Object.assign(new Fetcher(), { fetch: fetching(fetcher) });
