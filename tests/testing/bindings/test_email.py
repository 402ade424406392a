"""Sending email, and the email event."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from edgelint.testing.bindings.email import EmailMessage, EmailResult, EmailSender, IncomingEmail, dispatch
from edgelint.testing.bindings.email_mime import parse
from edgelint.testing.clock import START
from edgelint.testing.errors import EdgeError, EdgeUsageError
from edgelint.testing.operation import Operation
from edgelint.testing.world import World
from tests.testing.bindings.fake_host import FakeHost, declared, world_of

RAW = (
    "From: Ann <ann@a.test>\r\nTo: Bob <bob@b.test>, carl@b.test\r\nMessage-ID: <1@a.test>\r\n"
    "Subject: =?utf-8?q?H=C3=A9llo?=\r\nX-Tag: one\r\nX-Tag: two\r\n\r\nbody\r\n"
)
ID = re.compile(r"<[A-Za-z0-9]{36}@([a-z.]+)>")


def raw(**headers: str) -> str:
    """A message of ann's with other headers; an empty one is left out."""
    fields = {"From": "ann@a.test", "To": "bob@b.test", "Message-ID": "<2@a.test>", "Subject": "s"}
    fields |= {name.replace("_", "-"): value for name, value in headers.items()}
    return "".join(f"{name}: {value}\r\n" for name, value in fields.items() if value) + "\r\nbody"


def sender(**fields: Any) -> tuple[World, EmailSender]:
    world = world_of()
    return world, EmailSender(declared("send-email", "EMAIL", **fields), world)


def error_of(call: Callable[[], Any]) -> str:
    with pytest.raises(EdgeError) as caught:
        call()
    assert caught.value.name == "Error"
    return caught.value.message


# Parsing


def test_a_message_is_read() -> None:
    parsed = parse(RAW.encode())
    assert (parsed.from_address, parsed.to_addresses) == ("ann@a.test", ["bob@b.test", "carl@b.test"])
    assert (parsed.message_id, parsed.subject, parsed.text, parsed.html) == ("<1@a.test>", "Héllo", "body\r\n", None)
    assert parsed.header("X-Tag") == "one, two"
    assert parsed.header("X-Other") is None


def test_parts_of_a_message_are_read() -> None:
    parsed = parse(
        b"From: a@a.test\r\nContent-Type: multipart/mixed; boundary=B\r\n\r\n--B\r\n"
        b"Content-Type: text/plain; charset=nonsense\r\nContent-Disposition: attachment\r\n\r\nattached\r\n--B\r\n"
        b"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\nh=E9\r\n"
        b"--B\r\nContent-Type: text/html; charset=nonsense\r\n\r\n<p>\xc3\xa9</p>\r\n--B--\r\n"
    )
    assert (parsed.text, parsed.html) == ("hé", "<p>é</p>")


def test_folded_and_broken_headers() -> None:
    parsed = parse(b"Subject: one\r\n two\r\nX-Bad: =?nonsense?q?=C3?=\r\nReferences: \r\n\r\n")
    assert (parsed.subject, parsed.references, parsed.from_address) == ("one two", None, None)
    assert parsed.header("x-bad") == "=?nonsense?q?=C3?="
    assert parse(b"\x00\xff").headers == []


# Sending


def test_a_message_is_sent_and_recorded() -> None:
    world, email = sender()
    result = world.run(email.send(EmailMessage("ann@a.test", "bob@b.test", RAW)))
    match = ID.fullmatch(result["messageId"])
    assert match is not None
    assert match.group(1) == "a.test"
    (sent,) = email.sent
    assert (sent.message_id, sent.from_, sent.to) == (result["messageId"], "ann@a.test", ["bob@b.test"])
    assert (sent.subject, sent.text, sent.html, sent.raw) == ("Héllo", "body\r\n", None, RAW.encode())
    assert sent.at == world.clock.now
    assert world.run(email.send(EmailMessage("ann@a.test", "bob@b.test", RAW.encode()))) != result


