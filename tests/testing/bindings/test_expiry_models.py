"""KV and the cache on a clock that moves, beside a model of the docs: a value lasts so many seconds, no more."""

from __future__ import annotations

from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from edgelint.testing.bindings.base import Declared
from edgelint.testing.bindings.cache import Cache
from edgelint.testing.bindings.kv import KvNamespace
from edgelint.testing.http import HttpResponse
from edgelint.testing.world import World
from tests.testing.bindings.worlds import Bound

KEYS = st.sampled_from(["a", "ab", "b"])
SECONDS = st.integers(0, 200) | st.sampled_from([59.999, 60, 60.001, 0.5])


class _Moving(RuleBasedStateMachine):
    """A world whose clock moves, and what should be there: key -> (value, the instant in ms at which it is gone)."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.model: dict[str, tuple[Any, float]] = {}

    def live(self) -> dict[str, Any]:
        now = self.world.clock.now
        return {key: value for key, (value, until) in sorted(self.model.items()) if until > now}

    @rule(seconds=SECONDS)
    def advance(self, seconds: float) -> None:
        self.world.advance_to(self.world.clock.now + seconds * 1000)

    def teardown(self) -> None:
        self.world.close()


class KvExpiry(_Moving):
    def __init__(self) -> None:
        super().__init__()
        self.kv = Bound(self.world, KvNamespace(Declared("KV", "kv", "kv"), self.world))

    @rule(key=KEYS, value=st.text(max_size=3), ttl=st.none() | st.integers(60, 300))
    def put(self, key: str, value: str, ttl: int | None) -> None:
        if ttl is None:
            self.kv("put", key, value)
            self.model[key] = value, float("inf")
        else:
            self.kv("put", key, value, expiration_ttl=ttl)
            self.model[key] = value, (self.world.clock.now // 1000 + ttl) * 1000

    @rule(key=KEYS, value=st.text(max_size=3), ahead=st.integers(61, 300))
    def put_until(self, key: str, value: str, ahead: int) -> None:
        until = int(self.world.clock.now // 1000) + ahead
        self.kv("put", key, value, expiration=until)
        self.model[key] = value, until * 1000

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        self.kv("delete", key)
        self.model.pop(key, None)

    @rule(prefix=st.sampled_from(["", "a", "ab"]), limit=st.integers(1, 3))
    def pages(self, prefix: str, limit: int) -> None:
        found: list[str] = []
        page = self.kv("list", prefix=prefix, limit=limit)
        found += [key["name"] for key in page["keys"]]
        while not page["list_complete"]:
            page = self.kv("list", prefix=prefix, limit=limit, cursor=page["cursor"])
            found += [key["name"] for key in page["keys"]]
        assert found == [key for key in self.live() if key.startswith(prefix)]

    @invariant()
    def values_are_those_of_the_model(self) -> None:
        live = self.live()
        assert self.kv("get", ["a", "ab", "b"]) == {key: live.get(key) for key in ("a", "ab", "b")}
        for key in ("a", "ab", "b"):
            assert self.kv("get", key) == live.get(key)


class CacheExpiry(_Moving):
    def __init__(self) -> None:
        super().__init__()
        self.cache = Bound(self.world, Cache(Declared("CACHE", "cache", "cache"), self.world))

    @rule(
        key=KEYS, body=st.binary(max_size=3), age=st.integers(0, 5),
        how=st.sampled_from(["max-age", "s-maxage", "default", "no-store"]), seconds=st.integers(0, 120),
    )  # fmt: skip
    def put(self, key: str, body: bytes, age: int, how: str, seconds: int) -> None:
        headers = [("age", str(age))]
        if how != "default":
            headers.append(("cache-control", how if how == "no-store" else f"{how}={seconds}"))
        self.cache("put", f"https://a.test/{key}", HttpResponse(200, headers, body))
        if how != "no-store":
            lasts = 7200 if how == "default" else seconds
            self.model[key] = (body, age, self.world.clock.now), self.world.clock.now + (lasts - age) * 1000

    @rule(key=KEYS)
    def delete(self, key: str) -> None:
        assert self.cache("delete", f"https://a.test/{key}") is (key in self.live())
        self.model.pop(key, None)

    @invariant()
    def responses_are_those_of_the_model(self) -> None:
        live = self.live()
        for key in ("a", "ab", "b"):
            found = self.cache("match", f"https://a.test/{key}")
            assert (found is not None) == (key in live)
            if found is not None:
                body, age, stored = live[key]
                assert found.body == body
                assert found.header("age") == str(round(age + (self.world.clock.now - stored) / 1000))


_RUN = settings(max_examples=60, stateful_step_count=20, derandomize=True, deadline=None)
TestKvExpiry = KvExpiry.TestCase
TestKvExpiry.settings = _RUN
TestCacheExpiry = CacheExpiry.TestCase
TestCacheExpiry.settings = _RUN
