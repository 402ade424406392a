"""``crypto``: chance from the world's seed, and Web Cryptography over the ``cryptography`` package.

https://w3c.github.io/webcrypto/, with what Workers add: MD5, timingSafeEqual, DigestStream
(https://developers.cloudflare.com/workers/runtime-apis/web-crypto/). Words of refusal are workerd's:
https://github.com/cloudflare/workerd/tree/main/src/workerd/api/crypto
"""
