"""SendEmail, EmailMessage, and the message of an email event."""

from __future__ import annotations

from typing import Any

from edgelint.testing.bindings.email import EmailMessage as PlainMessage
from edgelint.testing.python_host.adapters.base import Adapter, content, js_stream
from edgelint.testing.python_host.convert import plain
from edgelint.testing.python_host.jsvalue import JsHost, JsProxy, getter, iterate, method, text
from edgelint.testing.values import UNDEFINED


class EmailMessage(JsHost, js_name="EmailMessage"):
    """``new EmailMessage(from, to, raw)`` of ``cloudflare:email``."""

    def __init__(self, sender: str, recipient: str, raw: Any) -> None:
        self._sender, self._recipient, self._raw = sender, recipient, raw

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        sender, recipient, raw = (*args, UNDEFINED, UNDEFINED, UNDEFINED)[:3]
        return cls(text(sender), text(recipient), raw)

    @getter(name="from")
    def from_(self) -> Any:
        return self._sender

    @getter
    def to(self) -> Any:
        return self._recipient

    @getter
    def raw(self) -> Any:
        return self._raw


async def sent(message: Any) -> Any:
    """What ``send`` and ``reply`` got, as plain Python."""
    if isinstance(message, EmailMessage):
        return PlainMessage(message._sender, message._recipient, await content(message._raw))
    return plain(message)


class SendEmail(Adapter, js_name="SendEmail"):
    """``env.EMAIL``."""

    @method
    async def send(self, message: Any = UNDEFINED) -> Any:
        return await self._binding.send(await sent(message))


class ForwardableEmailMessage(Adapter, js_name="ForwardableEmailMessage"):
    """What an email handler gets."""

    @getter(name="from")
    def from_(self) -> Any:
        return self._binding.from_

    @getter
    def to(self) -> Any:
        return self._binding.to

    @getter
    def rawSize(self) -> Any:
        return self._binding.raw_size

    @getter
    def raw(self) -> Any:
        if not hasattr(self, "_stream"):
            self._stream = js_stream(self._binding.raw)
        return self._stream

    @getter
    def headers(self) -> Any:
        from edgelint.testing.python_host.web.exposed import wrap
        from edgelint.testing.python_host.web.headers import Headers

        return wrap(Headers._of(list(self._binding.headers), immutable=True))

    @method
    def setReject(self, reason: Any = UNDEFINED) -> Any:
        self._binding.set_reject(text(reason))
        return UNDEFINED

    @method
    async def forward(self, recipient: Any = UNDEFINED, headers: Any = UNDEFINED) -> Any:
        pairs = None
        if isinstance(headers, JsProxy):
            pairs = [tuple(plain(pair)) for pair in iterate(headers)]
        return await self._binding.forward(text(recipient), pairs)

    @method
    async def reply(self, message: Any = UNDEFINED) -> Any:
        return await self._binding.reply(await sent(message))