def test_a_message_of_its_fields() -> None:
    world, email = sender()
    attachments = [
        {"disposition": "attachment", "filename": "a.txt", "type": "text/plain", "content": "é"},
        {"disposition": "inline", "contentId": "c1", "filename": "b", "type": "image", "content": b"\x00"},
    ]
    result = world.run(email.send({
        "from": {"name": "Ann", "email": "ann@a.test"}, "to": ["Bob <bob@b.test>", {"name": "C", "email": "c@b.test"}],
        "cc": "d@b.test", "bcc": ["e@b.test"], "replyTo": {"name": "R", "email": "r@a.test"}, "subject": "Hi é",
        "headers": {"X-Tag": "1", "Message-ID": "<own@a.test>"}, "text": "plain", "html": "<p>",
        "attachments": attachments,
    }))  # fmt: skip
    (sent,) = email.sent
    assert sent.message_id == result["messageId"]
    assert (sent.from_, sent.to, sent.cc, sent.bcc) == (
        "ann@a.test", ["bob@b.test", "c@b.test"], ["d@b.test"], ["e@b.test"],
    )  # fmt: skip
    assert (sent.subject, sent.text, sent.html, sent.attachments) == ("Hi é", "plain", "<p>", attachments)
    parsed = parse(sent.raw)
    assert (parsed.from_address, parsed.message_id, parsed.subject) == ("ann@a.test", "<own@a.test>", "Hi é")
    assert (parsed.text, parsed.html) == ("plain\r\n", "<p>\r\n")
    assert (parsed.header("cc"), parsed.header("bcc"), parsed.header("x-tag")) == ("d@b.test", None, "1")
    assert (parsed.header("reply-to"), parsed.header("date")) == ("R <r@a.test>", "Thu, 01 Jan 2026 00:00:00 +0000")
    assert b'filename="a.txt"' in sent.raw
    assert b"Content-ID: <c1>" in sent.raw


@pytest.mark.parametrize(("fields", "texts"), [({}, ("\r\n", None)), ({"html": "<b>"}, (None, "<b>\r\n"))])
def test_a_message_may_have_one_text_or_none(fields: dict[str, Any], texts: tuple[str | None, str | None]) -> None:
    world, email = sender()
    world.run(email.send({"from": "ann@a.test", "to": "bob@b.test", "subject": "s", **fields}))
    parsed = parse(email.sent[0].raw)
    assert (parsed.text, parsed.html) == texts


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        (raw(Message_ID=""), "invalid message-id"),
        (raw(From="eve@a.test"), "From: header does not match mail from"),
        (raw(Received="from x"), "invalid headers set"),
        ("", "invalid message-id"),
    ],
)
def test_messages_that_are_not_sent(message: str, expected: str) -> None:
    world, email = sender()
    assert error_of(lambda: world.run(email.send(EmailMessage("ann@a.test", "bob@b.test", message)))) == expected
    assert email.sent == []


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"destination_address": "x@b.test"}, "email to bob@b.test not allowed"),
        ({"allowed_destination_addresses": ["x@b.test"]}, "email to bob@b.test not allowed"),
        ({"allowed_sender_addresses": ["x@a.test"]}, "email from ann@a.test not allowed"),
        ({"allowed_destination_addresses": ["bob@b.test"], "allowed_sender_addresses": ["ann@a.test"]}, None),
        ({"destination_address": "bob@b.test"}, None),
    ],
)
def test_addresses_that_the_binding_allows(fields: dict[str, Any], expected: str | None) -> None:
    world, email = sender(**fields)
    from_, to = "ann@a.test", "bob@b.test"
    messages: list[Any] = [EmailMessage(from_, to, raw()), {"from": f"A <{from_}>", "to": [to], "subject": ""}]
    for message in messages:
        if expected is None:
            world.run(email.send(message))
        else:
            assert error_of(lambda message=message: world.run(email.send(message))) == expected  # type: ignore[misc]
    assert len(email.sent) == (2 if expected is None else 0)


def test_copies_are_checked_and_somebody_must_get_it() -> None:
    world, email = sender(allowed_destination_addresses=["bob@b.test"])
    message = {"from": "ann@a.test", "to": "bob@b.test", "subject": "s"}
    assert (
        error_of(lambda: world.run(email.send({**message, "bcc": "eve@b.test"}))) == "email to eve@b.test not allowed"
    )
    assert error_of(lambda: world.run(email.send({"from": "ann@a.test", "subject": "s"}))).startswith(
        "email has no recip"
    )
    world.run(email.send({"from": "ann@a.test", "cc": "bob@b.test", "subject": "s"}))
    assert email.sent[0].to == []


