"""``crypto`` and ``crypto.subtle``: which family of algorithms does what."""

from __future__ import annotations

import hashlib
import hmac
import uuid
from collections.abc import Callable
from typing import Any, ClassVar, Final

from edgelint.testing import json_text
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.python_host.web import realm
from edgelint.testing.python_host.web.base import (
    MISSING,
    ArrayBuffer,
    WebObject,
    is_buffer,
    text,
    truth,
    whole,
    wrong_type,
)  # fmt: skip
from edgelint.testing.python_host.web.crypto import asymmetric, keys, symmetric
from edgelint.testing.python_host.web.crypto.keys import CryptoKey, not_supported
from edgelint.testing.python_host.web.promises import Future, attempt, pending, reject, resolve
from edgelint.testing.python_host.web.transform import as_bytes
from edgelint.testing.python_host.web.writable import WritableStream

_MOST_RANDOM: Final = 65536


def _promise(function: Callable[..., Any]) -> Callable[..., Future[Any]]:
    """A method whose outcome, or error, comes as a promise."""

    def method(self: SubtleCrypto, *args: Any) -> Future[Any]:
        return attempt(function, self, *args)

    method.__doc__ = function.__doc__
    method.__name__ = function.__name__
    return method


class SubtleCrypto(WebObject):
    """``crypto.subtle``."""

    @_promise
    def digest(self, algorithm: Any = MISSING, data: Any = MISSING) -> ArrayBuffer:
        """A digest: SHA-1, SHA-256, SHA-384, SHA-512 or MD5."""
        content = keys.data(data, "digest on SubtleCrypto 2")
        return ArrayBuffer(keys.digest(keys.hash_name(algorithm), content))

    @_promise
    def sign(self, algorithm: Any = MISSING, key: Any = MISSING, data: Any = MISSING) -> ArrayBuffer:
        """A signature: HMAC, RSASSA-PKCS1-v1_5, RSA-PSS, ECDSA or Ed25519."""
        found, content = keys.key(key, "sign on SubtleCrypto 2"), keys.data(data, "sign on SubtleCrypto 3")
        keys.check(found, keys.algorithm_name(algorithm, "sign on SubtleCrypto 1"), "sign")
        if found._name == "HMAC":
            return ArrayBuffer(symmetric.sign(found, content))
        return ArrayBuffer(asymmetric.sign(found, algorithm, content))

    @_promise
    def verify(
        self, algorithm: Any = MISSING, key: Any = MISSING, signature: Any = MISSING, data: Any = MISSING
    ) -> bool:
        """Whether a signature is right."""
        found = keys.key(key, "verify on SubtleCrypto 2")
        signed, content = keys.data(signature, "verify on SubtleCrypto 3"), keys.data(data, "verify on SubtleCrypto 4")
        keys.check(found, keys.algorithm_name(algorithm, "verify on SubtleCrypto 1"), "verify")
        if found._name == "HMAC":
            return symmetric.verify(found, signed, content)
        return asymmetric.verify(found, algorithm, signed, content)

    @_promise
    def encrypt(self, algorithm: Any = MISSING, key: Any = MISSING, data: Any = MISSING) -> ArrayBuffer:
        """Encrypt: AES-GCM, AES-CBC, AES-CTR or RSA-OAEP."""
        found, content = keys.key(key, "encrypt on SubtleCrypto 2"), keys.data(data, "encrypt on SubtleCrypto 3")
        keys.check(found, keys.algorithm_name(algorithm, "encrypt on SubtleCrypto 1"), "encrypt")
        return ArrayBuffer(_encrypt(found, algorithm, content))

    @_promise
    def decrypt(self, algorithm: Any = MISSING, key: Any = MISSING, data: Any = MISSING) -> ArrayBuffer:
        """The contrary. Rejected with an OperationError for what was not made with the key."""
        found, content = keys.key(key, "decrypt on SubtleCrypto 2"), keys.data(data, "decrypt on SubtleCrypto 3")
        keys.check(found, keys.algorithm_name(algorithm, "decrypt on SubtleCrypto 1"), "decrypt")
        return ArrayBuffer(_decrypt(found, algorithm, content))

    @_promise
    def generateKey(self, algorithm: Any = MISSING, extractable: Any = MISSING, usages: Any = MISSING) -> Any:
        """A new key, or pair of keys."""
        name = _known(algorithm, "generation", "generateKey on SubtleCrypto 1")
        if symmetric.handles(name):
            return symmetric.generate(name, algorithm, truth(extractable), usages, realm.current().random)
        return asymmetric.generate(name, algorithm, truth(extractable), usages)

    @_promise
    def importKey(
        self, format: Any = MISSING, data: Any = MISSING, algorithm: Any = MISSING, extractable: Any = MISSING,
        usages: Any = MISSING,
    ) -> CryptoKey:  # fmt: skip
        """A key of "raw", "pkcs8", "spki" or "jwk"."""
        return _import(text(format, "importKey on SubtleCrypto 1"), data, algorithm, truth(extractable), usages)

    @_promise
    def exportKey(self, format: Any = MISSING, key: Any = MISSING) -> Any:
        """The contrary. Rejected with an InvalidAccessError for a key that is not extractable."""
        return _export(text(format, "exportKey on SubtleCrypto 1"), keys.key(key, "exportKey on SubtleCrypto 2"))

    @_promise
    def deriveBits(self, algorithm: Any = MISSING, key: Any = MISSING, length: Any = MISSING) -> ArrayBuffer:
        """Bits from a key: PBKDF2, HKDF, ECDH or X25519."""
        found = keys.key(key, "deriveBits on SubtleCrypto 2")
        keys.check(found, keys.algorithm_name(algorithm, "deriveBits on SubtleCrypto 1"), "deriveBits")
        bits = None if length is MISSING or length is None else whole(length)
        return ArrayBuffer(_derive(found, algorithm, bits))

    @_promise
    def deriveKey(
        self, algorithm: Any = MISSING, key: Any = MISSING, derived: Any = MISSING, extractable: Any = MISSING,
        usages: Any = MISSING,
    ) -> CryptoKey:  # fmt: skip
        """A key from a key."""
        found = keys.key(key, "deriveKey on SubtleCrypto 2")
        keys.check(found, keys.algorithm_name(algorithm, "deriveKey on SubtleCrypto 1"), "deriveKey")
        secret = _derive(found, algorithm, symmetric.derived_length(derived))
        return _import("raw", secret, derived, truth(extractable), usages)

    @_promise
    def wrapKey(
        self, format: Any = MISSING, key: Any = MISSING, wrapping: Any = MISSING, algorithm: Any = MISSING
    ) -> ArrayBuffer:
        """A key, encrypted with another."""
        with_key = keys.key(wrapping, "wrapKey on SubtleCrypto 3")
        keys.check(with_key, keys.algorithm_name(algorithm, "wrapKey on SubtleCrypto 4"), "wrapKey")
        found = _export(text(format, "wrapKey on SubtleCrypto 1"), keys.key(key, "wrapKey on SubtleCrypto 2"))
        content = bytes(found) if is_buffer(found) else (json_text.dump(found) or "").encode()
        if with_key._name == "AES-KW":
            return ArrayBuffer(symmetric.wrap(with_key, content))
        return ArrayBuffer(_encrypt(with_key, algorithm, content))

    @_promise
    def unwrapKey(
        self, format: Any = MISSING, wrapped: Any = MISSING, unwrapping: Any = MISSING, algorithm: Any = MISSING,
        unwrapped: Any = MISSING, extractable: Any = MISSING, usages: Any = MISSING,
    ) -> CryptoKey:  # fmt: skip
        """The contrary."""
        with_key = keys.key(unwrapping, "unwrapKey on SubtleCrypto 3")
        keys.check(with_key, keys.algorithm_name(algorithm, "unwrapKey on SubtleCrypto 4"), "unwrapKey")
        sealed = keys.data(wrapped, "unwrapKey on SubtleCrypto 2")
        if with_key._name == "AES-KW":
            content = symmetric.unwrap(with_key, sealed)
        else:
            content = _decrypt(with_key, algorithm, sealed)
        form = text(format, "unwrapKey on SubtleCrypto 1")
        source = json_text.parse(content.decode("utf-8", "replace")) if form == "jwk" else content
        return _import(form, source, unwrapped, truth(extractable), usages)

    def timingSafeEqual(self, first: Any = MISSING, second: Any = MISSING) -> bool:
        """Whether two buffers are the same. Raises EdgeError (TypeError) when they differ in length."""
        one = keys.data(first, "timingSafeEqual on SubtleCrypto 1")
        other = keys.data(second, "timingSafeEqual on SubtleCrypto 2")
        if len(one) != len(other):
            raise type_error("Input buffers must have the same byte length.")
        return hmac.compare_digest(one, other)


