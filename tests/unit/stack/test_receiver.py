"""The built-in receiver: takes what is signed, keeps it through a crash, shows it without trusting it."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import orjson
import pytest
from standardwebhooks.webhooks import Webhook

from services.stack.inbox import Inbox
from services.stack.receiver import create_app

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
OTHER = "whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"


def message(summary: str = "Threat", **data: Any) -> bytes:
    page = {"page_id": "p1", "case_id": "c1", "reasons": [{"kind": "breach", "name": "acknowledge"}]}
    given = {"page": page, "case": {"summary": summary}, "responder": "rosa", "ack_url": "http://host/v1/ack/t"}
    return orjson.dumps({"type": "page.triggered", "timestamp": "now", "data": given | data})


def signed(body: bytes, webhook_id: str = "w1", secret: str = SECRET, age: timedelta = timedelta(0)) -> dict[str, str]:
    at = datetime.now(UTC) - age
    signature = Webhook(secret).sign(webhook_id, at, body.decode())
    return {"webhook-id": webhook_id, "webhook-timestamp": str(int(at.timestamp())), "webhook-signature": signature}


def client_for(path: Path) -> httpx.AsyncClient:
    app = create_app(Inbox.open(path), SECRET)
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://receiver")


@pytest.fixture
async def receiver(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with client_for(tmp_path / "pages.ndjson") as client:
        yield client


async def kept(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    return list((await client.get("/pages")).json()["items"])


@pytest.mark.parametrize("path", ["/", "/pages"])
async def test_a_signed_page_is_kept_with_what_a_reader_looks_for(receiver: httpx.AsyncClient, path: str) -> None:
    body = message()
    assert (await receiver.post(path, content=body, headers=signed(body))).status_code == 204
    (item,) = await kept(receiver)
    assert item["type"] == "page.triggered"
    assert (item["page_id"], item["case_id"], item["responder"]) == ("p1", "c1", "rosa")
    assert item["ack_url"] == "http://host/v1/ack/t"
    assert item["body"] == orjson.loads(body)


async def test_the_same_message_twice_is_one_page_delivered_twice(receiver: httpx.AsyncClient) -> None:
    body = message()
    for _ in range(2):
        await receiver.post("/", content=body, headers=signed(body))
    (item,) = await kept(receiver)
    assert item["deliveries"] == 2


@pytest.mark.parametrize("fault", ["other secret", "other body", "old", "unsigned", "not text"])
async def test_what_is_not_signed_properly_is_refused_and_not_kept(receiver: httpx.AsyncClient, fault: str) -> None:
    body = message()
    headers = {
        "other secret": signed(body, secret=OTHER),
        "other body": signed(message("another")),
        "old": signed(body, age=timedelta(minutes=6)),
        "unsigned": {},
        "not text": signed(body),
    }[fault]
    answer = await receiver.post("/", content=b"\xff\xfe" if fault == "not text" else body, headers=headers)
    assert answer.status_code == 401
    assert await kept(receiver) == []


async def test_a_signed_message_that_is_no_page_is_refused(receiver: httpx.AsyncClient) -> None:
    body = b'{"type": "something"}'
    assert (await receiver.post("/", content=body, headers=signed(body))).status_code == 422


async def test_pages_survive_a_crash_also_one_in_the_middle_of_a_line(tmp_path: Path) -> None:
    path = tmp_path / "pages.ndjson"
    body = message()
    async with client_for(path) as client:
        await client.post("/", content=body, headers=signed(body))
    with path.open("ab") as file:
        file.write(b'{"received_at": "20')
    async with client_for(path) as client:
        await client.post("/", content=body, headers=signed(body, "w2"))
    async with client_for(path) as client:
        assert [item["webhook_id"] for item in await kept(client)] == ["w1", "w2"]


async def test_the_page_for_people_trusts_nothing_that_came(receiver: httpx.AsyncClient) -> None:
    assert "Nothing yet" in (await receiver.get("/")).text
    body = message("<script>alert(1)</script>", ack_url="javascript:alert(1)")
    await receiver.post("/", content=body, headers=signed(body))
    shown = (await receiver.get("/")).text
    assert "&lt;script&gt;" in shown
    assert "<script>" not in shown
    assert "javascript:" not in shown


async def test_the_page_for_people_shows_one_page_with_all_its_messages(receiver: httpx.AsyncClient) -> None:
    for number, kind in enumerate(("triggered", "escalated", "acknowledged")):
        body = message().replace(b"page.triggered", f"page.{kind}".encode())
        await receiver.post("/", content=body, headers=signed(body, f"w{number}"))
    shown = (await receiver.get("/")).text
    assert shown.count("<article") == 1
    assert shown.count("to rosa") == 3
    assert "<h2>acknowledged: breach acknowledge</h2>" in shown
    assert "Acknowledge</a>" not in shown


async def test_the_page_for_people_links_to_the_acknowledgement(receiver: httpx.AsyncClient) -> None:
    body = message()
    await receiver.post("/", content=body, headers=signed(body))
    assert '<a href="http://host/v1/ack/t">Acknowledge</a>' in (await receiver.get("/")).text
