"""Pairs of keys: RSA, elliptic curves, Ed25519 and X25519."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.web.base import MISSING, field, is_buffer, text, whole, wrong_field
from edgelint.testing.python_host.web.crypto import keys
from edgelint.testing.python_host.web.crypto.keys import CryptoKey, data_error, failed, not_supported

RSA: Final = ("RSASSA-PKCS1-v1_5", "RSA-PSS", "RSA-OAEP")
EC: Final = ("ECDSA", "ECDH")
OKP: Final = ("Ed25519", "X25519")
NAMES: Final = (*RSA, *EC, *OKP, "NODE-ED25519")
_CURVES: Final = {"P-256": ("SECP256R1", 32), "P-384": ("SECP384R1", 48), "P-521": ("SECP521R1", 66)}
_WRONG_KTY: Final = {
    family: f'{start} a JSON Web Key with Key Type parameter "kty" ("{{kind}}") equal to "{family}".'
    for family, start in (
        ("RSA", 'RSASSA-PKCS1-v1_5 "jwk" key import requires'), ("EC", 'Elliptic curve "jwk" key import requires'),
        ("OKP", '{name} "jwk" key imports requires'),
    )
}  # fmt: skip
_MISSING_PART: Final = {
    ("RSA", "e"): 'Invalid RSA key in JSON Web Key; missing or invalid Exponent parameter ("e").',
    ("RSA", "n"): 'Invalid RSA key in JSON Web Key; missing or invalid Modulus parameter ("n").',
    ("OKP", "x"): 'Invalid Ed25519 key in JSON WebKey; missing or invalid public key component ("x").',
}
_RSA_BITS: Final = (256, 16384)
_OAEP_FAILED: Final = "RSA-OAEP failed encrypt/decrypt."
_RSA_EXPONENTS: Final = (3, 65537)
_ES: Final = {"P-256": "ES256", "P-384": "ES384", "P-521": "ES512"}


def canonical(name: str) -> str | None:
    """The name of an algorithm as the standard spells it; None for another family's."""
    found = next((each for each in NAMES if each.upper() == name.upper()), None)
    return "Ed25519" if found == "NODE-ED25519" else found


def usages_of(name: str) -> tuple[Sequence[str], Sequence[str]]:
    """What the private and the public key of an algorithm may be for."""
    if name == "RSA-OAEP":
        return ("decrypt", "unwrapKey"), ("encrypt", "wrapKey")
    if name in ("ECDH", "X25519"):
        return ("deriveKey", "deriveBits"), ()
    return ("sign",), ("verify",)


def generate(name: str, algorithm: Any, extractable: bool, wanted: Any) -> dict[str, CryptoKey]:
    """A new pair. Its chance is the system's: libraries take no other, so two runs differ in it."""
    private_uses, public_uses = usages_of(name)
    found = keys.usages(wanted, (*private_uses, *public_uses), name, "generate")
    private, described = _generate(name, algorithm)
    mine = [usage for usage in found if usage in private_uses]
    if not mine:
        raise EdgeError("Attempt to generate asymmetric keys with no valid private key usages.", "SyntaxError")
    return {
        "publicKey": CryptoKey._of("public", private.public_key(), described, True, set(found) & set(public_uses)),
        "privateKey": CryptoKey._of("private", private, described, extractable, mine),
    }


def _generate(name: str, algorithm: Any) -> tuple[Any, dict[str, Any]]:
    if name in RSA:
        from cryptography.hazmat.primitives.asymmetric import rsa

        hashed = keys.hash_of(algorithm)
        bits = whole(keys.required(algorithm, "modulusLength"))
        exponent = bytes(keys.required(algorithm, "publicExponent"))
        if not _RSA_BITS[0] <= bits <= _RSA_BITS[1] or bits % 8:
            raise failed(
                f"The modulus length must be a multiple of 8 and between 256 and 16k, but {bits} was requested."
            )
        if int.from_bytes(exponent) not in _RSA_EXPONENTS:
            raise failed(f'The "publicExponent" must be either 3 or 65537, but got {int.from_bytes(exponent)}.')
        try:
            made: Any = rsa.generate_private_key(int.from_bytes(exponent), bits)
        except ValueError as error:  # the library makes none so short
            raise failed(f"Error generating RSA key: {error}") from None
        return made, _rsa(name, made.public_key(), hashed)
    if name in EC:
        from cryptography.hazmat.primitives.asymmetric import ec

        curve = _curve(keys.required(algorithm, "namedCurve"))
        return ec.generate_private_key(_curve_object(curve)), {"name": name, "namedCurve": curve}
    return _okp_class(name, private=True).generate(), {"name": name}