class DigestStream(WritableStream):
    """A stream whose ``digest`` is that of all that was written."""

    def __init__(self, algorithm: Any = MISSING) -> None:
        self._running = hashlib.new(keys.HASHES[keys.hash_name(algorithm)], usedforsecurity=False)
        self._digest = pending()
        self._written = 0
        super().__init__({"write": self._take, "close": self._finish, "abort": self._break})

    @property
    def digest(self) -> Future[Any]:
        """Kept when the stream is closed."""
        return self._digest

    @property
    def bytesWritten(self) -> int:
        """How many bytes there were so far."""
        return self._written

    def _take(self, chunk: Any, controller: Any) -> None:
        data = chunk.encode() if isinstance(chunk, str) else as_bytes(chunk)
        self._written += len(data)
        self._running.update(data)

    def _finish(self) -> None:
        resolve(self._digest, ArrayBuffer(self._running.digest()))

    def _break(self, reason: Any) -> None:
        reject(self._digest, reason)


class Crypto(WebObject):
    """``crypto``. Chance is the world's."""

    DigestStream: ClassVar[type[DigestStream]] = DigestStream

    def __init__(self) -> None:
        self._subtle = SubtleCrypto()

    @property
    def subtle(self) -> SubtleCrypto:
        """Web Cryptography."""
        return self._subtle

    def getRandomValues(self, view: Any = MISSING) -> Any:
        """Fill a view with chance. Raises EdgeError: TypeMismatchError, QuotaExceededError over 64 KiB."""
        if not is_buffer(view) or isinstance(view, bytes):
            raise wrong_type("getRandomValues on Crypto 1", "ArrayBufferView")
        room = memoryview(view)
        if room.format in ("f", "d", "e"):
            raise EdgeError(
                "ArrayBufferView argument to getRandomValues() must be an integer-typed view.", "TypeMismatchError"
            )
        if room.nbytes > _MOST_RANDOM:
            raise EdgeError(
                f"getRandomValues() only accepts buffers of size <= 64K but provided {room.nbytes} bytes.",
                "QuotaExceededError",
            )
        room.cast("B")[:] = realm.current().random.randbytes(room.nbytes)
        return view

    def randomUUID(self) -> str:
        """A UUID of version 4."""
        return str(uuid.UUID(bytes=realm.current().random.randbytes(16), version=4))


