// A class that makes ids of Durable Objects which live elsewhere (namespace_elsewhere.js). It is never constructed.
import { DurableObject } from "cloudflare:workers";

export class Ids extends DurableObject {}