def test_a_header_that_cannot_be_written_is_refused() -> None:
    world, email = sender()
    message = {"from": "ann@a.test", "to": "bob@b.test", "subject": "one\r\ntwo"}
    assert error_of(lambda: world.run(email.send(message))).startswith("could not parse email: ")


def test_sending_passes_the_gate() -> None:
    world, email = sender()
    operations: list[Operation] = []
    world.gate.observers.append(operations.append)
    world.run(email.send(EmailMessage("ann@a.test", "bob@b.test", RAW)), origin="app")
    assert (operations[0].name, operations[0].kind, operations[0].key) == ("EMAIL.send", "send-email", "bob@b.test")
    assert operations[0].attributes == {"bytes": len(RAW)}
    assert operations[0].request == {"from": "ann@a.test", "to": ["bob@b.test"]}


# The event


def receive(handler: Callable[[IncomingEmail], Any], message: str = RAW, **options: Any) -> tuple[EmailResult, World]:
    world = world_of(FakeHost(email=handler))
    return world.run(dispatch(world, "ann@a.test", "bob@b.test", message, **options)), world


def test_a_handler_sees_the_message() -> None:
    seen: list[IncomingEmail] = []
    result, _ = receive(seen.append)
    (message,) = seen
    assert (message.from_, message.to, message.raw, message.raw_size) == (
        "ann@a.test", "bob@b.test", RAW.encode(), len(RAW),
    )  # fmt: skip
    assert message.headers[0] == ("from", "Ann <ann@a.test>")
    assert result == EmailResult("ok", None, [], [])


def test_a_message_is_rejected() -> None:
    result, _ = receive(lambda message: message.set_reject("spam"))
    assert (result.outcome, result.reject_reason) == ("ok", "spam")


def test_a_message_is_forwarded() -> None:
    answers: list[dict[str, str]] = []

    async def handler(message: IncomingEmail) -> None:
        answers.append(await message.forward("c@c.test", {"X-One": "1"}))
        answers.append(await message.forward("d@c.test", [("x-two", "2")]))
        answers.append(await message.forward("e@c.test"))

    result, _ = receive(handler)
    assert [(f.recipient, f.headers) for f in result.forwards] == [
        ("c@c.test", [("X-One", "1")]), ("d@c.test", [("x-two", "2")]), ("e@c.test", []),
    ]  # fmt: skip
    assert [answer["messageId"] for answer in answers] == [f.message_id for f in result.forwards]
    assert all(ID.fullmatch(answer["messageId"]) for answer in answers)


def test_forwarding_adds_only_headers_of_ones_own() -> None:
    result, world = receive(lambda message: message.forward("c@c.test", {"Subject": "x"}))
    assert (result.outcome, str(result.error), result.forwards) == ("exception", "Error: invalid headers set", [])
    assert ("error", "email to bob@b.test: EdgeError: Error: invalid headers set") in world.logs


def reply_to(message: str = RAW, *, from_: str = "bob@b.test", to: str = "ann@a.test", **headers: str) -> EmailResult:
    fields = {"From": from_, "To": to, "In_Reply_To": "<1@a.test>", **headers}
    return receive(lambda incoming: incoming.reply(EmailMessage(from_, to, raw(**fields))), message)[0]


def test_a_reply_gets_its_references() -> None:
    result = reply_to()
    (reply,) = result.replies
    assert (reply.sender, parse(reply.raw).references) == ("bob@b.test", "<1@a.test>")
    assert reply.raw.endswith(b"\r\n\r\nbody")
    thread = RAW.replace("X-Tag: one", "In-Reply-To: <0@a.test>\r\nReferences: <0@a.test>")
    assert parse(reply_to(thread).replies[0].raw).references == "<1@a.test> <0@a.test>"
    own = reply_to(thread, References="<0@a.test> <1@a.test>")
    assert parse(own.replies[0].raw).references == "<0@a.test> <1@a.test>"


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"From": "eve@b.test"}, "From: header does not match mail from"),
        ({"Message_ID": ""}, "invalid message-id"),
        ({"Received": "from x"}, "invalid headers set"),
        ({"In_Reply_To": ""}, "no In-Reply-To header found in reply message"),
        ({"In_Reply_To": "<9@a.test>"}, "In-Reply-To does not match original Message-ID"),
        ({"References": "<9@a.test>"}, "provided References header is invalid"),
        ({"to": "eve@a.test"}, "the recipient of a reply must be the sender of the original email"),
        ({"from_": "bob@other.test"}, "the sender of a reply must be of the domain that received the email"),
    ],
)
def test_replies_that_are_not_sent(options: dict[str, str], expected: str) -> None:
    result = reply_to(**options)
    assert (str(result.error), result.replies) == (f"Error: {expected}", [])


