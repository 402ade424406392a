"""FormData, and bodies that are forms.

The parser takes and refuses what workerd's own does, which is stricter than RFC 7578 (names stand in quotes):
https://github.com/cloudflare/workerd/blob/main/src/workerd/api/form-data.c++
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from random import Random
from typing import Any, Final

from edgelint.testing.errors import type_error
from edgelint.testing.python_host.web import mime
from edgelint.testing.python_host.web.base import MISSING, WebObject, given, text, wrong_type
from edgelint.testing.python_host.web.blobs import Blob, File
from edgelint.testing.python_host.web.encoding import utf8
from edgelint.testing.python_host.web.urls import parse_form, scalars
from edgelint.testing.values import UNDEFINED

Entry = str | File
MULTIPART: Final = "multipart/form-data"
URLENCODED: Final = "application/x-www-form-urlencoded"
_UTF8: Final = ("utf-8", "utf8", "unicode-1-1-utf-8")
_HEADERS_END: Final = re.compile(rb"\r?\n\r?\n")
_DISPOSITION: Final = re.compile(r"\s*([\w-]+)\s*((?:;\s*[\w-]+\s*=\s*\"(?:[^\"\n\\]|\\[^\n])+\"\s*)*)")
_PARAMETER: Final = re.compile(r";\s*([\w-]+)\s*=\s*\"((?:[^\"\n\\]|\\[^\n])+)\"")


class FormData(WebObject):
    """An ordered list of names with strings or files."""

    js_iterates = "entries"

    def __init__(self) -> None:
        self._list: list[tuple[str, Entry]] = []

    def append(self, name: Any = MISSING, value: Any = MISSING, filename: Any = MISSING) -> None:
        """Add an entry; a Blob becomes a File named as the entry is."""
        self._list.append((_name(name, "append"), self._entry(name, value, filename, "append")))

    def set(self, name: Any = MISSING, value: Any = MISSING, filename: Any = MISSING) -> None:
        """Give a name one entry, where its first one stood."""
        key, entry = _name(name, "set"), self._entry(name, value, filename, "set")
        kept: list[tuple[str, Entry]] = []
        done = False
        for pair in self._list:
            if pair[0] != key:
                kept.append(pair)
            elif not done:
                kept.append((key, entry))
                done = True
        self._list = kept if done else [*kept, (key, entry)]

    def delete(self, name: Any = MISSING) -> None:
        """Take away every entry of a name."""
        key = _name(name, "delete")
        self._list = [pair for pair in self._list if pair[0] != key]

    def get(self, name: Any = MISSING) -> Entry | None:
        """The first entry of a name, None when there is none."""
        key = _name(name, "get")
        return next((value for found, value in self._list if found == key), None)

    def getAll(self, name: Any = MISSING) -> list[Entry]:
        """Every entry of a name."""
        key = _name(name, "getAll")
        return [value for found, value in self._list if found == key]

    def has(self, name: Any = MISSING) -> bool:
        """Whether a name has an entry."""
        key = _name(name, "has")
        return any(found == key for found, _ in self._list)

    def entries(self) -> Iterator[list[Any]]:
        """[name, entry] of each."""
        return ([name, value] for name, value in self._list)

    def keys(self) -> Iterator[str]:
        """The names."""
        return (name for name, _ in self._list)

    def values(self) -> Iterator[Entry]:
        """The entries without their names."""
        return (value for _, value in self._list)

    def forEach(self, callback: Callable[..., Any], this: Any = UNDEFINED) -> None:
        """Call with (entry, name, form) for each."""
        for name, value in list(self._list):
            callback(value, name, self)

    def _entry(self, name: Any, value: Any, filename: Any, method: str) -> Entry:
        if value is MISSING:
            raise wrong_type(f"{method} on FormData 2", "File or Blob or string")
        if not isinstance(value, Blob):
            return scalars(text(value))
        if isinstance(value, File) and not given(filename):
            return value
        called = scalars(text(filename)) if given(filename) else scalars(text(name))
        return File._named(value._data, called, value._type)


def parse(body: bytes, content_type: str | None) -> FormData:
    """The form that a body is. Raises EdgeError (TypeError) for what is none."""
    if content_type is None:
        raise type_error("Parsing a Body as FormData requires a Content-Type header.")
    form = FormData()
    found = mime.parse(content_type)
    kind, parameters = found if found is not None else ("", {})
    if kind == MULTIPART:
        boundary = parameters.get("boundary")
        if boundary is None:
            raise type_error(
                "No boundary string in Content-Type header. The multipart/form-data MIME type requires a boundary "
                "parameter, e.g. 'Content-Type: multipart/form-data; boundary=\"abcd\"'. See RFC 7578, section 4."
            )
        form._list = list(_parts(body, boundary.encode()))
    elif kind == URLENCODED:
        if parameters.get("charset", "utf-8").lower() not in _UTF8:
            raise type_error("Non-utf-8 application/x-www-form-urlencoded body.")
        form._list = list(parse_form(utf8(body)))
    else:
        raise type_error(
            "Unrecognized Content-Type header value. FormData can only parse the following MIME types: "
            f"{MULTIPART}, {URLENCODED}"
        )
    return form


def serialize(form: FormData, boundary: str) -> bytes:
    """A form as multipart/form-data. Raises EdgeError (TypeError) for a name that ends with a backslash."""
    made: list[bytes] = []
    for name, value in form._list:
        head = f'--{boundary}\r\nContent-Disposition: form-data; name="{_quoted(name)}"'
        if isinstance(value, str):
            made.append(f"{head}\r\n\r\n{value}\r\n".encode())
        else:
            kind = value._type or "application/octet-stream"
            head += f'; filename="{_quoted(value._name)}"\r\nContent-Type: {kind}\r\n\r\n'
            made.append(head.encode() + value._data + b"\r\n")
    return b"".join(made) + f"--{boundary}--".encode()


def new_boundary(random: Random) -> str:
    """A boundary of 32 hex digits, as workerd's are."""
    return random.randbytes(16).hex()


