"""Who may see and do what, on real data in the four services: sources, specialists, leads."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import httpx
import pytest
from fastapi import FastAPI

from tests.support.caller import escalation
from tests.support.config_dir import key


class House:
    """Everybody's way into the four services."""

    def __init__(self, clients: dict[str, httpx.AsyncClient]) -> None:
        self._clients = clients

    async def ask(self, who: str, service: str, method: str, path: str, body: Any = None) -> httpx.Response:
        headers = {"Authorization": f"Bearer {key(who)}"}
        return await self._clients[service].request(method, path, json=body, headers=headers)

    async def status(self, who: str, service: str, method: str, path: str, body: Any = None) -> int:
        return (await self.ask(who, service, method, path, body)).status_code

    async def case_of(self, source: str, **fields: Any) -> str:
        answer = await self.ask(source, "intake", "POST", "/v1/escalations", escalation(**fields))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["case_id"])


@pytest.fixture
async def house(apps: dict[str, FastAPI]) -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        clients = {}
        for service, app in apps.items():
            transport = httpx.ASGITransport(app, raise_app_exceptions=False)
            client = httpx.AsyncClient(transport=transport, base_url=f"http://{service}")
            clients[service] = await stack.enter_async_context(client)
        acceptor = apps["intake"].state.components["acceptor"]
        await acceptor.start()
        stack.push_async_callback(acceptor.stop)
        yield House(clients)


PERSONS = ("ana", "ben", "manager", "boss", "lead")
CASE = "/v1/cases/{case}"

SEEN_OF_A_CASE = {
    CASE: {"tool": 200, "other-tool": 404, **dict.fromkeys(PERSONS, 200), "nothing": 403},
    CASE + "/reports": {"tool": 200, "other-tool": 404, **dict.fromkeys(PERSONS, 200), "nothing": 403},
    CASE + "/notes": {"tool": 200, "other-tool": 404, **dict.fromkeys(PERSONS, 200), "nothing": 403},
    CASE + "/timeline": {"tool": 403, "other-tool": 403, **dict.fromkeys(PERSONS, 200), "nothing": 403},
}


async def test_a_case_is_seen_by_its_sources_and_by_persons(house: House) -> None:
    case = await house.case_of("tool")

    for path, wanted in SEEN_OF_A_CASE.items():
        asked = path.format(case=case)
        assert {who: await house.status(who, "intake", "GET", asked) for who in wanted} == wanted, path


async def test_a_source_sees_of_its_case_what_is_its_own(house: House) -> None:
    subject = {"type": "post", "id": "p-1"}
    case = await house.case_of("tool", subject=subject, description="told by the tool")
    grouped = escalation(subject=subject, description="told by another")
    assert (await house.ask("other-tool", "intake", "POST", "/v1/escalations", grouped)).json()["case_id"] == case
    for visibility in ("internal", "public"):
        note = {"text": f"an {visibility} note", "visibility": visibility}
        assert await house.status("ana", "intake", "POST", f"/v1/cases/{case}/note", note) == 200

    for source, told in (("tool", "told by the tool"), ("other-tool", "told by another")):
        reports = (await house.ask(source, "intake", "GET", f"/v1/cases/{case}/reports")).json()["items"]
        notes = (await house.ask(source, "intake", "GET", f"/v1/cases/{case}/notes")).json()["items"]
        shown = (await house.ask(source, "intake", "GET", f"/v1/cases/{case}")).json()
        assert [report["description"] for report in reports] == [told]
        assert [note["text"] for note in notes] == ["an public note"]
        assert "summary" not in shown
        assert "assignee" not in shown
        listed = (await house.ask(source, "intake", "GET", "/v1/cases")).json()["items"]
        assert [one["case_id"] for one in listed] == [case]
    assert (await house.ask("ana", "intake", "GET", f"/v1/cases/{case}/reports")).json()["items"][1]["description"]


async def test_commands_are_for_persons(house: House) -> None:
    case = await house.case_of("tool")
    note = {"text": "seen", "visibility": "internal"}

    allowed = {who: await house.status(who, "intake", "POST", f"/v1/cases/{case}/note", note) for who in PERSONS}

    assert set(allowed.values()) == {200}
    assert await house.status("tool", "intake", "POST", f"/v1/cases/{case}/note", note) == 403
    assert await house.status("tool", "intake", "POST", f"/v1/cases/{case}/note", {"no": "note"}) == 403


async def test_a_source_pages_about_no_case(house: House) -> None:
    page = {"policy": "safety", "summary": "the tool is ill", "urgency": "low"}
    about_a_case = {**page, "case_id": "01990000-0000-7000-8000-000000000000"}
    assert await house.status("tool", "notifier", "POST", "/v1/pages", about_a_case) == 403

    own = (await house.ask("tool", "notifier", "POST", "/v1/pages", page)).json()["page_id"]
    assert await house.status("tool", "notifier", "POST", f"/v1/pages/{own}/resolve") == 200


async def test_only_a_lead_overrides_exposure(house: House) -> None:
    transfer = {"to": {"specialist": "ben"}, "reason": "knows the place", "override_exposure": True}
    wanted = {"ana": 403, "ben": 403, "manager": 403, "boss": 200, "lead": 200}
    for who, status in wanted.items():
        case = await house.case_of("tool")
        assert await house.status(who, "intake", "POST", f"/v1/cases/{case}/transfer", transfer) == status, who
        plain = {**transfer, "override_exposure": False}
        assert await house.status(who, "intake", "POST", f"/v1/cases/{case}/transfer", plain) == 200, who


async def test_presence_is_ones_own_or_a_leads_to_say(house: House) -> None:
    path, body = "/v1/specialists/ana/presence", {"state": "away"}
    wanted = {"ana": 200, "ben": 403, "manager": 403, "boss": 200, "lead": 200, "tool": 403, "nothing": 403}

    assert {who: await house.status(who, "router", "PUT", path, body) for who in wanted} == wanted
