"""Bindings that send email: js/email.js calls, with the fields of a message or with a raw one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from edgelint.testing.bindings.email import EmailMessage
from edgelint.testing.errors import type_error
from edgelint.testing.workerd_host.protocols import Wiring, calls

if TYPE_CHECKING:
    from edgelint.testing.bindings.base import Declared
    from edgelint.testing.bindings.email import EmailSender
    from edgelint.testing.http import HttpRequest, HttpResponse


def wiring(declared: Declared, service: str) -> Wiring:
    """A binding of our own."""
    return calls.wired("email", service)


async def answer(binding: EmailSender, request: HttpRequest) -> HttpResponse:
    """One call of ``send``."""

    async def send(method: str, args: list[Any]) -> Any:
        if method == "sendMessage":
            sender, recipient, raw = args
            return await binding.send(EmailMessage(sender, recipient, raw))
        if not isinstance(args[0], Mapping):
            raise type_error("send() takes an EmailMessage or the fields of a message")  # production's words: unknown
        return await binding.send(args[0])

    return await calls.answered(request, send)
