"""The send_email binding, and the email event.

Checks and words: Miniflare's packages/miniflare/src/workers/email and workers/core/email.ts in
https://github.com/cloudflare/workers-sdk, which takes production's; what only the documentation says
(https://developers.cloudflare.com/email-routing/email-workers/reply-email-workers/) has words of its own here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from edgelint.platform import limits
from edgelint.testing.bindings.base import Binding
from edgelint.testing.bindings.email_mime import (
    MimeMessage,
    bare_address,
    bare_addresses,
    compose,
    new_message_id,
    parse,
)
from edgelint.testing.bindings.events import event
from edgelint.testing.coercion import utf8
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.facade import Verbs
from edgelint.testing.operation import Operation

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared, Services

Pairs = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class EmailMessage:
    """What the app makes of ``cloudflare:email``: an envelope and a raw message."""

    from_: str
    to: str
    raw: bytes | str

    def content(self) -> bytes:
        """The raw message."""
        return utf8(self.raw) if isinstance(self.raw, str) else bytes(self.raw)


@dataclass(frozen=True)
class SentEmail:
    """A message that was sent. Addresses are bare; ``at`` is ms since the epoch; ``raw`` the whole message."""

    message_id: str
    from_: str
    to: list[str]
    cc: list[str]
    bcc: list[str]
    subject: str | None
    text: str | None
    html: str | None
    at: float
    raw: bytes = field(repr=False)
    attachments: list[Mapping[str, Any]] = field(default_factory=list, repr=False)


class EmailSender(Binding):
    """``env.EMAIL``. ``sent`` is what went out, for tests."""

    kind = "send-email"

    def __init__(self, declared: Declared, services: Services) -> None:
        super().__init__(declared, services)
        self.sent: list[SentEmail] = []

    async def send(self, message: EmailMessage | Mapping[str, Any]) -> dict[str, str]:
        """Send a message: an EmailMessage, or the fields of one (``from``, ``to``, ``cc``, ``bcc``, ``replyTo``,
        ``subject``, ``headers``, ``text``, ``html``, ``attachments``). Returns ``{"messageId"}``. Raises EdgeError."""
        sender = message.from_ if isinstance(message, EmailMessage) else bare_address(message.get("from", ""))
        recipients = [message.to] if isinstance(message, EmailMessage) else bare_addresses(message.get("to"))

        def store(operation: Operation) -> dict[str, str]:
            self._check_sender(sender)
            for recipient in recipients:
                self._check_recipient(recipient)
            message_id = new_message_id(self.services.random, sender)
            if isinstance(message, EmailMessage):
                sent = self._checked(message, message_id)
            else:
                sent = self._built(message, message_id, sender, recipients)
            operation.attributes["bytes"] = len(sent.raw)
            self.sent.append(sent)
            return {"messageId": message_id}

        request = {"from": sender, "to": recipients}
        return await self.perform("send", ", ".join(recipients), request, store)

    def _checked(self, message: EmailMessage, message_id: str) -> SentEmail:
        raw = message.content()
        parsed = checked(message, parse(raw))
        return SentEmail(
            message_id,
            message.from_,
            [message.to],
            [],
            [],
            parsed.subject,
            parsed.text,
            parsed.html,
            self.clock.now,
            raw,
        )

    def _built(self, builder: Mapping[str, Any], message_id: str, sender: str, recipients: list[str]) -> SentEmail:
        copies, blind = bare_addresses(builder.get("cc")), bare_addresses(builder.get("bcc"))
        if not recipients + copies + blind:
            raise EdgeError("email has no recipient: at least one of to, cc and bcc is required")
        for recipient in copies + blind:
            self._check_recipient(recipient)
        raw = compose(builder, recipients, message_id, self.clock.datetime, {})
        return SentEmail(
            message_id, sender, recipients, copies, blind, str(builder.get("subject", "")), builder.get("text"),
            builder.get("html"), self.clock.now, raw, list(builder.get("attachments") or []),
        )  # fmt: skip

    def _check_sender(self, sender: str) -> None:
        allowed = self.declared.fields.get("allowed_sender_addresses")
        if isinstance(allowed, list) and sender not in allowed:
            raise EdgeError(f"email from {sender} not allowed")

    def _check_recipient(self, recipient: str) -> None:
        only = self.declared.text("destination_address")
        allowed = self.declared.fields.get("allowed_destination_addresses")
        if (only is not None and recipient != only) or (isinstance(allowed, list) and recipient not in allowed):
            raise EdgeError(f"email to {recipient} not allowed")


def checked(message: EmailMessage, parsed: MimeMessage) -> MimeMessage:
    """The parsed message, when its headers are those that the platform lets out. Raises EdgeError."""
    if parsed.message_id is None:
        raise EdgeError("invalid message-id")
    if parsed.from_address != message.from_:
        raise EdgeError("From: header does not match mail from")
    if parsed.header("received") is not None:
        raise EdgeError("invalid headers set")
    return parsed


@dataclass(frozen=True, slots=True)
class Forward:
    """A message that was forwarded, with the headers that were added."""

    recipient: str
    headers: Pairs
    message_id: str


@dataclass(frozen=True, slots=True)
class Reply:
    """A reply that was sent. ``raw`` is the whole message, with the References that the platform adds."""

    sender: str
    raw: bytes
    message_id: str


@dataclass(frozen=True)
class EmailResult:
    """What a handler did with a message. ``outcome``: "ok" or "exception" (then ``error`` is what it raised)."""

    outcome: Literal["ok", "exception"]
    reject_reason: str | None
    forwards: list[Forward]
    replies: list[Reply]
    error: BaseException | None = None


class IncomingEmail(Verbs):
    """What an email handler is handed. ``from_`` and ``to`` are the envelope's, ``headers`` (name, value) in order,
    ``raw`` the whole message."""

    def __init__(self, services: Services, from_: str, to: str, raw: bytes) -> None:
        self.from_ = from_
        self.to = to
        self.raw = raw
        self.raw_size = len(raw)
        self.parsed = parse(raw)
        self.headers: Pairs = list(self.parsed.headers)
        self.reject_reason: str | None = None
        self.forwards: list[Forward] = []
        self.replies: list[Reply] = []
        self._services = services

    def set_reject(self, reason: str) -> None:
        """Refuse the message: the sender's server is told so, with the reason."""

        def store(operation: Operation) -> None:
            self.reject_reason = reason

        self._services.gate.perform_now(Operation("email", "email", "setReject", self.to, {"reason": reason}), store)

    async def forward(
        self, rcpt_to: str, headers: Mapping[str, str] | Iterable[tuple[str, str]] | None = None
    ) -> dict[str, str]:
        """Send the message on to a verified address, with more headers (X-* only). Returns ``{"messageId"}``. Raises
        EdgeError."""
        pairs = list(headers.items() if isinstance(headers, Mapping) else headers or ())

        def store(operation: Operation) -> dict[str, str]:
            if any(not name.lower().startswith("x-") for name, _ in pairs):
                raise EdgeError("invalid headers set")
            made = new_message_id(self._services.random, self.to)
            self.forwards.append(Forward(rcpt_to, pairs, made))
            return {"messageId": made}

        operation = Operation("email", "email", "forward", rcpt_to, {"headers": pairs})
        return await self._services.gate.perform(operation, store)

    async def reply(self, message: EmailMessage | Mapping[str, Any]) -> dict[str, str]:
        """Answer the sender: an EmailMessage, or the fields of one (``from``, ``subject``, ``text`` ...), which gets
        the headers of the thread. Returns ``{"messageId"}``. Raises EdgeError."""
        sender = message.from_ if isinstance(message, EmailMessage) else bare_address(message.get("from", ""))

        def store(operation: Operation) -> dict[str, str]:
            if self.replies or not self._replyable():
                raise EdgeError("Original email is not replyable")
            made = new_message_id(self._services.random, sender)
            if isinstance(message, EmailMessage):
                raw = self._checked_reply(message)
            else:
                threading = {"In-Reply-To": self.parsed.message_id or "", "References": self._references()}
                raw = compose(message, [self.from_], made, self._services.clock.datetime, threading)
            if sender.rpartition("@")[2].lower() != self.to.rpartition("@")[2].lower():
                raise EdgeError("the sender of a reply must be of the domain that received the email")
            self.replies.append(Reply(sender, raw, made))
            return {"messageId": made}

        operation = Operation("email", "email", "reply", self.from_, {"from": sender})
        return await self._services.gate.perform(operation, store)

    def _replyable(self) -> bool:
        """Whether the platform lets a worker answer this message: not what a machine sent, nor a broken or very long
        thread."""
        parsed = self.parsed
        suppressed = (parsed.header("x-auto-response-suppress") or "none").lower() != "none"
        if suppressed or (parsed.header("auto-submitted") or "no").lower() != "no":
            return False
        if (parsed.in_reply_to is None) != (parsed.references is None):
            return False
        if (parsed.references or "").count("@") >= limits.EMAIL_MAX_REFERENCES:
            self._services.log("error", 'the "References" header of the email has 100 entries or more')
            return False
        return True

    def _references(self) -> str:
        return " ".join(filter(None, (self.parsed.message_id, self.parsed.references)))

    def _checked_reply(self, message: EmailMessage) -> bytes:
        raw = message.content()
        parsed = parse(raw)
        if parsed.from_address != message.from_:
            raise EdgeError("From: header does not match mail from")
        checked(message, parsed)
        if parsed.in_reply_to is None:
            raise EdgeError("no In-Reply-To header found in reply message")
        if parsed.in_reply_to != self.parsed.message_id:
            raise EdgeError("In-Reply-To does not match original Message-ID")
        if message.to != self.from_:
            raise EdgeError("the recipient of a reply must be the sender of the original email")
        if parsed.references is None:
            return f"References: {self._references()}\r\n".encode() + raw
        if self.parsed.message_id not in parsed.references or (self.parsed.references or "") not in parsed.references:
            raise EdgeError("provided References header is invalid")
        return raw


async def dispatch(
    services: Services, from_: str, to: str, raw: bytes | str, *, worker: str | None = None
) -> EmailResult:
    """Deliver a message to a worker's email handler, and tell what it did. Raises EdgeUsageError when the worker has no
    such handler, and for a message that is too large for the platform."""
    data = utf8(raw) if isinstance(raw, str) else raw
    if len(data) > limits.EMAIL_MAX_MESSAGE:
        raise EdgeUsageError(f"an email has at most {limits.EMAIL_MAX_MESSAGE} bytes, this one {len(data)}")
    host = services.host_of(worker)
    if not host.has_handler("email"):
        raise EdgeUsageError(f"the worker has no email handler for a message to {to}")
    incoming = IncomingEmail(services, from_, to, data)
    if incoming.parsed.message_id is None:
        services.log("warn", "the email has no Message-ID: it cannot be replied to")
    error: BaseException | None = None
    with event(services, f"email to {to}"):
        try:
            await host.email(incoming)
        except EdgeUsageError:
            raise
        except Exception as raised:
            error = raised
            services.log("error", f"email to {to}: {type(raised).__name__}: {raised}")
    return EmailResult(
        "ok" if error is None else "exception", incoming.reject_reason, incoming.forwards, incoming.replies, error
    )
