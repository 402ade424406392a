// A Vectorize index is the runtime's own.
import makeBinding from "cloudflare-internal:vectorize-api";
import { checking } from "edgelint:calls";

export default ({ fetcher, index }) =>
  makeBinding({ fetcher: checking(fetcher), indexId: index, indexVersion: "v2", useNdJson: true });
