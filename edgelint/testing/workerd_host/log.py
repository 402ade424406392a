"""What workerd logs while a test runs: the app's console, and what ended badly beside its events."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final

from edgelint.testing.errors import EdgeError, EdgeUsageError, HungError
from edgelint.testing.workerd_host.errors import JsError, js_error, own_frames
from edgelint.testing.workerd_host.source_maps import mapped_stack

if TYPE_CHECKING:
    from edgelint.testing.workerd_host.running import Workerd

MARK: Final = "\0edgelint "
"""How lines begin that the layer around the app writes (js/prelude.js)."""
_UNCAUGHT: Final = re.compile(
    r"uncaught exception; (?:source = [^;]*; stack|desc) = "
    r"(?:(?P<name>[A-Za-z]*(?:Error|Exception)): )?(?P<said>.*?)(?P<stack>\n    at .*)?\Z",
    re.DOTALL,
)
_REFUSED: Final = re.compile(r"Uncaught exception: .*?jsg\.(?P<name>\w*Error): (?P<said>.*)\Z", re.DOTALL)
_NO_TLS: Final = "This HttpClient does not support TLS"
"""What workerd logs when a socket that it opened is to speak TLS."""
_HUNG: Final = "had hung"


class Log:
    """Takes the lines of one workerd. What is uncaught is a failure of the world, unless a caller of the app gets it: a
    Durable Object's error is logged where it is thrown, and thrown once more in who called."""

    def __init__(self, workerd: Workerd) -> None:
        self._workerd = workerd
        self._world = workerd.world
        self._uncaught: dict[str, tuple[tuple[str, BaseException], str]] = {}
        self._unhandled: dict[int, tuple[str, BaseException]] = {}
        self._inside: dict[str, str] = {}
        self._refused: EdgeError | HungError | None = None
        self._tls_due = 0
        """Sockets of which the runtime will say that it cannot speak TLS, and that were told already."""

    def take(self, line: dict[str, Any]) -> None:
        """A line of the log, as it is read from JSON."""
        message, level = str(line.get("message", "")), str(line.get("level", "log"))
        if message.startswith(MARK):
            self._told(json.loads(message.removeprefix(MARK)))
        elif "source" not in line:
            self._world.log(level, mapped_stack(message, self._workerd.maps))
        elif (uncaught := _UNCAUGHT.match(message)) is not None:
            self._thrown(uncaught["name"] or "Error", uncaught["said"], uncaught["stack"] or "")
        elif (refused := _REFUSED.match(message)) is not None:
            hung = _HUNG in refused["said"]
            self._refused = HungError(refused["said"]) if hung else EdgeError(refused["said"], refused["name"])
        elif _NO_TLS in message:
            if self._tls_due:
                self._tls_due -= 1
            else:  # Node's own modules do not pass by ours
                self._tls("a socket")
        elif level in ("warn", "error"):
            self._world.log(level, f"workerd: {message}")

    def refused(self, otherwise: EdgeError | None = None) -> EdgeError | HungError:
        """Why the runtime itself answered an event, or ended its answer."""
        found, self._refused = self._refused, None
        return found or otherwise or EdgeError("internal error")

    def inside(self, error: dict[str, Any]) -> str:
        """The stack, in the Durable Object that it came from, of an error that came out of a call; "" if none is
        known."""
        return self._inside.get(_text(error["name"], error["message"]), "") if error.get("remote") else ""

    def rejected(self, worker: str, event: str, error: dict[str, Any]) -> None:
        """What waitUntil was given was rejected, in an event of this kind."""
        made = js_error(error, self._workerd.bundles[worker].maps, self.inside(error))
        self._world.failures.append((f"waitUntil of {event}", made))

    def _thrown(self, name: str, said: str, stack: str) -> None:
        failure = "uncaught", JsError(said, name, stack=own_frames(stack, self._workerd.maps))
        self._uncaught[_text(name, said)] = failure, stack
        self._world.failures.append(failure)

    def _told(self, told: dict[str, Any]) -> None:
        error: dict[str, Any] = told.get("error") or {}
        if told["what"] == "crossed":
            self._crossed(error)
        elif told["what"] == "tls":
            self._tls_due += told["due"]
            self._tls(told["address"])
        elif told["what"] == "handled":
            self._forget(self._unhandled.pop(told["id"], None))
        else:
            made = js_error(error, self._workerd.bundles[told["worker"]].maps, self.inside(error))
            failure = f"{told['what']} rejection" if told["what"] == "unhandled" else told["what"], made
            self._world.failures.append(failure)
            if "id" in told:
                self._unhandled[told["id"]] = failure

    def _tls(self, address: str) -> None:
        self._world.failures.append(
            ("connect()", EdgeUsageError(
                f"TLS to {address} is not supported here: connect without it in the test (secureTransport 'off', a "
                "variable of the app), to a server that speaks plain TCP"
            ))
        )  # fmt: skip

    def _crossed(self, error: dict[str, Any]) -> None:
        key = _text(error["name"], error["message"])
        failure, stack = self._uncaught.pop(key, (None, ""))
        if failure is not None:
            self._inside[key] = stack
            self._forget(failure)

    def _forget(self, failure: tuple[str, BaseException] | None) -> None:
        self._world.failures[:] = [each for each in self._world.failures if each is not failure]


def _text(name: str, message: str) -> str:
    """An error as text, the same wherever its name was found: a name of the app's own is part of what is logged."""
    return f"{name}: {message}".removeprefix("Error: ")
