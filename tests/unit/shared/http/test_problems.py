"""Whatever a caller sends, the answer is a problem that says what is wrong, and never a fault of the service."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.support.edge import client

MEBIBYTE = 1024 * 1024
JSON = {"content-type": "application/json"}


@pytest.fixture
async def ana(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    async with client(app, "ana") as session:
        yield session


def problem(answer: httpx.Response, status: int, slug: str) -> dict[str, Any]:
    """The members of the problem, which has all that RFC 9457 and the contract ask for."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    members: dict[str, Any] = answer.json()
    assert members["type"] == f"/problems/{slug}"
    assert members["status"] == status
    assert members["title"]
    assert members["detail"]
    assert members["instance"] == answer.request.url.path
    return members


async def post(session: httpx.AsyncClient, body: bytes) -> httpx.Response:
    return await session.post("/v1/things", content=body, headers=JSON)


async def test_a_good_request_is_answered(ana: httpx.AsyncClient) -> None:
    answer = await post(ana, b'{"name": "one"}')

    assert (answer.status_code, answer.json()) == (201, {"name": "one", "by": "ana"})


@pytest.mark.parametrize("path", ["/", "/v1", "/v1/nothing", "/v1/things/", "/docs/x"])
async def test_an_unknown_path_is_not_found_with_or_without_a_key(
    app: FastAPI, ana: httpx.AsyncClient, path: str
) -> None:
    async with client(app) as stranger:
        problem(await stranger.get(path), 404, "not-found")
    problem(await ana.get(path), 404, "not-found")


@pytest.mark.parametrize("thing", ["1", "x" * 40, "0190b5a0-0000-7000-8000-00000000000", "%00", "%ff"])
async def test_an_id_that_is_no_uuid_is_not_found(ana: httpx.AsyncClient, thing: str) -> None:
    problem(await ana.get(f"/v1/things/{thing}"), 404, "not-found")


async def test_another_method_names_those_there_are(ana: httpx.AsyncClient) -> None:
    answer = await ana.delete("/v1/things")

    problem(answer, 405, "method-not-allowed")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS, POST"


async def test_options_names_the_methods_and_needs_no_key(app: FastAPI) -> None:
    async with client(app) as stranger:
        answer = await stranger.options("/v1/things")

    assert (answer.status_code, answer.headers["allow"]) == (204, "GET, HEAD, OPTIONS, POST")


async def test_head_is_get_without_its_body(ana: httpx.AsyncClient) -> None:
    head, get = await ana.head("/v1/things"), await ana.get("/v1/things")

    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"]


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (b"{}", ["body", "name"]),
        (b'{"name": 5}', ["body", "name"]),
        (b'{"name": "a", "number": "5"}', ["body", "number"]),
        (b'{"name": "a", "number": 1.5}', ["body", "number"]),
        (b'{"name": "a", "number": 1e400}', ["body"]),
        (b'{"name": "a", "number": ' + b"9" * 30 + b"}", ["body", "number"]),
        (b'{"name": "a", "colour": "red"}', ["body", "colour"]),
        (b'{"name": "a\\u0000"}', ["body", "name"]),
        (b'{"name": "\\ud800"}', ["body", "name"]),
        (b'{"name": "\\udc00\\ud800 and more"}', ["body", "name"]),
        (b'{"name": "a", "labels": {"k": "\\ud83d"}}', ["body", "labels", "k"]),
        (b'{"name": "a", "labels": {"\\u0000": "v"}}', ["body", "labels", "\x00", "[key]"]),
        (b"[]", ["body"]),
        (b"null", ["body"]),
        (b"", ["body"]),
    ],
)
async def test_a_body_that_does_not_fit_names_the_place(ana: httpx.AsyncClient, body: bytes, loc: list[str]) -> None:
    members = problem(await post(ana, body), 422, "invalid")

    assert loc in [error["loc"] for error in members["errors"]]
    assert all(error["msg"] for error in members["errors"])


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"{'name': 'a'}",
        b'{"name": NaN}',
        b'{"name": Infinity, "x": "\\u0041"}',
        b'{"name": "\xff"}',
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"x": "\\u0041", "name": ' + b"[" * 100_000,
        b'{"x": "\\u0041", "name": ' + b"9" * 100_000 + b"}",
    ],
    ids=["cut", "quotes", "nan", "infinity", "utf8", "bom", "deep", "deep-escaped", "long-number"],
)
async def test_what_is_no_json_is_not_valid(ana: httpx.AsyncClient, body: bytes) -> None:
    members = problem(await post(ana, body), 422, "invalid")

    assert [error["loc"] for error in members["errors"]] == [["body"]]


