"""The tests of test/notes.test.ts, under edgelint."""

import os

import httpx
import pytest

from edgelint.testing.edge import Edge


@pytest.mark.parametrize("number", range(int(os.environ.get("COUNT", "20"))))
def test_it(edge: Edge, edge_client: httpx.Client, number: int) -> None:
    assert edge_client.post("/cache", content="a").text == "a"
    assert edge_client.post("/notes", content="b").json() == [{"id": 1, "body": "b"}]
    assert edge_client.get("/counter").text == "1"
    assert edge.env.CACHE.get("seen") == "a"
