"""What a service shows without a key: whether it lives, whether it is ready, its metrics and its documentation."""

import re

from fastapi import FastAPI

from shared.components.component import Check
from tests.support.edge import Part, client, edge, principal


async def test_alive_while_not_ready() -> None:
    relay = Part("relay", Check(ok=False, detail="Kafka is away"))
    app = edge(principal("ana"), components=[relay])
    async with client(app) as anyone:
        alive, ready = await anyone.get("/livez"), await anyone.get("/readyz")

        assert (alive.status_code, alive.json()["status"]) == (200, "ok")
        assert (ready.status_code, ready.json()["status"]) == (503, "not ready")
        assert ready.json()["checks"]["relay"] == {"ok": False, "detail": "Kafka is away"}
        assert ready.json()["checks"]["lifecycle"]["ok"]

        without = await anyone.get("/readyz?exclude=consumer&exclude=relay")
        assert without.status_code == 200
        assert not without.json()["checks"]["relay"]["ok"]

        relay.state = Check(ok=True)
        assert (await anyone.get("/readyz")).status_code == 200


async def test_requests_are_counted_by_the_template_of_their_route(app: FastAPI) -> None:
    async with client(app, "ana") as ana:
        await ana.get("/v1/things/0190b5a0-0000-7000-8000-000000000000")
        await ana.get("/v1/things/not-an-id")
        await ana.get("/v1/nothing/secret-id")
        await ana.get("/livez")
        text = (await ana.get("/metrics")).text

    counts = dict(re.findall(r"^tocsin_http_request_duration_seconds_count\{(.*)\} (.*)$", text, re.MULTILINE))
    assert counts['method="GET",route="/v1/things/{thing_id}",status="200"'] == "1.0"
    assert counts['method="GET",route="/v1/things/{thing_id}",status="404"'] == "1.0"
    assert counts['method="GET",route="unmatched",status="404"'] == "1.0"
    assert counts['method="GET",route="/livez",status="200"'] == "1.0"
    assert "secret-id" not in text


async def test_the_document_tells_of_keys_scopes_and_problems(app: FastAPI) -> None:
    async with client(app) as anyone:
        document = (await anyone.get("/openapi.json")).json()

    operation = document["paths"]["/v1/things"]["post"]
    assert operation["security"] == [{"key": []}]
    assert operation["x-scopes"] == ["cases:write"]
    assert {"201", "401", "403", "404", "409", "413", "415", "422", "429", "503"} <= set(operation["responses"])
    schema = operation["responses"]["422"]["content"]["application/problem+json"]["schema"]
    assert schema == {"$ref": "#/components/schemas/Problem"}
    assert "HTTPValidationError" not in document["components"]["schemas"]


async def test_the_documentation_needs_no_network_and_no_script(app: FastAPI) -> None:
    async with client(app) as anyone:
        page = await anyone.get("/docs")

    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "/v1/things/{thing_id}" in page.text
    assert "cases:write" in page.text
    assert "<script" not in page.text
    assert not re.search(r"(src|href)=\"(https?:)?//", page.text)