@pytest.mark.parametrize(
    ("body", "loc"),
    [
        (b'{"name": "a", "colour\\ud800": 1}', ["body", "colour\\ud800\0"]),
        (b'{"name": "a", "labels": {"k\\udfff": "v"}}', ["body", "labels", "k\\udfff\0", "[key]"]),
    ],
)
async def test_a_field_name_that_utf8_cannot_hold_is_named_readably(
    ana: httpx.AsyncClient, body: bytes, loc: list[str]
) -> None:
    members = problem(await post(ana, body), 422, "invalid")

    assert loc in [error["loc"] for error in members["errors"]]


async def test_no_answer_names_more_than_a_thousand_faults(ana: httpx.AsyncClient) -> None:
    strange = b",".join(b'"x%d": 1' % number for number in range(2000))

    members = problem(await post(ana, b'{"name": "a", ' + strange + b"}"), 422, "invalid")

    assert len(members["errors"]) == 1000


def nested(levels: int, rest: bytes = b"") -> bytes:
    """A thing with `levels` objects and lists within each other, itself the first."""
    return b'{"name": "a", ' + rest + b'"x": ' + b"[" * (levels - 1) + b"]" * (levels - 1) + b"}"


@pytest.mark.parametrize("rest", [b"", b'"y": "\\ud800", '], ids=["plain", "escaped"])
@pytest.mark.parametrize(("levels", "loc"), [(32, ["body", "x"]), (33, ["body"]), (900, ["body"])])
async def test_json_goes_so_deep_and_no_deeper(
    ana: httpx.AsyncClient, rest: bytes, levels: int, loc: list[str]
) -> None:
    members = problem(await post(ana, nested(levels, rest)), 422, "invalid")

    assert loc in [error["loc"] for error in members["errors"]]


async def test_many_braces_are_no_depth(ana: httpx.AsyncClient) -> None:
    answer = await post(ana, b'{"name": "' + b"{[" * 500 + b'"}')

    assert answer.status_code == 201


@pytest.mark.parametrize("number", [b"1e400", b"-1e999", b"9" * 390])
async def test_a_number_that_no_float_holds_is_no_json(ana: httpx.AsyncClient, number: bytes) -> None:
    members = problem(await post(ana, b'{"name": "\\ud800", "number": ' + number + b"}"), 422, "invalid")

    assert [error["loc"] for error in members["errors"]] == [["body"]]


async def test_every_way_of_reading_takes_a_long_number_alike(ana: httpx.AsyncClient) -> None:
    """Beyond 64 bits it is a float, wherever else in the body an escape stands."""
    for name in (b"a", b"\\ud800"):
        members = problem(await post(ana, b'{"name": "' + name + b'", "number": ' + b"9" * 30 + b"}"), 422, "invalid")
        assert ["body", "number"] in [error["loc"] for error in members["errors"]]


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "multipart/form-data",
    ],
)
async def test_a_body_of_another_media_type_is_refused(ana: httpx.AsyncClient, content_type: str | None) -> None:
    headers = {} if content_type is None else {"content-type": content_type}

    problem(await ana.post("/v1/things", content=b'{"name": "a"}', headers=headers), 415, "unsupported-media-type")


async def test_a_compressed_body_is_415(ana: httpx.AsyncClient) -> None:
    headers = {"content-type": "application/json", "content-encoding": "gzip"}
    problem(await ana.post("/v1/things", content=b'{"name": "a"}', headers=headers), 415, "unsupported-media-type")


