// The worker beside the apps: it holds every namespace of Durable Objects, and may evict.
import unsafe from "workerd:unsafe";
import { encode, encodeError } from "./codec.js";

export default {
  async fetch(request, env) {
    const asked = request.headers.get("x-edgelint-harness");
    if (asked === null) return new Response(null, { status: 404 });
    const { verb, namespace, id, name } = JSON.parse(asked);
    if (verb === "ping") return new Response(null);
    if (verb === "abortAll") {
      await unsafe.abortAllDurableObjects();
      return new Response(null);
    }
    const headers = new Headers(request.headers);
    headers.delete("x-edgelint-harness");
    const named = name === undefined ? undefined : env[namespace].idFromName(name); // its object is told its name
    const known = named?.toString() === id ? named : env[namespace].idFromString(id);
    const stub = env[namespace].get(known);
    try {
      if (verb === "fetch") return await stub.fetch(new Request(request, { headers }));
      if (verb === "evict") {
        await unsafe.evict(stub, { webSockets: "hibernate" });
        return Response.json(encode(true));
      }
      throw new Error(`no such verb: ${verb}`);
    } catch (error) {
      return Response.json(encodeError(error), { status: 500, headers: { "x-edgelint-result": '{"failed":true}' } });
    }
  },
};
