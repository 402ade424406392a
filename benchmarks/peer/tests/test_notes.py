"""The tests of test/notes.test.ts, under edgelint."""

import os

import pytest


@pytest.mark.parametrize("number", range(int(os.environ.get("COUNT", "20"))))
def test_it(edge, edge_client, number):
    assert edge_client.post("/cache", content="a").text == "a"
    assert edge_client.post("/notes", content="b").json() == [{"id": 1, "body": "b"}]
    assert edge_client.get("/counter").text == "1"
    assert edge.env.CACHE.get("seen") == "a"
