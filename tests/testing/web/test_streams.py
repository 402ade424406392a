"""Streams where time passes between the chunks."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import pytest

from edgelint.testing.errors import EdgeError
from edgelint.testing.python_host.web.abort import AbortController
from edgelint.testing.python_host.web.promises import Thrown, as_error, as_reason
from edgelint.testing.python_host.web.readable import ReadableStream
from edgelint.testing.python_host.web.response import Response
from edgelint.testing.python_host.web.timers import Scheduler
from edgelint.testing.python_host.web.transform import IdentityTransformStream
from edgelint.testing.python_host.web.writable import WritableStream
from tests.testing.web.conftest import Isolate


def slow(count: int, delay: float = 5) -> ReadableStream:
    """Chunks 0, 1, ... one every ``delay`` ms."""
    left = iter(range(count))

    async def pull(controller: Any) -> None:
        await Scheduler().wait(delay)
        chunk = next(left, None)
        if chunk is None:
            controller.close()
        else:
            controller.enqueue(chunk)

    return ReadableStream({"pull": pull}, {"highWaterMark": 0})


def test_a_pipe_is_given_up_while_it_waits_for_a_chunk(isolate: Isolate) -> None:
    told: list[Any] = []

    async def look() -> None:
        controller = AbortController()
        destination = WritableStream({"abort": told.append})
        piping = slow(3, 1000).pipeTo(destination, {"signal": controller.signal})
        await Scheduler().wait(10)
        controller.abort("enough")
        with pytest.raises(Thrown, match="enough"):
            await piping
        kept = slow(3)
        options = {"signal": controller.signal, "preventCancel": True, "preventAbort": True}
        piping = kept.pipeTo(WritableStream(), options)
        with pytest.raises(Thrown):
            await piping
        assert not kept.locked
        with pytest.raises(EdgeError, match="AbortSignal"):
            await slow(1).pipeTo(WritableStream(), {"signal": 5})

    isolate.run(look)
    assert told == ["enough"]
    assert isolate.world.clock.now < isolate.world.clock.start + 1000


def test_a_write_that_fails_after_the_source_ended_breaks_the_pipe(isolate: Isolate) -> None:
    async def write(chunk: Any, controller: Any) -> None:
        await Scheduler().wait(50)
        raise EdgeError("disk full")

    async def look() -> None:
        source = ReadableStream({"start": lambda c: (c.enqueue(1), c.close())})
        with pytest.raises(EdgeError, match="disk full"):
            await source.pipeTo(WritableStream({"write": write}, {"highWaterMark": 5}))

    isolate.run(look)


def test_a_pipe_waits_until_its_destination_wants_more(isolate: Isolate) -> None:
    seen: list[tuple[int, float]] = []
    start = isolate.world.clock.now

    async def write(chunk: int, controller: Any) -> None:
        await Scheduler().wait(100)
        seen.append((chunk, round(isolate.world.clock.now - start)))

    async def look() -> None:
        await slow(3).pipeTo(WritableStream({"write": write}))

    isolate.run(look)
    assert seen == [(0, 105), (1, 210), (2, 315)]


def test_branches_of_a_tee_are_read_together_and_apart(isolate: Isolate) -> None:
    async def look() -> Any:
        one, other = slow(3).tee()
        first, second = one.getReader(), other.getReader()
        asked = [first.read(), second.read(), first.read(), second.read()]
        both = [(await each)["value"] for each in asked]
        rest = [chunk["value"] for chunk in (await first.read(), await second.read())]
        return both, rest, (await first.read())["done"], (await second.read())["done"]

    assert isolate.run(look) == ([0, 0, 1, 1], [2, 2], True, True)


def test_one_branch_cancelled_leaves_the_other(isolate: Isolate) -> None:
    async def look() -> Any:
        one, other = slow(2).tee()
        cancelling = one.cancel()
        found = [chunk async for chunk in other.values()]
        await cancelling
        return found

    assert isolate.run(look) == [0, 1]


def test_a_body_that_is_not_read_to_its_end_closes_its_source(isolate: Isolate) -> None:
    closed: list[str] = []

    async def chunks() -> AsyncIterator[bytes]:
        try:
            yield b"a"
            yield b"b"
        finally:
            closed.append("closed")

    async def look() -> None:
        stream = ReadableStream._of_chunks(chunks())
        reader = stream.getReader()
        assert (await reader.read())["value"] == b"a"
        await reader.cancel()

    isolate.run(look)
    assert closed == ["closed"]


def test_aborts_that_meet(isolate: Isolate) -> None:
    told: list[Any] = []

    async def abort(reason: Any) -> None:
        await Scheduler().wait(5)
        told.append(reason)

    async def look() -> Any:
        async def write(chunk: Any, controller: Any) -> None:
            await Scheduler().wait(5)

        stream = WritableStream({"write": write, "abort": abort})
        writer = stream.getWriter()
        writer.write(1)
        one, other = writer.abort("first"), writer.abort("second")
        assert one is other
        await one
        late = WritableStream({"write": write})
        pen = late.getWriter()
        pen.write(1)
        late._controller.error(EdgeError("broken"))
        with pytest.raises(EdgeError, match="broken"):
            await pen.abort("too late")
        with pytest.raises(EdgeError, match="broken"):
            await pen.closed
        assert pen.desiredSize is None

    isolate.run(look)
    assert told == ["first"]


def test_a_stream_closed_while_it_is_aborted(isolate: Isolate) -> None:
    async def close() -> None:
        await Scheduler().wait(5)

    async def look() -> None:
        stream = WritableStream({"close": close})
        writer = stream.getWriter()
        closing = writer.close()
        aborting = writer.abort("why")
        await closing
        await aborting
        await writer.closed

    isolate.run(look)


def test_bytes_through_a_pair_while_they_are_written(isolate: Isolate) -> None:
    async def look() -> Any:
        pair = IdentityTransformStream()
        writer = pair.writable.getWriter()
        reading = Response(pair.readable).text()
        for chunk in (b"a", b"", b"b"):
            await writer.write(chunk)
            await Scheduler().wait(1)
        await writer.close()
        return await reading

    assert isolate.run(look) == "ab"


def test_reasons_and_errors() -> None:
    error = ValueError("x")
    assert as_error(error) is error
    assert as_reason(error) is error
    thrown = as_error({"a": 1})
    assert isinstance(thrown, Thrown)
    assert as_reason(thrown) == {"a": 1}
    assert str(thrown) == "[object Object]"
