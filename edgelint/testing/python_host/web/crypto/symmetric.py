"""Secret keys: HMAC, AES, and what keys are derived from: PBKDF2 and HKDF."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from typing import Any, Final

from edgelint.platform import limits
from edgelint.testing.errors import EdgeError, type_error
from edgelint.testing.python_host.web.base import MISSING, field, is_buffer, text, truth, whole
from edgelint.testing.python_host.web.crypto import keys
from edgelint.testing.python_host.web.crypto.keys import CryptoKey, data_error, failed, not_supported

AES: Final = ("AES-GCM", "AES-CBC", "AES-CTR", "AES-KW")
DERIVING: Final = ("PBKDF2", "HKDF")
_AES_BITS: Final = (128, 192, 256)
_AES_USAGES: Final = ("encrypt", "decrypt", "wrapKey", "unwrapKey")
_TAG_BITS: Final = (32, 64, 96, 104, 112, 120, 128)
_BLOCK: Final = 16
_HMAC_JWK: Final = {"HS1": "SHA-1", "HS256": "SHA-256", "HS384": "SHA-384", "HS512": "SHA-512", "HSMD5": "MD5"}
_UNDECIPHERED: Final = (
    "Decryption failed. This could be due to a ciphertext authentication failure, bad padding, incorrect CryptoKey, or "
    "another algorithm-specific reason. Input length was {0}, output length expected to be {1} for {2}"
)


def handles(name: str) -> bool:
    """Whether an algorithm is one of these."""
    return name == "HMAC" or name in AES or name in DERIVING


def allowed_usages(name: str) -> Sequence[str]:
    """What keys of an algorithm may be for."""
    if name == "HMAC":
        return ("sign", "verify")
    if name in DERIVING:
        return ("deriveKey", "deriveBits")
    return ("wrapKey", "unwrapKey") if name == "AES-KW" else _AES_USAGES


def generate(name: str, algorithm: Any, extractable: bool, wanted: Any, random: Any) -> CryptoKey:
    """A new key. Raises EdgeError (OperationError, SyntaxError)."""
    if name in DERIVING:
        raise not_supported(f'Unrecognized key generation algorithm "{name}" requested.')
    found = keys.usages(wanted, allowed_usages(name), name, "generate")
    if name == "HMAC":
        hashed = keys.hash_of(algorithm)
        bits = keys.length_in_bits(algorithm, keys.BLOCKS[hashed])
        if not bits or bits < 0:
            raise failed(f"HMAC key length must be a non-zero unsigned long integer (requested {bits}).")
        described: dict[str, Any] = {"name": name, "hash": {"name": hashed}, "length": bits}
    else:
        bits = whole(keys.required(algorithm, "length"))
        if bits not in _AES_BITS:
            raise failed(f"Generated AES key length must be 128, 192, or 256 bits but requested {bits}.")
        described = {"name": name, "length": bits}
    if not found:
        raise EdgeError(keys.NO_USAGE, "SyntaxError")
    return CryptoKey._of("secret", random.randbytes((bits + 7) // 8), described, extractable, found)


def import_key(name: str, form: str, source: Any, algorithm: Any, extractable: bool, wanted: Any) -> CryptoKey:
    """A key from bytes or a JSON Web Key. Raises EdgeError (DataError, NotSupportedError, SyntaxError)."""
    found = keys.usages(wanted, allowed_usages(name), name, "import", "" if name in DERIVING else "secret")
    if name in DERIVING:
        if extractable:
            raise EdgeError(f"{name} key cannot be extractable.", "SyntaxError")
        if form != "raw":
            raise not_supported(f'{name} key must be imported in "raw" format (requested "{form}").')
        return _ready(CryptoKey._of("secret", bytes(source), {"name": name}, False, found))
    if form == "jwk":
        material = _from_jwk(name, source, algorithm, extractable)
    elif form == "raw":
        material = bytes(source)
    else:
        raise not_supported(f'Unrecognized key import format "{form}".')
    if name == "HMAC":
        hashed = keys.hash_of(algorithm)
        bits = keys.length_in_bits(algorithm, len(material) * 8)
        if not material or not bits or not len(material) * 8 - 8 < bits <= len(material) * 8:
            raise data_error(
                f"Imported HMAC key length ({bits}) must be a non-zero value up to 7 bits less than, and no greater "
                f"than, the bit length of the raw key data ({len(material) * 8})."
            )
        described: dict[str, Any] = {"name": name, "hash": {"name": hashed}, "length": bits}
    else:
        if len(material) * 8 not in _AES_BITS:
            raise data_error(
                f"Imported AES key length must be 128, 192, or 256 bits but provided {len(material) * 8}."
            )
        described = {"name": name, "length": len(material) * 8}
    return _ready(CryptoKey._of("secret", material, described, extractable, found))


def export_key(form: str, key: CryptoKey) -> Any:
    """Its bytes or its JSON Web Key. Raises EdgeError (NotSupportedError)."""
    if form == "raw":
        return key._material
    if form != "jwk":
        raise not_supported(
            f'Unimplemented key export format "{form}".' if key._name == "HMAC" else
            f'{key._name} key only supports exporting "raw", "raw-secret" & "jwk", not "{form}".'
        )
    if key._name == "HMAC":
        alg = _hmac_alg(key._hash)
    else:
        alg = f"A{key._algorithm['length']}{key._name.removeprefix('AES-')}"
    return {"kty": "oct", "key_ops": key.usages, "alg": alg, "ext": True, "k": keys.encode64(key._material)}


def sign(key: CryptoKey, content: bytes) -> bytes:
    """An HMAC."""
    return hmac.new(key._material, content, keys.HASHES[key._hash]).digest()


def verify(key: CryptoKey, signature: bytes, content: bytes) -> bool:
    """Whether it is the HMAC."""
    return hmac.compare_digest(sign(key, content), signature)


def encrypt(key: CryptoKey, algorithm: Any, content: bytes) -> bytes:
    """AES, in the mode that the key is for. Raises EdgeError (OperationError)."""
    match key._name:
        case "AES-GCM":
            iv, extra, tag = _gcm(algorithm)
            from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

            sealing = Cipher(algorithms.AES(key._material), modes.GCM(iv, min_tag_length=4)).encryptor()
            sealing.authenticate_additional_data(extra)
            return sealing.update(content) + sealing.finalize() + sealing.tag[: tag // 8]
        case "AES-CBC":
            from cryptography.hazmat.primitives import padding

            padder = padding.PKCS7(_BLOCK * 8).padder()
            return _cbc(key, algorithm, padder.update(content) + padder.finalize(), decrypting=False)
        case "AES-CTR":
            return _ctr(key, algorithm, content)
    raise not_supported(f"The encrypt operation is not implemented for \"{key._name}\".")


def decrypt(key: CryptoKey, algorithm: Any, content: bytes) -> bytes:
    """The contrary. Raises EdgeError (OperationError) for what was not made with this key."""
    match key._name:
        case "AES-GCM":
            iv, extra, tag = _gcm(algorithm)
            if len(content) * 8 < tag:
                raise failed(
                    f"Ciphertext length of {len(content) * 8} bits must be greater than or equal to the size of the "
                    f"AES-GCM tag length of {tag} bits."
                )
            return _open_gcm(key, iv, extra, content, tag // 8)
        case "AES-CBC":
            if len(content) % _BLOCK or not content:
                raise failed(_UNDECIPHERED.format(len(content), 0, "AES-CBC"))
            from cryptography.hazmat.primitives import padding

            unpadder = padding.PKCS7(_BLOCK * 8).unpadder()
            try:
                return unpadder.update(_cbc(key, algorithm, content, decrypting=True)) + unpadder.finalize()
            except ValueError:
                raise failed(_UNDECIPHERED.format(len(content), 0, "AES-CBC")) from None
        case "AES-CTR":
            return _ctr(key, algorithm, content)
    raise not_supported(f"The decrypt operation is not implemented for \"{key._name}\".")


def wrap(key: CryptoKey, content: bytes) -> bytes:
    """AES-KW. Raises EdgeError (OperationError)."""
    from cryptography.hazmat.primitives.keywrap import aes_key_wrap

    if len(content) % 8:
        raise failed(
            "Unwrapped key bit length must be a multiple of 64 bits but unwrapped key has a length of "
            f"{len(content) * 8} bits."
        )
    try:
        return aes_key_wrap(key._material, content)
    except ValueError:
        raise failed("AES-KW key wrapping failed.") from None


def unwrap(key: CryptoKey, content: bytes) -> bytes:
    """The contrary. Raises EdgeError (OperationError)."""
    from cryptography.hazmat.primitives.keywrap import InvalidUnwrap, aes_key_unwrap

    try:
        return aes_key_unwrap(key._material, content)
    except (InvalidUnwrap, ValueError):
        raise failed("AES-KW key unwrapping failed.") from None


def derive(key: CryptoKey, algorithm: Any, bits: int | None) -> bytes:
    """Bits from a password or a secret. Raises EdgeError (OperationError, NotSupportedError)."""
    name = key._name
    hashed = keys.hash_of(algorithm)
    salt = keys.buffer_of(algorithm, "salt")
    if bits is None:
        raise failed(f"{name} cannot derive a key with null length.")
    if bits % 8:
        raise failed(f"{name} requires a derived key length that is a multiple of eight (requested {bits}).")
    if name == "HKDF":
        return _hkdf(hashed, key._material, salt, keys.buffer_of(algorithm, "info"), bits // 8)
    rounds = whole(keys.required(algorithm, "iterations"))
    if rounds < 1:
        raise failed(f"PBKDF2 requires a positive iteration count (requested {rounds}).")
    if rounds > limits.PBKDF2_MAX_ITERATIONS:
        raise not_supported(
            f"Pbkdf2 failed: iteration counts above {limits.PBKDF2_MAX_ITERATIONS} are not supported "
            f"(requested {rounds})."
        )
    return hashlib.pbkdf2_hmac(keys.HASHES[hashed], key._material, salt, rounds, bits // 8) if bits else b""


def derived_length(algorithm: Any) -> int | None:
    """How many bits a key of an algorithm wants to be derived; None where it takes any."""
    written = keys.algorithm_name(algorithm, "deriveKey on SubtleCrypto 3")
    name = written.upper()
    if name in DERIVING:
        return None
    if name in AES:
        bits = whole(keys.required(algorithm, "length", "derivedKeyParams"))
        if bits not in _AES_BITS:
            raise failed(f"Derived AES key must be 128, 192, or 256 bits in length but provided {bits}.")
        return bits
    if name == "HMAC":
        bits = keys.length_in_bits(algorithm, keys.BLOCKS[keys.hash_of(algorithm, "derivedKeyParams")]) or 0
        if bits <= 0:
            raise type_error("HMAC key length must be a non-zero unsigned long integer.")
        return bits
    raise not_supported(f'Unrecognized derived key type "{written}" requested.')


def _hkdf(hashed: str, secret: bytes, salt: bytes, info: bytes, size: int) -> bytes:
    """RFC 5869."""
    name = keys.HASHES[hashed]
    width = hashlib.new(name, usedforsecurity=False).digest_size
    if size > 255 * width:
        raise failed("HKDF deriveBits failed.")
    extracted = hmac.new(salt or bytes(width), secret, name).digest()
    block, made = b"", b""
    for counter in range(1, -(-size // width) + 1):
        block = hmac.new(extracted, block + info + bytes([counter]), name).digest()
        made += block
    return made[:size]


def _gcm(algorithm: Any) -> tuple[bytes, bytes, int]:
    iv = keys.buffer_of(algorithm, "iv")
    if not iv:
        raise failed("AES-GCM IV must not be empty.")
    tag = whole(field(algorithm, "tagLength", 128))
    if tag not in _TAG_BITS:
        raise failed(f"Invalid AES-GCM tag length {tag}.")
    extra = field(algorithm, "additionalData", MISSING)
    return iv, bytes(extra) if is_buffer(extra) else b"", tag


def _open_gcm(key: CryptoKey, iv: bytes, extra: bytes, content: bytes, tag: int) -> bytes:
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    sealed, seal = content[: len(content) - tag], content[len(content) - tag :]
    opening = Cipher(algorithms.AES(key._material), modes.GCM(iv, seal, min_tag_length=4)).decryptor()
    opening.authenticate_additional_data(extra)
    try:
        return opening.update(sealed) + opening.finalize()
    except InvalidTag:
        raise failed(_UNDECIPHERED.format(len(sealed), len(sealed), "AES-GCM")) from None


def _cbc(key: CryptoKey, algorithm: Any, content: bytes, *, decrypting: bool) -> bytes:
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    iv = keys.buffer_of(algorithm, "iv")
    if len(iv) != _BLOCK:
        raise failed(f"AES-CBC IV must be 16 bytes long (provided {len(iv)} bytes).")
    cipher = Cipher(algorithms.AES(key._material), modes.CBC(iv))
    run = cipher.decryptor() if decrypting else cipher.encryptor()
    return run.update(content) + run.finalize()


def _ctr(key: CryptoKey, algorithm: Any, content: bytes) -> bytes:
    """The counter is only the last ``length`` bits of its block: it wraps within them."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    counter = keys.buffer_of(algorithm, "counter")
    bits = whole(keys.required(algorithm, "length"))
    if len(counter) != _BLOCK:
        raise failed(f"Counter must have length of 16 bytes (provided {len(counter)}).")
    if not 1 <= bits <= 128:
        raise failed(f"Invalid counter of {bits} bits length provided.")
    blocks = -(-len(content) // _BLOCK)
    if blocks > 2**bits:
        raise failed("Counter block values will repeat.")
    start = int.from_bytes(counter)
    before_wrap = 2**bits - start % 2**bits
    made = b""
    for first, count in ((start, min(blocks, before_wrap)), (start - start % 2**bits, blocks - before_wrap)):
        if count > 0:
            run = Cipher(algorithms.AES(key._material), modes.CTR(first.to_bytes(_BLOCK))).encryptor()
            made += run.update(content[len(made) : len(made) + count * _BLOCK]) + run.finalize()
    return made


def _ready(key: CryptoKey) -> CryptoKey:
    if not key._usages:
        raise EdgeError(keys.NO_USAGE, "SyntaxError")
    return key


def _from_jwk(name: str, source: Any, algorithm: Any, extractable: bool) -> bytes:
    kind = text(field(source, "kty", ""))
    family = "HMAC" if name == "HMAC" else "Symmetric"
    if kind != "oct":
        raise data_error(
            f'{family} "jwk" key import requires a JSON Web Key with Key Type parameter ("kty") equal to "oct" '
            f'(encountered "{kind}").'
        )
    if extractable and field(source, "ext", MISSING) is not MISSING and not truth(field(source, "ext")):
        raise data_error(f'JWK ext field for "{name}" is set to false but extractable is true')
    alg = field(source, "alg", MISSING)
    if name == "HMAC" and alg is not MISSING:
        expected = _hmac_alg(keys.hash_of(algorithm))
        if text(alg) != expected:
            raise data_error(
                f'HMAC "jwk" key import specifies "alg" that is incompatible with the hash name (encountered '
                f'"{text(alg)}", expected "{expected}").'
            )
    try:
        return keys.decode64(field(source, "k", ""))
    except ValueError:
        raise data_error(f'{family} "jwk" key import requires a base64Url encoding of the key') from None


def _hmac_alg(hashed: str) -> str:
    return next(short for short, name in _HMAC_JWK.items() if name == hashed)
