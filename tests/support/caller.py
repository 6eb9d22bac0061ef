"""A caller of the four services: the reporting tool, the specialist and the lead in one hand."""

from collections.abc import Callable
from typing import Any
from uuid import uuid4

import httpx

from tests.support.config_dir import key
from tests.support.waiting import wait_for


def escalation(**fields: Any) -> dict[str, Any]:
    """A valid escalation about nothing in particular, with an id of its own."""
    return {
        "external_id": f"rpt-{uuid4()}",
        "summary": "A threat against a named person",
        "policy_area": "violent_content",
        "language": "es",
        "region": "MX",
        **fields,
    }


class Caller:
    """HTTP as one principal; `urls` gives each service's base."""

    def __init__(self, urls: Callable[[str], str], principal: str) -> None:
        self._urls = urls
        self._http = httpx.Client(headers={"Authorization": f"Bearer {key(principal)}"}, timeout=15)

    def close(self) -> None:
        self._http.close()

    def get(self, service: str, path: str, **params: Any) -> httpx.Response:
        return self._http.get(self._urls(service) + path, params=params)

    def post(
        self, service: str, path: str, body: Any = None, *, idempotency_key: str | None = None, **headers: str
    ) -> httpx.Response:
        if idempotency_key:
            headers["Idempotency-Key"] = idempotency_key
        return self._http.post(self._urls(service) + path, json={} if body is None else body, headers=headers)

    def escalate(self, **fields: Any) -> str:
        """Post one escalation; the case id."""
        answer = self.post("intake", "/v1/escalations", escalation(**fields))
        assert answer.status_code == 202, answer.text
        return str(answer.json()["case_id"])

    def command(self, case_id: str, name: str, **body: Any) -> dict[str, Any]:
        """One command on a case; the case afterwards."""
        answer = self.post("intake", f"/v1/cases/{case_id}/{name}", body)
        assert answer.status_code == 200, answer.text
        case: dict[str, Any] = answer.json()
        return case

    def items(self, service: str, path: str, **params: Any) -> list[dict[str, Any]]:
        """The items of a list; none while the service does not know the case yet or is away."""
        try:
            answer = self.get(service, path, **params)
        except httpx.HTTPError:
            return []
        return list(answer.json()["items"]) if answer.status_code == 200 else []

    def wait_items(
        self,
        service: str,
        path: str,
        wanted: Callable[[list[dict[str, Any]]], bool],
        *,
        within: float = 30.0,
        **params: Any,
    ) -> list[dict[str, Any]]:
        """Wait until the list is as wanted; the list."""
        wait_for(
            lambda: wanted(self.items(service, path, **params)),
            timeout=within,
            what=f"{path}, now {self.items(service, path, **params)}",
        )
        return self.items(service, path, **params)

    def assignments(self, case_id: str) -> list[dict[str, Any]]:
        return self.items("router", "/v1/assignments", case_id=case_id)

    def clocks(self, case_id: str) -> dict[str, dict[str, Any]]:
        """The clocks of a case by name."""
        return {clock["name"]: clock for clock in self.items("sla_monitor", f"/v1/cases/{case_id}/clocks")}

    def pages(self, case_id: str) -> list[dict[str, Any]]:
        return self.items("notifier", "/v1/pages", case_id=case_id)

    def timeline(self, case_id: str) -> list[str]:
        """The types of the case's events, in order, without the prefix."""
        path = f"/v1/cases/{case_id}/timeline"
        return [item["type"].removeprefix("tocsin.") for item in self.items("intake", path, limit=200)]
