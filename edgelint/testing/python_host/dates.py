"""Date, in UTC as Workers have it."""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, Final

from edgelint.testing.coercion import number
from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.jsvalue import JsHost, JsProxy, Method, method, static, text
from edgelint.testing.python_host.realm import realm
from edgelint.testing.values import UNDEFINED

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LIMIT: Final = 8.64e15  # ms (ECMA-262, TimeClip)
_DAYS: Final = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_MONTHS: Final = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_ISO: Final = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,9}))?)?(Z|[+-]\d\d:?\d\d)?)?$"
)


class JsDate(JsHost, js_name="Date"):
    """A Date. ``time`` is in ms since the epoch, NaN for an invalid one."""

    def __init__(self, time: float) -> None:
        self._time = math.trunc(time) if math.isfinite(time) and abs(time) <= _LIMIT else math.nan

    @classmethod
    def _js_construct(cls, args: list[Any]) -> Any:
        if not args:
            return cls(math.floor(realm().now()))
        if len(args) > 1:
            return cls(_fields([number(arg) for arg in args]))
        first = args[0]
        if isinstance(first, JsDate):
            return cls(first._time)
        plain = text(first) if isinstance(first, JsProxy) else first
        return cls(parse(plain) if isinstance(plain, str) else number(plain))

    @classmethod
    def _js_call_class(cls, args: list[Any]) -> Any:
        return cls(math.floor(realm().now()))._js_text()

    @classmethod
    def of(cls, moment: datetime) -> JsDate:
        """The Date of a datetime (one without a zone is UTC)."""
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        return cls((aware - _EPOCH) / timedelta(milliseconds=1))

    @property
    def _moment(self) -> datetime:
        return _EPOCH + timedelta(milliseconds=self._time)

    @static
    def now() -> float:
        return math.floor(realm().now())

    @static(name="parse")
    def parse_(value: Any = UNDEFINED) -> float:
        return parse(text(value))

    @static(name="UTC")
    def utc(*parts: Any) -> float:
        return _fields([number(part) for part in parts])

    @method
    def getTime(self) -> float:
        return self._time

    @method
    def valueOf(self) -> float:
        return self._time

    @method
    def getTimezoneOffset(self) -> int:
        return 0

    @method
    def toISOString(self) -> str:
        if math.isnan(self._time):
            raise EdgeError("Invalid time value", "RangeError")
        moment = self._moment
        return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z"

    @method
    def toJSON(self, key: Any = UNDEFINED) -> str | None:
        return None if math.isnan(self._time) else str(JsDate.toISOString.function(self))

    @method
    def toString(self) -> str:
        return self._js_text()

    @method
    def toUTCString(self) -> str:
        if math.isnan(self._time):
            return "Invalid Date"
        moment = self._moment
        return f"{_DAYS[moment.weekday()]}, {moment:%d} {_MONTHS[moment.month - 1]} {moment:%Y %H:%M:%S} GMT"

    def _js_text(self) -> str:
        if math.isnan(self._time):
            return "Invalid Date"
        moment = self._moment
        day = f"{_DAYS[moment.weekday()]} {_MONTHS[moment.month - 1]} {moment:%d %Y %H:%M:%S}"
        return f"{day} GMT+0000 (Coordinated Universal Time)"



def _reader(part: str) -> Any:
    def read(self: Any) -> float:
        if math.isnan(self._time):
            return math.nan
        moment = self._moment
        fields: dict[str, float] = {
            "FullYear": moment.year, "Month": moment.month - 1, "Date": moment.day, "Day": moment.isoweekday() % 7,
            "Hours": moment.hour, "Minutes": moment.minute, "Seconds": moment.second,
            "Milliseconds": moment.microsecond // 1000,
        }  # fmt: skip
        return fields[part]

    return read


_PARTS: Final = ("FullYear", "Month", "Date", "Hours", "Minutes", "Seconds", "Milliseconds")


def _writer(part: str) -> Any:
    index = _PARTS.index(part)

    def write(self: Any, *values: Any) -> float:
        moment = self._moment
        fields = [
            moment.year, moment.month - 1, moment.day, moment.hour, moment.minute, moment.second,
            moment.microsecond // 1000,
        ]  # fmt: skip
        for place, value in enumerate(values):
            fields[index + place] = number(value)
        self._time = JsDate(_fields([float(field) for field in fields]))._time
        return float(self._time)

    return write


for _part in (*_PARTS, "Day"):
    for _zone in ("", "UTC"):
        _members = [Method(f"get{_zone}{_part}", _reader(_part))]
        if _part != "Day":
            _members.append(Method(f"set{_zone}{_part}", _writer(_part)))
        for _member in _members:
            setattr(JsDate, _member.name, _member)
            JsDate._js_members[_member.name] = _member


def _set_time(self: Any, value: Any = UNDEFINED) -> float:
    self._time = JsDate(number(value))._time
    return float(self._time)


JsDate._js_members["setTime"] = Method("setTime", _set_time)


def _fields(parts: list[float]) -> float:
    """Year, month from 0, day, hours, minutes, seconds, ms as a time; fields out of range carry over."""
    if any(not math.isfinite(part) for part in parts):
        return math.nan
    year, month, day, hours, minutes, seconds, milliseconds = (
        math.trunc(part) for part in [*parts, *(0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 0.0)[len(parts) :]]
    )
    if 0 <= year <= 99:
        year += 1900
    year, month = year + month // 12, month % 12
    try:
        start = datetime(year, month + 1, 1, tzinfo=UTC)
    except (ValueError, OverflowError):
        return math.nan
    days = (start - _EPOCH).days + day - 1
    return float(((days * 24 + hours) * 60 + minutes) * 60_000 + seconds * 1000 + milliseconds)


def parse(value: str) -> float:
    """``Date.parse``: ISO 8601 and the dates of HTTP; NaN for anything else."""
    found = _ISO.match(value.strip())
    if found is not None:
        year, month, day, hour, minute, second, fraction, zone = found.groups()
        parts = [float(part) for part in (year, int(month or 1) - 1, day or 1, hour or 0, minute or 0, second or 0)]
        if parts[1] > 11 or not 1 <= parts[2] <= 31 or parts[3] > 24 or parts[4] > 59 or parts[5] > 59:
            return math.nan
        time = _fields([*parts, math.trunc(float(f"0.{fraction or 0}") * 1000)])
        if zone and zone != "Z":
            digits = zone[1:].replace(":", "")
            shift = (int(digits[:2]) * 60 + int(digits[2:])) * 60_000
            time -= shift if zone[0] == "+" else -shift
        return time
    try:
        return JsDate.of(parsedate_to_datetime(value))._time
    except (ValueError, TypeError, IndexError):
        return math.nan
