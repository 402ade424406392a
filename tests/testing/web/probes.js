// A request is the body of an async function; the answer is its result as JSON has it, or the name and message of what
// it threw. Bytes are {"bytes": [...]}, undefined is {"undefined": true}.
function plain(value) {
  if (value === undefined) return { undefined: true };
  if (value instanceof ArrayBuffer) return { bytes: [...new Uint8Array(value)] };
  if (ArrayBuffer.isView(value)) return { bytes: [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)] };
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value === "object" && value !== null && value.constructor === Object) {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, plain(item)]));
  }
  return value;
}

export default {
  async fetch(request, env) {
    try {
      const rewrite = (html, build) => build(new HTMLRewriter()).transform(
        new Response(html, { headers: { "content-type": "text/html" } })).text();
      const run = env.UNSAFE.newAsyncFunction(await request.text(), "probe", "R");
      return Response.json({ value: plain(await run(rewrite)) });
    } catch (error) {
      return Response.json({ error: error instanceof Error ? [error.name, error.message] : ["thrown", plain(error)] });
    }
  },
};
