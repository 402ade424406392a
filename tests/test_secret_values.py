"""What is a secret among plain values. Tokens are put together here so that none stands in the repository."""

from __future__ import annotations

import pytest

from edgelint.project.secret_values import entropy, looks_random, secret_kind

RANDOM = "q7Zt9LmP2xKv8RwB4nYcH3sF"
HEX = "8f14e45fceea167a5a36dedd4bea2543"


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("sk_" + "live_" + RANDOM, "a Stripe secret key"), ("whsec_" + RANDOM, "a Stripe webhook secret"),
        ("ghp_" + RANDOM + "abcdef12", "a GitHub token"), ("glpat-" + RANDOM, "a GitLab token"),
        ("AKIA" + "Q7ZT9LMP2XKV8RWB", "an AWS access key"), ("xoxb-" + RANDOM, "a Slack token"),
        ("https://hooks.slack.com/services/T0ABC/B0DEF/" + RANDOM, "a Slack webhook"),
        ("sk-ant-" + RANDOM + "abcdefgh", "an Anthropic API key"),
        ("sk-proj-" + RANDOM + "abcdefgh", "an OpenAI API key"),
        ("SG." + RANDOM + "." + HEX, "a SendGrid API key"), ("SK" + HEX, "a Twilio API key"),
        ("GOCSPX-" + RANDOM, "a Google OAuth client secret"),
        ("123456789:AA" + RANDOM + "123456789", "a Telegram bot token"),
        ("-----BEGIN " + "PRIVATE KEY-----\nMIIEvQ\n", "a private key"),
        ('{"kty": "EC", "x": "y", "d": "' + RANDOM + '"}', "a private key"),
        ("postgres://app:" + "Vw8sKq2ZpL@db.acme.io/main", "a URL with a password"),
        ("https://:" + "Vw8sKq2ZpL@acme.io", "a URL with a password"),
    ],
)  # fmt: skip
def test_known_shapes_whatever_the_name(value: str, kind: str) -> None:
    assert secret_kind("ANYTHING", value) == kind


@pytest.mark.parametrize("name", ["JWT_SECRET", "apiKey", "api-key", "PARTNER_TOKEN", "DB_PASSWORD", "signingKey",
                                  "APP_SECRET_V2",
                                  "AWS_SECRET_ACCESS_KEY", "COOKIE_SALT"])  # fmt: skip
def test_names_that_say_secret(name: str) -> None:
    assert secret_kind(name, RANDOM) == "a secret"
    assert secret_kind(name, HEX) == "a secret"
    assert secret_kind(name, "changeme") is None


@pytest.mark.parametrize(
    "name",
    ["COMMIT", "STRIPE_PUBLISHABLE_KEY", "TURNSTILE_SITE_KEY", "CLIENT_ID", "KEY_ID", "TOKEN_URL", "SECRET_NAME",
     "PUBLIC_KEY", "SUPABASE_ANON_KEY", "TOKENS_PER_MINUTE", "MONKEY", "VITE_API_KEY"],
)  # fmt: skip
def test_other_names(name: str) -> None:
    assert secret_kind(name, RANDOM) is None


@pytest.mark.parametrize(
    "value",
    ["", "short1", "your-api-key-goes-here-1", "<API_TOKEN>", "${API_TOKEN_12345678}", "xxxxxxxxxxxxxxxxxxxx1", "https://acme.io/a1b2c3d4e5f6",
     "aaaaaaaaaaaaaaaaaaaaaaa1", "onlylettersandnothingelse", "12345678901234567890", "some words with 1 digit in them",
     "user1@acme-corporation.io", "/path/to/some/key1/file", "example-Zt9LmP2xKv8RwB4n", "dev-q7Zt9LmP2xKv8RwB4nYc"],
)  # fmt: skip
def test_values_that_are_no_secret(value: str) -> None:
    assert secret_kind("API_TOKEN", value) is None


@pytest.mark.parametrize(
    "value",
    ["sk_" + "live_" + "x" * 24, "ghp_" + "0" * 36, "AKIA" + "IOSFODNN7EXAMPLE", "postgres://u:password@db.acme.io/x",
     "postgres://u:Vw8sKq2ZpL@localhost/x", "postgres://u:Vw8sKq2ZpL@db/x", "mysql://u:Vw8sKq2ZpL@127.0.0.1:3306/x"],
)  # fmt: skip
def test_dummies_and_local_logins(value: str) -> None:
    assert secret_kind("X", value) is None


def test_entropy() -> None:
    assert entropy("aaaa") == 0
    assert entropy("abcd") == 2
    assert looks_random(RANDOM)