def import_key(name: str, form: str, source: Any, algorithm: Any, extractable: bool, wanted: Any) -> CryptoKey:
    """A key from one of the formats "spki", "pkcs8", "jwk" and "raw". Raises EdgeError (DataError and others)."""
    material = _import(name, form, source, algorithm)
    private = hasattr(material, "public_key")
    private_uses, public_uses = usages_of(name)
    kind = "private" if private else "public"
    found = keys.usages(wanted, private_uses if private else public_uses, name, "import", kind)
    if private and not found:
        raise EdgeError(keys.NO_USAGE, "SyntaxError")
    if name in RSA:
        public = material.public_key() if private else material
        described = _rsa(name, public, keys.hash_of(algorithm))
    elif name in EC:
        described = {"name": name, "namedCurve": _curve(keys.required(algorithm, "namedCurve"))}
    else:
        described = {"name": name}
    return CryptoKey._of(kind, material, described, extractable, found)


def _import(name: str, form: str, source: Any, algorithm: Any) -> Any:
    if form not in ("spki", "pkcs8", "jwk", "raw"):
        raise not_supported(f'Unrecognized key import format "{form}".')
    try:
        found = _read(name, form, source, algorithm)
    except EdgeError:
        raise
    except Exception:  # the library has a class of error for each kind of nonsense
        words = {"spki": "Invalid SPKI input.", "pkcs8": "Invalid PKCS8 input."}
        if form == "raw" and name in OKP:
            raise data_error(f"{name} raw keys must be exactly 32-bytes (provided {len(bytes(source))}).") from None
        if form == "raw" and name in EC:
            raise data_error("Failed to import raw EC key data: Invalid point encoding..") from None
        raise data_error(words.get(form, f"Invalid {name} key.")) from None
    _check_kind(name, found, algorithm)
    return found


def _read(name: str, form: str, source: Any, algorithm: Any) -> Any:
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    if form == "jwk":
        return _from_jwk(name, source, algorithm)
    if form == "spki":
        return serialization.load_der_public_key(bytes(source))
    if form == "pkcs8":
        return serialization.load_der_private_key(bytes(source), None)
    if name in EC:
        curve = _curve(keys.required(algorithm, "namedCurve"))
        return ec.EllipticCurvePublicKey.from_encoded_point(_curve_object(curve), bytes(source))
    if name in OKP:
        return _okp_class(name, private=False).from_public_bytes(bytes(source))
    raise not_supported(f'Unrecognized key import format "{form}".')


def _check_kind(name: str, material: Any, algorithm: Any) -> None:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    if name in RSA:
        fits = isinstance(material, (rsa.RSAPublicKey, rsa.RSAPrivateKey))
    elif name in EC:
        fits = isinstance(material, (ec.EllipticCurvePublicKey, ec.EllipticCurvePrivateKey))
        wanted = _curve(keys.required(algorithm, "namedCurve"))
        if fits and material.curve.name.upper() != _CURVES[wanted][0]:
            raise data_error(
                f'"algorithm.namedCurve" "{wanted}" does not match the curve specified by the input key data.'
            )
    else:
        fits = isinstance(material, (_okp_class(name, private=True), _okp_class(name, private=False)))
    if not fits:
        raise data_error(f"Input was not an {_family(name)} key.")