def _parts(body: bytes, boundary: bytes) -> Iterator[tuple[str, Entry]]:
    mark = b"--" + boundary
    _, _, rest = body.partition(mark)
    if not rest:
        raise type_error("No initial boundary string (or you have a truncated message).")
    while not rest.startswith(b"--"):
        if not rest.startswith((b"\n", b"\r\n")):
            raise type_error("Boundary string was not succeeded by CRLF, LF, or '--'.")
        rest = rest[1:] if rest.startswith(b"\n") else rest[2:]
        end = _HEADERS_END.search(rest)
        if end is None:
            raise type_error("No multipart message header termination found.")
        name, filename, kind = _part_headers(rest[: end.start()].decode("utf-8", "replace"))
        content, _, rest = rest[end.end() :].partition(b"\n" + mark)
        if not rest:
            raise type_error("No subsequent boundary string after multipart message.")
        content = content.removesuffix(b"\r")
        if filename is None:
            yield name, content.decode("utf-8", "replace")
        else:
            yield name, File._named(content, filename, kind or "")


def _part_headers(lines: str) -> tuple[str, str | None, str | None]:
    """Name, filename and type of a part."""
    headers: dict[str, str] = {}
    for line in lines.splitlines():
        key, colon, value = line.partition(":")
        if not colon or not re.fullmatch(r"[!#$%&'*+\-.^_`|~0-9A-Za-z]+", key):
            raise type_error("FormData part had invalid headers.")
        headers.setdefault(key.lower(), value.strip())
    disposition = headers.get("content-disposition")
    if disposition is None:
        raise type_error("No valid Content-Disposition header found in FormData part.")
    found = _DISPOSITION.match(disposition)
    if found is None:
        raise type_error("Invalid Content-Disposition header found in FormData part.")
    if found[1] != "form-data":
        raise type_error(
            'Content-Disposition header for FormData part must have the value "form-data", possibly followed by '
            f'parameters. Got: "{found[1]}"'
        )
    # `\c` is read as `c`, as Chrome writes it
    parameters = {key: re.sub(r"\\(.)", r"\1", value) for key, value in _PARAMETER.findall(found[2])}
    if "name" not in parameters:
        raise type_error("Content-Disposition header in FormData part is missing a name.")
    return parameters["name"], parameters.get("filename"), headers.get("content-type")


def _quoted(name: str) -> str:
    if name.endswith("\\"):
        raise type_error("Name or filename can't end with backslash")
    return name.replace("\\", "\\\\").replace('"', "%22").replace("\n", "%0A")


def _name(value: Any, method: str) -> str:
    return scalars(text(value, f"{method} on FormData 1"))
