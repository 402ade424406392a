// The runtime's own sockets, for cloudflare_sockets.js: a module of an app cannot import them.
export { default } from "cloudflare-internal:sockets";
