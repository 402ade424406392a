// Workers AI is the runtime's own; the test says what models answer. What there is no fake of is refused by its name.
import makeBinding from "cloudflare-internal:ai-api";
import { call, checking, pipelined } from "edgelint:calls";

export default ({ fetcher }) => {
  const ai = makeBinding({ fetcher: checking(fetcher) });
  for (const verb of ["aiSearch", "autorag", "gateway", "models", "toMarkdown", "websearch"]) {
    Object.defineProperty(ai, verb, { value: () => pipelined(call(fetcher, verb, [])) });
  }
  return ai;
};