@pytest.mark.parametrize(
    "header",
    ["X-Auto-Response-Suppress: All", "Auto-Submitted: auto-replied", "In-Reply-To: <0@a.test>",
     "References: <0@a.test>",
     "In-Reply-To: <0@a.test>\r\nReferences: " + " ".join(f"<{n}@a.test>" for n in range(100))],
)  # fmt: skip
def test_messages_that_have_no_reply(header: str) -> None:
    result = reply_to(RAW.replace("X-Tag: one", header))
    assert str(result.error) == "Error: Original email is not replyable"


@pytest.mark.parametrize("header", ["X-Auto-Response-Suppress: None", "Auto-Submitted: No"])
def test_headers_that_say_that_a_person_wrote(header: str) -> None:
    assert len(reply_to(RAW.replace("X-Tag: one", header)).replies) == 1


def test_one_reply_to_a_message() -> None:
    async def handler(message: IncomingEmail) -> None:
        for _ in range(2):
            await message.reply({"from": "bob@b.test", "subject": "Re", "text": "thanks"})

    result, _ = receive(handler)
    assert str(result.error) == "Error: Original email is not replyable"
    (reply,) = result.replies
    parsed = parse(reply.raw)
    assert (parsed.to_addresses, parsed.in_reply_to, parsed.references) == (["ann@a.test"], "<1@a.test>", "<1@a.test>")
    assert (parsed.message_id, parsed.text) == (reply.message_id, "thanks\r\n")


def test_what_the_handler_raises_is_in_the_result() -> None:
    def handler(message: IncomingEmail) -> None:
        message.set_reject("first")
        raise ValueError("then")

    result, _ = receive(handler)
    assert (result.outcome, result.reject_reason, str(result.error)) == ("exception", "first", "then")


def test_a_message_without_an_id_is_delivered_with_a_warning() -> None:
    result, world = receive(lambda message: None, "no headers")
    assert result.outcome == "ok"
    assert world.logs == [("warn", "the email has no Message-ID: it cannot be replied to")]


def test_mistakes_of_the_test() -> None:
    world = world_of(FakeHost())
    with pytest.raises(EdgeUsageError, match="no email handler for a message to bob"):
        world.run(dispatch(world, "ann@a.test", "bob@b.test", RAW))
    with pytest.raises(EdgeUsageError, match="at most 26214400 bytes, this one 26214401"):
        world.run(dispatch(world, "ann@a.test", "bob@b.test", b"x" * (25 * 1024**2 + 1)))

    def handler(message: IncomingEmail) -> None:
        raise EdgeUsageError("no stub")

    with pytest.raises(EdgeUsageError, match="no stub"):
        receive(handler)


def test_what_the_handler_does_passes_the_gate_as_the_app_s() -> None:
    operations: list[Operation] = []

    async def handler(message: IncomingEmail) -> None:
        message.set_reject("r")
        await message.forward("c@c.test")
        await message.reply({"from": "bob@b.test", "subject": "Re"})

    world = world_of(FakeHost(email=handler))
    world.gate.observers.append(operations.append)
    world.run(dispatch(world, "ann@a.test", "bob@b.test", RAW))
    assert [(op.name, op.key, op.origin) for op in operations[::2]] == [
        ("email.setReject", "bob@b.test", "app"), ("email.forward", "c@c.test", "app"),
        ("email.reply", "ann@a.test", "app"),
    ]  # fmt: skip
    assert operations[0].invocation == "email to bob@b.test 1"
    assert world.clock.datetime == START
