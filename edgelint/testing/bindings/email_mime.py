"""Internet messages: what the platform looks at in one, and one made of its parts. The standard library parses."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.errors import HeaderParseError
from email.header import decode_header, make_header
from email.message import EmailMessage as Mime
from email.message import Message as Parsed
from email.utils import format_datetime, formataddr, getaddresses
from random import Random
from string import ascii_letters, digits
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.coercion import utf8
from edgelint.testing.errors import EdgeError

if TYPE_CHECKING:
    from datetime import datetime

_ID_LENGTH: Final = 36
"""Characters before the @ of a message id that production makes up (Miniflare's send_email.worker.ts says so)."""
_BRACKETED: Final = re.compile(r"<([^>]+)>$")
_FOLD: Final = re.compile(r"\r?\n[ \t]*")


@dataclass(frozen=True)
class MimeMessage:
    """A message that was parsed. ``headers`` are (name in lower case, decoded value) in order; addresses are bare;
    what has no header is None. ``text`` and ``html`` are the first part of that type."""

    headers: list[tuple[str, str]]
    from_address: str | None
    to_addresses: list[str]
    message_id: str | None
    in_reply_to: str | None
    references: str | None
    subject: str | None
    text: str | None = field(repr=False)
    html: str | None = field(repr=False)

    def header(self, name: str) -> str | None:
        """The value of a header, several joined with ", "; None when there is none."""
        found = [value for key, value in self.headers if key == name.lower()]
        return ", ".join(found) if found else None


def parse(raw: bytes) -> MimeMessage:
    """Read a message. What is no message has no headers."""
    parsed = message_from_bytes(raw, policy=policy.compat32)
    headers = [(name.lower(), _decoded(str(value))) for name, value in parsed.items()]

    def first(name: str) -> str | None:
        return next((value for key, value in headers if key == name and value), None)

    senders = _addresses([value for key, value in headers if key == "from"])
    return MimeMessage(
        headers, senders[0] if senders else None, _addresses([value for key, value in headers if key == "to"]),
        first("message-id"), first("in-reply-to"), first("references"), first("subject"),
        _part(parsed, "text/plain"), _part(parsed, "text/html"),
    )  # fmt: skip


def _addresses(values: list[str]) -> list[str]:
    return [address for _, address in getaddresses(values) if address]


def _decoded(value: str) -> str:
    value = _FOLD.sub(" ", value).strip()
    try:
        return str(make_header(decode_header(value)))
    except (HeaderParseError, LookupError, ValueError):
        return value


def _part(parsed: Parsed, content_type: str) -> str | None:
    for part in parsed.walk():
        if part.get_content_type() == content_type and part.get_content_disposition() != "attachment":
            data = part.get_payload(decode=True)
            if isinstance(data, bytes):
                try:
                    return data.decode(part.get_content_charset("utf-8"), "replace")
                except LookupError:
                    return data.decode("utf-8", "replace")
    return None


def bare_address(value: Any) -> str:
    """The address in "Name <a@b.c>", "a@b.c" or {"name", "email"}."""
    if isinstance(value, Mapping):
        return str(value.get("email", ""))
    match = _BRACKETED.search(str(value))
    return match.group(1).strip() if match else str(value).strip()


def bare_addresses(value: Any) -> list[str]:
    """The addresses in one of those, or in a list of them."""
    if value is None:
        return []
    values = [value] if isinstance(value, (str, Mapping)) else list(value)
    return [bare_address(each) for each in values]


def compose(
    builder: Mapping[str, Any], to: Sequence[str], message_id: str, sent: datetime, extra: Mapping[str, str]
) -> bytes:
    """The message that a builder's fields stand for (``from``, ``subject``, ``replyTo``, ``cc``, ``headers``, ``text``,
    ``html``, ``attachments``); ``bcc`` is not written. Raises EdgeError for a header that cannot be written."""
    mime = Mime(policy=policy.SMTP)
    try:
        mime["From"] = _written(builder.get("from"))
        if to:
            mime["To"] = ", ".join(to)
        if builder.get("cc") is not None:
            mime["Cc"] = ", ".join(bare_addresses(builder["cc"]))
        if builder.get("replyTo") is not None:
            mime["Reply-To"] = _written(builder["replyTo"])
        mime["Subject"] = str(builder.get("subject", ""))
        mime["Message-ID"] = message_id
        mime["Date"] = format_datetime(sent)
        for name, value in {**(builder.get("headers") or {}), **extra}.items():
            if name in mime:
                del mime[name]
            mime[name] = str(value)
    except (ValueError, AttributeError) as error:
        raise EdgeError(f"could not parse email: {error}") from None
    if builder.get("text") is not None or builder.get("html") is None:
        mime.set_content(str(builder.get("text") or ""))
    if builder.get("html") is not None:
        if builder.get("text") is not None:
            mime.add_alternative(str(builder["html"]), subtype="html")
        else:
            mime.set_content(str(builder["html"]), subtype="html")
    for attachment in builder.get("attachments") or []:
        _attach(mime, attachment)
    return mime.as_bytes()


def _written(value: Any) -> str:
    """An address as a header has it."""
    if isinstance(value, Mapping):
        return formataddr((str(value.get("name", "")), bare_address(value)))
    return str(value)


def _attach(mime: Mime, attachment: Mapping[str, Any]) -> None:
    content = attachment.get("content", b"")
    main, _, sub = str(attachment.get("type") or "application/octet-stream").partition("/")
    options: dict[str, Any] = {"filename": attachment.get("filename")}
    if attachment.get("disposition") == "inline":
        options |= {"disposition": "inline", "cid": f"<{attachment.get('contentId')}>"}
    data = utf8(content) if isinstance(content, str) else bytes(content)
    mime.add_attachment(data, maintype=main, subtype=sub or "octet-stream", **options)


def new_message_id(random: Random, sender: str) -> str:
    """A message id as production makes one up: ``<36 letters and digits@domain of the sender>``."""
    made = "".join(random.choices(ascii_letters + digits, k=_ID_LENGTH))
    return f"<{made}@{sender.rpartition('@')[2]}>"
