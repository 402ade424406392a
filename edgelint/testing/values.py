"""What plain Python lacks to say what a Worker says: ``undefined``, which is not ``null``. None is null."""

from __future__ import annotations

from typing import Final


class Undefined:
    """The type of UNDEFINED. There is one of it; it is false, as in JavaScript."""

    __slots__ = ()

    def __bool__(self) -> bool:
        return False

    def __repr__(self) -> str:
        return "undefined"

    def __copy__(self) -> Undefined:
        return self

    def __deepcopy__(self, memo: object) -> Undefined:
        return self

    def __reduce__(self) -> str:
        return "UNDEFINED"


UNDEFINED: Final = Undefined()
