// What `cloudflare:email` exports: the runtime leaves it to whoever embeds it. It is cloudflare-internal:email there.
class EmailMessage {
  constructor(from, to, raw) {
    this.from = from;
    this.to = to;
    Object.defineProperty(this, "EmailMessage::raw", { value: raw }); // what is sent looks for it
  }
}

export default { EmailMessage };