def _known(algorithm: Any, what: str, where: str) -> str:
    """The canonical name of an algorithm. Raises EdgeError (NotSupportedError)."""
    written = keys.algorithm_name(algorithm, where)
    upper = written.upper()
    if symmetric.handles(upper):
        return upper
    name = asymmetric.canonical(written)
    if name is None:
        raise not_supported(f'Unrecognized key {what} algorithm "{written}" requested.')
    return name


def _import(form: str, source: Any, algorithm: Any, extractable: bool, usages: Any) -> CryptoKey:
    name = _known(algorithm, "import", "importKey on SubtleCrypto 3")
    if form == "jwk":
        if is_buffer(source) or source is None or isinstance(source, (str, int, float)):
            raise type_error('Import data provided for "jwk" import format must be a JsonWebKey.')
    elif form in ("raw", "pkcs8", "spki") and not is_buffer(source):
        raise type_error("Import data provided for buffer-based import formats must be a buffer source.")
    family: Any = symmetric if symmetric.handles(name) else asymmetric
    made: CryptoKey = family.import_key(name, form, source, algorithm, extractable, usages)
    return made


def _export(form: str, key: CryptoKey) -> Any:
    if not key._extractable:
        raise EdgeError(f"Attempt to export non-extractable {key._name} key.", "InvalidAccessError")
    family: Any = symmetric if key._kind == "secret" else asymmetric
    found = family.export_key(form, key)
    return ArrayBuffer(found) if is_buffer(found) else found


def _encrypt(key: CryptoKey, algorithm: Any, content: bytes) -> bytes:
    if key._kind == "secret":
        return symmetric.encrypt(key, algorithm, content)
    return asymmetric.encrypt(key, algorithm, content)


def _decrypt(key: CryptoKey, algorithm: Any, content: bytes) -> bytes:
    if key._kind == "secret":
        return symmetric.decrypt(key, algorithm, content)
    return asymmetric.decrypt(key, algorithm, content)


def _derive(key: CryptoKey, algorithm: Any, bits: int | None) -> bytes:
    if key._kind == "secret":
        return symmetric.derive(key, algorithm, bits)
    return asymmetric.derive(key, algorithm, bits)
