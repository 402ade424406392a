"""CryptoKey, and how algorithms, usages and their errors are read."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable
from typing import Any, Final

from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.python_host.web.base import (
    MISSING,
    WebObject,
    can_iterate,
    field,
    illegal_constructor,
    is_buffer,
    text,
    whole,
    wrong_field,
    wrong_type,
)  # fmt: skip

HASHES: Final = {"MD5": "md5", "SHA-1": "sha1", "SHA-256": "sha256", "SHA-384": "sha384", "SHA-512": "sha512"}
"""Names of digests, and hashlib's."""
BLOCKS: Final = {"MD5": 512, "SHA-1": 512, "SHA-256": 512, "SHA-384": 1024, "SHA-512": 1024}
"""Block sizes in bits: how long a generated HMAC key is."""
USAGES: Final = ("encrypt", "decrypt", "sign", "verify", "deriveKey", "deriveBits", "wrapKey", "unwrapKey")
NO_USAGE: Final = "Secret/private CryptoKeys must have at least one usage."


class CryptoKey(WebObject):
    """A key. ``_material`` is bytes for secret keys, a key object of ``cryptography`` for the others."""

    def __init__(self, *args: Any) -> None:
        raise illegal_constructor()

    @classmethod
    def _of(
        cls, kind: str, material: Any, algorithm: dict[str, Any], extractable: bool, usages: Iterable[str]
    ) -> CryptoKey:
        made = cls.__new__(cls)
        made._kind, made._material, made._algorithm = kind, material, algorithm
        made._extractable = extractable
        wanted = set(usages)
        made._usages = [usage for usage in USAGES if usage in wanted]
        return made

    _kind: str
    _material: Any
    _algorithm: dict[str, Any]
    _extractable: bool
    _usages: list[str]

    @property
    def type(self) -> str:
        """ "secret", "public" or "private"."""
        return self._kind

    @property
    def algorithm(self) -> dict[str, Any]:
        """Its algorithm, with what belongs to it."""
        return self._algorithm

    @property
    def extractable(self) -> bool:
        """Whether it can be exported."""
        return self._extractable

    @property
    def usages(self) -> list[str]:
        """What it may be used for."""
        return list(self._usages)

    @property
    def _name(self) -> str:
        return str(self._algorithm["name"])

    @property
    def _hash(self) -> str:
        return str(self._algorithm["hash"]["name"])


def algorithm_name(algorithm: Any, where: str) -> str:
    """The name that an algorithm argument gives, as it was written. ``where``: as ``wrong_type`` has it."""
    if isinstance(algorithm, str):
        return algorithm
    name = field(algorithm, "name", MISSING) if algorithm is not MISSING and algorithm is not None else MISSING
    if name is MISSING:
        raise wrong_type(where, "object or string")
    return text(name)


def hash_name(value: Any) -> str:
    """The canonical name of a digest. Raises EdgeError (NotSupportedError)."""
    name = algorithm_name(value, "digest on SubtleCrypto 1").upper()
    if name not in HASHES:
        raise not_supported("Unrecognized or unimplemented digest algorithm requested.")
    return name


def required(options: Any, name: str, where: str = "algorithm") -> Any:
    """A member that an algorithm must have. Raises EdgeError (TypeError)."""
    value = MISSING if isinstance(options, str) else field(options, name, MISSING)
    if value is MISSING:
        raise type_error(f'Missing field "{name}" in "{where}".')
    return value


def hash_of(options: Any, where: str = "algorithm") -> str:
    """The digest that an algorithm's parameters name."""
    return hash_name(required(options, "hash", where))


def buffer_of(options: Any, name: str) -> bytes:
    """A member that is a buffer."""
    value = required(options, name)
    if not is_buffer(value):
        raise wrong_field(name, "EncryptAlgorithm", "BufferSource")
    return bytes(value)


def data(value: Any, where: str) -> bytes:
    """An argument that is a buffer. Raises EdgeError (TypeError)."""
    if not is_buffer(value):
        raise wrong_type(where, "BufferSource")
    return bytes(value)


def key(value: Any, where: str) -> CryptoKey:
    """An argument that is a key. Raises EdgeError (TypeError)."""
    if not isinstance(value, CryptoKey):
        raise wrong_type(where, "CryptoKey")
    return value


def usages(value: Any, allowed: Iterable[str], name: str, operation: str, kind: str = "") -> list[str]:
    """Usages that were asked for. Raises EdgeError (SyntaxError) for one that the algorithm does not have."""
    if value is MISSING or isinstance(value, str) or not can_iterate(value):
        raise wrong_type(f"{operation}Key on SubtleCrypto {3 if operation == 'generate' else 5}", "Array")
    found = [text(each) for each in value]
    for usage in found:
        if usage not in allowed:
            what = f"{kind} {name}" if kind else name
            raise EdgeError(f'Attempt to {operation} {what} key with invalid usage "{usage}".', "SyntaxError")
    return found


def check(found: CryptoKey, name: str, usage: str) -> None:
    """That a key is for this. Raises EdgeError (InvalidAccessError)."""
    if found._name.upper() != name.upper():
        raise EdgeError(
            f'Requested algorithm "{name}" does not match this CryptoKey\'s algorithm "{found._name}".',
            "InvalidAccessError",
        )
    if usage not in found._usages:
        raise EdgeError(
            f'Requested key usage "{usage}" does not match any usage listed in this CryptoKey.', "InvalidAccessError"
        )


def length_in_bits(options: Any, default: int | None = None) -> int | None:
    """The ``length`` member, in bits."""
    value = MISSING if isinstance(options, str) else field(options, "length", MISSING)
    return default if value is MISSING else whole(value)


def digest(name: str, content: bytes) -> bytes:
    """A digest, by its canonical name."""
    return hashlib.new(HASHES[name], content, usedforsecurity=False).digest()


def hash_object(name: str) -> Any:
    """The hash as ``cryptography`` wants it."""
    from cryptography.hazmat.primitives import hashes

    classes: dict[str, Any] = {
        "MD5": hashes.MD5, "SHA-1": hashes.SHA1, "SHA-256": hashes.SHA256, "SHA-384": hashes.SHA384,
        "SHA-512": hashes.SHA512,
    }  # fmt: skip
    return classes[name]()


def encode64(content: bytes) -> str:
    """Base64 of URLs without padding, as JSON Web Keys have it."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def decode64(value: Any) -> bytes:
    """The bytes of a member of a JSON Web Key. Raises ValueError."""
    written = text(value)
    return base64.b64decode(written + "=" * (-len(written) % 4), altchars=b"-_", validate=True)


def not_supported(words: str) -> EdgeError:
    """A NotSupportedError."""
    return EdgeError(words, "NotSupportedError")


def data_error(words: str) -> EdgeError:
    """A DataError."""
    return EdgeError(words, "DataError")


def failed(words: str) -> EdgeError:
    """An OperationError."""
    return EdgeError(words, "OperationError")