def export_key(form: str, key: CryptoKey) -> Any:
    """A key in one of the formats. Raises EdgeError (InvalidAccessError, NotSupportedError)."""
    from cryptography.hazmat.primitives import serialization

    if form == "jwk":
        return {**_to_jwk(key), "key_ops": key.usages, "ext": key._extractable}
    if form == "spki":
        _only(form, key, "public")
        return key._material.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
    if form == "pkcs8":
        _only(form, key, "private")
        return key._material.private_bytes(
            serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
    if form == "raw" and key._name not in RSA:
        if key._kind != "public":
            raise EdgeError("Raw export of elliptic curve keys is only allowed for public keys.", "InvalidAccessError")
        if key._name in EC:
            point = serialization.PublicFormat.UncompressedPoint
            return key._material.public_bytes(serialization.Encoding.X962, point)
        return key._material.public_bytes_raw()
    raise EdgeError(f'Cannot export "{key._name}" in "{form}" format.', "InvalidAccessError")


def _only(form: str, key: CryptoKey, kind: str) -> None:
    if key._kind != kind:
        raise EdgeError(
            f'Asymmetric {form} export requires {kind} key (not "{key._kind}").', "InvalidAccessError"
        )


def sign(key: CryptoKey, algorithm: Any, content: bytes) -> bytes:
    """A signature."""
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature

    if key._kind != "private":
        raise EdgeError("Asymmetric signing requires a private key.", "InvalidAccessError")
    if key._name in RSA:
        made = key._material.sign(content, _rsa_padding(key, algorithm), keys.hash_object(key._hash))
    elif key._name == "ECDSA":
        hashed = keys.hash_object(keys.hash_of(algorithm))
        r, s = decode_dss_signature(key._material.sign(content, ec.ECDSA(hashed)))
        size = _CURVES[key._algorithm["namedCurve"]][1]
        made = r.to_bytes(size) + s.to_bytes(size)
    else:
        made = key._material.sign(content)
    return bytes(made)


def verify(key: CryptoKey, algorithm: Any, signature: bytes, content: bytes) -> bool:
    """Whether a signature is this key's."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric import ec
    from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature

    if key._kind != "public":
        raise EdgeError("Asymmetric verification requires a public key.", "InvalidAccessError")
    try:
        if key._name in RSA:
            key._material.verify(signature, content, _rsa_padding(key, algorithm), keys.hash_object(key._hash))
        elif key._name == "ECDSA":
            size = _CURVES[key._algorithm["namedCurve"]][1]
            if len(signature) != 2 * size:
                return False
            pair = encode_dss_signature(int.from_bytes(signature[:size]), int.from_bytes(signature[size:]))
            key._material.verify(pair, content, ec.ECDSA(keys.hash_object(keys.hash_of(algorithm))))
        else:
            key._material.verify(signature, content)
    except InvalidSignature:
        return False
    return True


def encrypt(key: CryptoKey, algorithm: Any, content: bytes) -> bytes:
    """RSA-OAEP. Raises EdgeError (OperationError) for what is too long."""
    try:
        return bytes(key._material.encrypt(content, _oaep(key, algorithm)))
    except ValueError:
        raise failed(_OAEP_FAILED) from None


def decrypt(key: CryptoKey, algorithm: Any, content: bytes) -> bytes:
    """RSA-OAEP. Raises EdgeError (OperationError) for what was not made for this key."""
    try:
        return bytes(key._material.decrypt(content, _oaep(key, algorithm)))
    except ValueError:
        raise failed(_OAEP_FAILED) from None


def derive(key: CryptoKey, algorithm: Any, bits: int | None) -> bytes:
    """The secret that two pairs share, its first ``bits``. Raises EdgeError (InvalidAccessError, OperationError)."""
    from cryptography.hazmat.primitives.asymmetric import ec

    other = keys.required(algorithm, "public")
    if not isinstance(other, CryptoKey):
        raise wrong_field("public", "DeriveKeyAlgorithm", "CryptoKey")
    if other._kind != "public":
        raise EdgeError(f'The provided key has type "{other._kind}", not "public"', "InvalidAccessError")
    if other._name != key._name:
        raise EdgeError(
            f"Base {key._name} private key cannot be used to derive a key from a peer {other._name} public key",
            "InvalidAccessError",
        )
    if key._name == "ECDH":
        mine, theirs = key._algorithm["namedCurve"], other._algorithm["namedCurve"]
        if theirs != mine:
            raise EdgeError(
                f'Private key for derivation is using curve "{mine}" while public key is using "{theirs}".',
                "InvalidAccessError",
            )
        secret = bytes(key._material.exchange(ec.ECDH(), other._material))
    else:
        secret = bytes(key._material.exchange(other._material))
    if bits is None:
        return secret
    if bits > len(secret) * 8:
        raise failed(f"Derived key length ({bits} bits) is too long (should be at most {len(secret) * 8} bits).")
    cut = secret[: (bits + 7) // 8]
    return cut if bits % 8 == 0 else cut[:-1] + bytes([cut[-1] & (0xFF << (8 - bits % 8)) & 0xFF])


def _rsa(name: str, public: Any, hashed: str) -> dict[str, Any]:
    exponent = public.public_numbers().e
    return {
        "name": name, "modulusLength": public.key_size, "hash": {"name": hashed},
        "publicExponent": exponent.to_bytes((exponent.bit_length() + 7) // 8),
    }  # fmt: skip


def _rsa_padding(key: CryptoKey, algorithm: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    if key._name == "RSASSA-PKCS1-v1_5":
        return padding.PKCS1v15()
    if isinstance(algorithm, str) or field(algorithm, "saltLength", MISSING) is MISSING:
        raise data_error("Failed to provide salt for RSA-PSS key operation which requires a salt")
    salt = whole(field(algorithm, "saltLength"))
    if salt < 0:
        raise data_error(f"SaltLength for RSA-PSS must be non-negative (provided {salt}).")
    return padding.PSS(padding.MGF1(keys.hash_object(key._hash)), salt)


def _oaep(key: CryptoKey, algorithm: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric import padding

    label: Any = MISSING if isinstance(algorithm, str) else field(algorithm, "label", MISSING)
    hashed = keys.hash_object(key._hash)
    return padding.OAEP(padding.MGF1(hashed), hashed, bytes(label) if is_buffer(label) else None)


def _family(name: str) -> str:
    return "RSA" if name in RSA else "EC" if name in EC else name


def _curve(value: Any) -> str:
    name = text(value)
    if name not in _CURVES:
        raise not_supported(f'Unrecognized or unimplemented EC curve "{name}" requested.')
    return name


def _curve_object(name: str) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec

    return getattr(ec, _CURVES[name][0])()


def _okp_class(name: str, *, private: bool) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ed25519, x25519

    module: Any = ed25519 if name == "Ed25519" else x25519
    return getattr(module, f"{name}{'Private' if private else 'Public'}Key")


def _from_jwk(name: str, jwk: Any, algorithm: Any) -> Any:
    from cryptography.hazmat.primitives.asymmetric import ec, rsa

    kind = text(field(jwk, "kty", ""))
    wanted = "RSA" if name in RSA else "EC" if name in EC else "OKP"
    if kind != wanted:
        raise data_error(_WRONG_KTY[wanted].format(name=name, kind=kind))

    def part(member: str) -> bytes:
        value = field(jwk, member, MISSING)
        if value is MISSING:
            otherwise = f'Invalid {wanted} key in JSON Web Key; missing "{member}".'
            raise data_error(_MISSING_PART.get((wanted, member), otherwise))
        return keys.decode64(value)

    def number(member: str) -> int:
        return int.from_bytes(part(member))

    has_private = field(jwk, "d", MISSING) is not MISSING
    if name in RSA:
        modulus = number("n")
        public = rsa.RSAPublicNumbers(number("e"), modulus)
        if not has_private:
            return public.public_key()
        p, q, d, dp, dq, qi = (number(each) for each in ("p", "q", "d", "dp", "dq", "qi"))
        return rsa.RSAPrivateNumbers(p, q, d, dp, dq, qi, public).private_key()
    if name in EC:
        point = ec.EllipticCurvePublicNumbers(number("x"), number("y"), _curve_object(_curve(field(jwk, "crv", ""))))
        return ec.EllipticCurvePrivateNumbers(number("d"), point).private_key() if has_private else point.public_key()
    if has_private:
        return _okp_class(name, private=True).from_private_bytes(part("d"))
    return _okp_class(name, private=False).from_public_bytes(part("x"))


def _to_jwk(key: CryptoKey) -> dict[str, Any]:
    private = key._kind == "private"
    public = key._material.public_key() if private else key._material
    if key._name in OKP:
        found = {"kty": "OKP", "crv": key._name, "x": keys.encode64(public.public_bytes_raw())}
        if key._name == "Ed25519":
            found["alg"] = "EdDSA"
        return {**found, "d": keys.encode64(key._material.private_bytes_raw())} if private else found
    numbers = public.public_numbers()
    if key._name in EC:
        curve = key._algorithm["namedCurve"]
        size = _CURVES[curve][1]
        found = {"kty": "EC", "crv": curve, "x": _number(numbers.x, size), "y": _number(numbers.y, size)}
        if key._name == "ECDSA":
            found["alg"] = _ES[curve]
        return {**found, "d": _number(key._material.private_numbers().private_value, size)} if private else found
    found = {"kty": "RSA", "alg": _rsa_alg(key), "n": _number(numbers.n), "e": _number(numbers.e)}
    if not private:
        return found
    secret = key._material.private_numbers()
    members = {"d": secret.d, "p": secret.p, "q": secret.q, "dp": secret.dmp1, "dq": secret.dmq1, "qi": secret.iqmp}
    return {**found, **{name: _number(value) for name, value in members.items()}}


def _rsa_alg(key: CryptoKey) -> str:
    bits = key._hash.removeprefix("SHA-")
    if key._name == "RSA-OAEP":
        return "RSA-OAEP" if bits == "1" else f"RSA-OAEP-{bits}"
    return f"{'RS' if key._name == 'RSASSA-PKCS1-v1_5' else 'PS'}{bits}"


def _number(value: int, size: int | None = None) -> str:
    return keys.encode64(value.to_bytes(size if size is not None else (value.bit_length() + 7) // 8))
