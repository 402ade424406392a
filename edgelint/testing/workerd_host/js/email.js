// A binding that sends email: the world keeps what was sent.
import { call } from "edgelint:calls";

const RAW = "EmailMessage::raw"; // cloudflare_email.js

class SendEmail {
  #fetcher;
  constructor(fetcher) { this.#fetcher = fetcher; }
  async send(message) {
    if (typeof message !== "object" || message === null || !(RAW in message)) {
      return call(this.#fetcher, "send", [message]);
    }
    const raw = new Uint8Array(await new Response(message[RAW]).arrayBuffer());
    return call(this.#fetcher, "sendMessage", [message.from, message.to, raw]);
  }
}

export default ({ fetcher }) => new SendEmail(fetcher);