@pytest.mark.parametrize("content_type", ["application/json", "Application/JSON; Charset=UTF-8"])
async def test_json_may_say_its_charset(ana: httpx.AsyncClient, content_type: str) -> None:
    answer = await ana.post("/v1/things", content=b'{"name": "a"}', headers={"content-type": content_type})

    assert answer.status_code == 201


async def chunks(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // 65536):
        yield b" " * 65536


@pytest.mark.parametrize("declared", [True, False])
async def test_a_body_beyond_a_mebibyte_is_refused(ana: httpx.AsyncClient, declared: bool) -> None:
    body = b" " * (2 * MEBIBYTE) if declared else chunks(2 * MEBIBYTE)

    problem(await ana.post("/v1/things", content=body, headers=JSON), 413, "body-too-large")


@pytest.mark.parametrize(("size", "status"), [(7 * MEBIBYTE, 422), (9 * MEBIBYTE, 413)])
async def test_a_batch_may_have_eight(ana: httpx.AsyncClient, size: int, status: int) -> None:
    answer = await ana.post("/v1/escalations/batch", content=chunks(size), headers=JSON)

    assert answer.status_code == status


async def test_what_is_away_is_503_with_the_time_to_wait(ana: httpx.AsyncClient) -> None:
    answer = await ana.get("/v1/away")

    problem(answer, 503, "unavailable")
    assert answer.headers["retry-after"] == "3"


async def test_a_fault_of_the_service_tells_the_caller_nothing_of_it(ana: httpx.AsyncClient) -> None:
    answer = await ana.get("/v1/broken")

    problem(answer, 500, "internal")
    assert "ZeroDivision" not in answer.text


@pytest.mark.parametrize(
    ("query", "loc"),
    [
        ("limit=0", ["query", "limit"]),
        ("limit=201", ["query", "limit"]),
        ("limit=many", ["query", "limit"]),
        ("cursor=%21", ["query", "cursor"]),
        ("cursor=WzEsMl0", ["query", "cursor"]),
        ("cursor=WyJhIl0", ["query", "cursor"]),
        ("cursor=%00", ["query"]),
    ],
)
async def test_a_parameter_that_does_not_fit_is_named(ana: httpx.AsyncClient, query: str, loc: list[str]) -> None:
    members = problem(await ana.get(f"/v1/things?{query}"), 422, "invalid")

    assert loc in [error["loc"] for error in members["errors"]]


async def test_a_list_goes_on_where_its_cursor_says(ana: httpx.AsyncClient) -> None:
    first = (await ana.get("/v1/things", params={"limit": 3})).json()
    second = (await ana.get("/v1/things", params={"limit": 3, "cursor": first["next_cursor"]})).json()

    assert (first["items"], second["items"]) == ([0, 1, 2], [3, 4, 5])


CAREFUL = {
    "x-content-type-options": "nosniff",
    "cache-control": "no-store",
    "referrer-policy": "no-referrer",
    "x-frame-options": "DENY",
}


@pytest.mark.parametrize("path", ["/v1/things", "/v1/nothing", "/docs", "/livez", "/openapi.json", "/v1/broken"])
async def test_every_answer_carries_the_headers_of_a_careful_server(ana: httpx.AsyncClient, path: str) -> None:
    answer = await ana.get(path)

    assert {name: answer.headers.get(name) for name in CAREFUL} == CAREFUL
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "strict-transport-security" not in answer.headers


async def test_behind_https_callers_are_told_to_stay_there(app: FastAPI) -> None:
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="https://edge") as session:
        assert (await session.get("/livez")).headers["strict-transport-security"].startswith("max-age=")


@pytest.mark.parametrize("method", ["TRACE", "PROPFIND", "PATCH", "DELETE"])
async def test_a_method_that_nobody_offers_is_405(ana: httpx.AsyncClient, method: str) -> None:
    answer = await ana.request(method, "/v1/things")

    problem(answer, 405, "method-not-allowed")
    assert "things" not in answer.text.replace("/v1/things", "")
