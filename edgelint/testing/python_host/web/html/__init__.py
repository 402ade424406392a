"""HTMLRewriter: a tokenizer that keeps the bytes of what it reads, selectors, and the rewriting between them.

The model is lol-html, which workerd uses (https://github.com/cloudflare/lol-html): what no handler touches goes through
byte for byte, and no tree is built, so an element that is never closed has no end. No parser that builds a tree can say
either; so the tokens are read here, by the HTML standard's states (https://html.spec.whatwg.org/#tokenization).
"""
