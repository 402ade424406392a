"""Whether a plain value in a config is a secret. Says why, never the value.

Known kinds of credentials are told by their shape, whatever their name. Anything else needs both: a name that says
secret and a value that looks random. Placeholders, public keys and ids are no secrets.
"""

from __future__ import annotations

import math
import re
from collections import Counter

from edgelint.patterns import later

_SHAPES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (label, re.compile(pattern))
    for label, pattern in (
        ("a Stripe secret key", r"(?:sk|rk)_live_[0-9A-Za-z]{16,}"),
        ("a Stripe webhook secret", r"whsec_[0-9A-Za-z+/=]{24,}"),
        ("a GitHub token", r"gh[pousr]_[0-9A-Za-z]{30,}|github_pat_[0-9A-Za-z_]{40,}"),
        ("a GitLab token", r"glpat-[0-9A-Za-z_-]{20,}"),
        ("an AWS access key", r"(?:AKIA|ASIA)[0-9A-Z]{16}"),
        ("a Slack token", r"xox[abeoprs]-[0-9A-Za-z-]{20,}"),
        ("a Slack webhook", r"https://hooks\.slack\.com/services/T[0-9A-Z]+/B[0-9A-Z]+/[0-9A-Za-z]{20,}"),
        ("a Discord webhook", r"https://(?:\w+\.)?discord(?:app)?\.com/api/webhooks/[0-9]{15,}/[\w-]{50,}"),
        ("an Anthropic API key", r"sk-ant-[0-9A-Za-z_-]{30,}"),
        ("an OpenAI API key", r"sk-(?:proj-|svcacct-)?[0-9A-Za-z_-]{32,}"),
        ("a SendGrid API key", r"SG\.[\w-]{16,}\.[\w-]{32,}"),
        ("a Resend API key", r"re_[0-9A-Za-z]{8}_[0-9A-Za-z]{20,}"),
        ("a Telegram bot token", r"[0-9]{8,10}:AA[\w-]{32,}"),
        ("a Twilio API key", r"SK[0-9a-f]{32}"),
        ("a Google OAuth client secret", r"GOCSPX-[\w-]{20,}"),
        ("an npm token", r"npm_[0-9A-Za-z]{36}"),
        ("a Hugging Face token", r"hf_[0-9A-Za-z]{30,}"),
        ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----[\s\S]*"),
        ("a private key", r'[\s\S]*"kty"\s*:\s*"[\s\S]*"d"\s*:\s*"[\w-]{20,}"[\s\S]*'),
    )
)
_LOGIN = later(r"[a-z][a-z0-9+.-]*://[^\s/:@]*:(?P<password>[^\s/@]+)@(?P<host>[^\s/:?#]+)")
_LOCAL_HOST = later(
    r"localhost|127\.|0\.0\.0\.0|\[?::1|host\.docker|[^.]+$|.*\.(?:local|internal|test|example|invalid)$"
    r"|(?:.*\.)?example\.(?:com|net|org)$"
)
_SECRET_NAME = later(
    r"(?:^|_)(?:SECRET|TOKEN|PASSWORD|PASSWD|PWD|PASSPHRASE|API_?KEYS?|APIKEY|PRIVATE_?KEY|ACCESS_?KEY|SIGNING_?KEY"
    r"|ENCRYPTION_?KEY|SERVICE_ROLE_KEY|MASTER_KEY|AUTH_KEY|CREDENTIALS?|SALT|PEPPER|WEBHOOK_KEY|SECRET_?KEY"
    r"|SECRET_ACCESS_KEY)(?:_(?:BASE64|B64|HEX|V?[0-9]+|PROD|PRODUCTION|LIVE))?$"
)
_PUBLIC_NAME = later(
    r"PUBLIC|PUBLISHABLE|ANON(?:_|$)|SITE_?KEY|CLIENT_ID|KEY_?ID|VITE_|FIREBASE_API|MAPS|SENTRY_DSN"
    r"|SHOPIFY_API_KEY$"  # the client id: https://shopify.dev/docs/apps/build/authentication-authorization
)
_PLACEHOLDER = later(
    r"your|change[-_ ]?me|change[-_ ]?this|changeit|replace|example|placeholder|insert|dummy|sample|fake|mock|default"
    r"|todo"
    r"|fixme|secret|password|passwd|token|test|demo|local|dev(?:elop|[-_]|$)|x{4,}|\*{3,}|\.\.\.|<|>|\{\{|\$\{|^\$|%\w+%"
    r"|1234|abcd|0{6,}|lorem|not[-_ ]?set|none|null|undefined|optional|required|see |put |set |key[-_ ]?here|wrangler",
    re.IGNORECASE,
)
_MIN_LENGTH = 16
_MIN_ENTROPY = 3.2  # bits a character: random hex has about 3.6 at 32 characters, English words joined under 3.2


def secret_kind(name: str, value: str) -> str | None:
    """What kind of secret ``value`` is ("a GitHub token", "a secret"), or None. ``name`` is the variable's."""
    value = value.strip()
    for label, shape in _SHAPES:
        if shape.fullmatch(value):
            return None if _is_dummy(value) else label
    login = _LOGIN.match(value)
    if login is not None:
        local = _LOCAL_HOST.match(login["host"]) is not None
        return None if local or _PLACEHOLDER.search(login["password"]) else "a URL with a password"
    plain = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).replace("-", "_").upper()
    if not _SECRET_NAME.search(plain) or _PUBLIC_NAME.search(plain):
        return None
    return "a secret" if looks_random(value) else None


def looks_random(value: str) -> bool:
    """Whether a value can hardly be anything but generated: long enough, letters and digits, high entropy, no words
    that people put where a secret is to come."""
    if len(value) < _MIN_LENGTH or re.search(r"\s|://|^[/.@#]|@", value) or _PLACEHOLDER.search(value):
        return False
    if not (re.search(r"[A-Za-z]", value) and re.search(r"[0-9]", value)):
        return False
    return entropy(value) >= _MIN_ENTROPY


def entropy(value: str) -> float:
    """Shannon entropy in bits a character."""
    total = len(value)
    return -sum(n / total * math.log2(n / total) for n in Counter(value).values())


def _is_dummy(value: str) -> bool:
    """A token of a known shape that is made of one or two characters, or says that it is none."""
    tail = re.sub(r"^[A-Za-z]+[-_]", "", value)
    return len(set(tail)) <= 4 or re.search(r"x{6,}|example|placeholder|your", value, re.IGNORECASE) is not None
